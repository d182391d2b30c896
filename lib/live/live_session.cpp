// SPDX-License-Identifier: MIT
#include "live/live_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <thread>
#include <utility>

#include "live/filter.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/facts.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t default_ring_bytes = 64U << 20;  // over all CPUs
constexpr std::uint32_t slots_min = 16, default_slots_max = 131072;

// Close together at first: the longer the span between two anchors, the better the rate is known.
constexpr std::array anchor_intervals{milliseconds(10), milliseconds(30), milliseconds(100),
                                      milliseconds(300), milliseconds(1000)};
// Tells a NIC's clock that stands still from one that runs.
constexpr milliseconds nic_pause{2};
constexpr int anchor_tries = 4;
constexpr std::uint64_t usual_width = 4;  // times the narrowest read so far

// Most headers fit in two cache lines after the fields; what is behind them means nothing.
void copy_record(tscope_record& to, const tscope_record& from) {
  constexpr std::size_t fields = offsetof(tscope_record, header), short_header = 64;
  std::memcpy(&to, &from, fields + short_header);
  const bool hardware = is_hardware(static_cast<Vantage>(to.vantage));  // the NIC's time is behind
  if (to.header_len > short_header || hardware) {
    std::memcpy(to.header + short_header, from.header + short_header,
                TSCOPE_HEADER_MAX - short_header);
  }
}

PassedScope passed_scope(const CaptureOptions& options) {
  PassedScope scope;
  for (const Vantage vantage : {Vantage::driver_rx, Vantage::driver_tx}) {
    if (std::ranges::find(options.vantages, vantage) != options.vantages.end()) {
      scope.vantages.push_back(vantage);
    }
  }
  scope.only_device = kernel_filter(options.filter).ifindex;
  return scope;
}

RecordScope record_scope(const CaptureOptions& options) {
  return {options.netns, options.filter.device, kernel_filter(options.filter)};
}

}  // namespace

std::uint32_t ring_slots(std::uint32_t asked, std::uint32_t cpus, std::uint32_t max_slots) {
  if (asked == 0) {
    const std::size_t share = default_ring_bytes / sizeof(tscope_record) / std::max(1U, cpus);
    return std::min(max_slots, std::clamp(std::bit_floor(static_cast<std::uint32_t>(share)),
                                          default_slots_min, default_slots_max));
  }
  if (!std::has_single_bit(asked) || asked < slots_min || asked > max_slots) {
    throw UsageError(fmt::format("a ring of {} slots can't be: give a power of two from {} to {}",
                                 asked, slots_min, max_slots));
  }
  return asked;
}

std::uint32_t vantage_bits(const std::vector<Vantage>& vantages) {
  std::uint32_t bits = 0;
  for (const Vantage vantage : vantages) bits |= 1U << static_cast<unsigned>(vantage);
  return bits;
}

std::string vantage_list(std::uint32_t bits, const char* separator) {
  std::string names;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    if ((bits & 1U << i) == 0) continue;
    names +=
        fmt::format("{}{}", names.empty() ? "" : separator, vantage_name(static_cast<Vantage>(i)));
  }
  return names;
}

std::unique_ptr<LiveSource> open_live(const std::function<std::unique_ptr<Engine>()>& engine,
                                      const CaptureOptions& options) {
  std::unique_ptr<LiveSource> source;
  const bool there = run_in(options.netns.get(), [&] {
    source = std::make_unique<LiveSession>(engine(), options.reorder_window, options.nap,
                                           nic_setup(options), passed_scope(options),
                                           record_scope(options));
  });
  if (!there) throw Error("the network namespace is gone; start the capture in one that lives");
  return source;
}

LiveSession::LiveSession(std::unique_ptr<Engine> engine, milliseconds reorder_window,
                         milliseconds nap, NicSetup nics, PassedScope passed, RecordScope scope)
    : engine_(std::move(engine)),
      nap_(nap),
      merge_(engine_->rings(),
             static_cast<std::uint64_t>(reorder_window.count()) * engine_->clock_khz()),
      nics_(std::move(nics)),
      passed_(std::move(passed)),
      scope_(std::move(scope)),
      devices_(scope_.netns),
      interfaces_(own_netns(), devices_.at_start()),
      routes_(scope_.filter,
              [this](const RouteQuestion& question) {
                std::optional<RouteTaken> route;
                run_in(scope_.netns.get(), [&] { route = ask_route(question); });
                return route;
              }),
      filters_(scope_.filter.ifindex != 0 || scope_.filter.prefix_len != 0),
      facts_(host_facts()) {
  const Anchor first = read_anchor();
  clock_.emplace(first, engine_->clock_khz());
  keep_anchor(first);
  if (!nics_.none()) {
    nics_.read(*engine_, *clock_);
    std::this_thread::sleep_for(nic_pause);
    nics_.read(*engine_, *clock_);
  }
  delivered_until_ = looked_at_ = first.tsc;
  device_gone_ = scope_.filter.ifindex != 0 && !devices_.at_start().contains(scope_.filter.ifindex);
  missed_before_ = engine_->missed();
  facts_["clock"] = engine_->clock_name();
  facts_["reorder_window_ms"] = std::to_string(reorder_window.count());
  facts_.merge(engine_->facts());
  engine_->start();
}

// Tries again when the host seems to have taken the CPU away in the middle of a read.
Anchor LiveSession::read_anchor() {
  Anchor best{};
  for (int i = 0; i < anchor_tries; i++) {
    const Anchor anchor = engine_->anchor();
    if (i == 0 || anchor.width < best.width) best = anchor;
    if (anchors_taken_ > 0 && best.width <= usual_width * narrowest_anchor_) break;
  }
  narrowest_anchor_ = std::min<std::uint64_t>(narrowest_anchor_, best.width);
  return best;
}

void LiveSession::keep_anchor(const Anchor& anchor) {
  if (anchors_taken_ > 0) clock_->add(anchor);
  anchors_.push_back(anchor);
  const auto interval = anchor_intervals[std::min(anchors_taken_, anchor_intervals.size() - 1)];
  next_anchor_ = anchor.tsc + static_cast<std::uint64_t>(interval.count()) * engine_->clock_khz();
  anchors_taken_++;
}

void LiveSession::read_clocks() {
  keep_anchor(read_anchor());
  nics_.read(*engine_, *clock_);
}

std::vector<Anchor> LiveSession::take_anchors() {
  return std::exchange(anchors_, {});
}

void LiveSession::stop() {
  if (stopped_) return;
  stopped_ = true;
  engine_->stop();
  read_clocks();
  stopped_at_ = anchors_.back().tsc;
}

// The change was somewhere between the last look and this one.
void LiveSession::note_change(const DeviceChange& change, std::uint64_t now) {
  interfaces_.rename(change.ifindex, change.after, now);
  const bool wanted = scope_.filter.ifindex == 0 || scope_.filter.ifindex == change.ifindex;
  if (wanted && !change.before.empty() && !change.after.empty()) {
    const auto since = clock_->to_ns(now) - clock_->to_ns(looked_at_);
    renamings_.push_back(fmt::format(
        "{} was renamed {} during the capture: packets of up to {} before the new name's "
        "first may still have the old one",
        change.before, change.after, format_duration(since)));
  }
  if (scope_.filter.ifindex == change.ifindex && change.after.empty()) device_gone_ = true;
}

void LiveSession::look_at_devices(std::uint64_t now) {
  for (const DeviceChange& change : devices_.changes()) note_change(change, now);
  looked_at_ = now;
}

std::vector<std::string> LiveSession::warnings() const {
  std::vector<std::string> warnings = engine_->warnings();
  warnings.insert(warnings.end(), renamings_.begin(), renamings_.end());
  if (device_gone_) {
    warnings.push_back(
        fmt::format("{} went away (deleted, or moved to another network namespace), so the capture "
                    "ended; a device made anew under that name is another one: start again for it",
                    scope_.device));
  }
  if (routes_.unsure() > 0) {
    warnings.push_back(fmt::format(
        "{} records of calls to a group, to everybody or to a link-local address may be another "
        "device's or address's: where the socket chooses, the call does not tell which",
        routes_.unsure()));
  }
  return warnings;
}

// Everything gathered has been delivered.
void LiveSession::refill() {
  delivered_until_ = std::max(delivered_until_, merge_.limit());
  if (!stopped_ && (!engine_->wait(nap_) || devices_.netns_gone())) {
    netns_gone_ = true;
    stop();
  }
  if (stopped_) {
    merge_.gather_rest(stopped_at_);
    drained_ = true;
    return;
  }
  // Read before the rings: what is stamped later may still be missing from them.
  const std::uint64_t now = engine_->now();
  look_at_devices(now);
  if (now >= next_anchor_) read_clocks();
  merge_.gather(now);
}

Source::Next LiveSession::next(Packet& packet) {
  while (const tscope_record* record = merge_.next(packet.late)) {
    copy_record(packet.record, *record);
    if (filters_ && !routes_.wants(packet.record)) continue;
    packet.time_ns = clock_->to_ns(packet.record.tsc);
    packet.interface = interfaces_.index_of(packet.record);
    if (!is_hardware(packet.vantage()) || nics_.place(packet, interfaces()[packet.interface])) {
      return Next::packet;
    }
  }
  if (drained_) {
    delivered_until_ = stopped_at_;
    return Next::end;
  }
  refill();
  // Even if there is something now: a steady trickle must not keep the caller from its other
  // duties.
  return Next::idle;
}

std::int64_t LiveSession::watermark_ns() const {
  return clock_->to_ns(delivered_until_);
}

ClockInfo LiveSession::clock() const {
  ClockInfo info = clock_->info();
  info.source = engine_->clock_name();
  return info;
}

std::optional<PassedPackets> LiveSession::passed() const {
  if (passed_.vantages.empty()) return std::nullopt;
  PassedPackets passed;
  passed.vantages = passed_.vantages;
  passed.only_device = passed_.only_device;
  passed.table_size = TSCOPE_PASSED_DEVICES;
  for (const Ring& ring : merge_.rings()) ring.add_passed(passed);
  return passed;
}

Loss LiveSession::loss() const {
  Loss loss;
  for (const Ring& ring : merge_.rings()) ring.add_losses(loss);
  loss.invalid = merge_.invalid();
  loss.late = merge_.late();
  loss.missed = engine_->missed() - missed_before_;
  return loss;
}

}  // namespace tscope
