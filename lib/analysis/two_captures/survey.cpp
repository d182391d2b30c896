// SPDX-License-Identifier: MIT
#include "analysis/two_captures/survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "record/identity.hpp"

namespace tscope {

namespace {

bool is_segment(Vantage vantage) {
  return vantage != Vantage::app_rx && vantage != Vantage::app_tx && vantage != Vantage::session;
}

bool at_an_end(Vantage vantage) {
  return vantage != Vantage::tap && vantage != Vantage::driver_rx &&
         vantage != Vantage::driver_tx && vantage != Vantage::qdisc_tx;
}

// Two captures at one place differ by less, which means nothing.
constexpr std::int64_t round_trip_min_ns = 1000;

double nanoseconds(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(static_cast<std::int64_t>(a - b));
}

}  // namespace

void CaptureSurvey::add(const Packet& packet, const Interface& interface) {
  if (is_hardware(interface.vantage)) return;  // of some packets only, and by another clock
  if (at_an_end(interface.vantage)) {
    endpoint_ = true;
    note_socket(packet);
  }
  if (!is_segment(interface.vantage)) return;
  const auto tcp = decode_tcp(packet.record);
  const auto datagram = !tcp && datagrams_ ? decode_datagram(packet.record) : std::nullopt;
  if (!tcp && !datagram) return;
  const Flow& flow = tcp ? tcp->flow : datagram->flow;
  last_stamp = {packet.record.tsc, packet.time_ns};
  if (packets_++ == 0) first_stamp = last_stamp;
  without_tsc_ += packet.record.tsc == 0 ? 1 : 0;
  auto known = flows_.find(flow);
  if (known == flows_.end()) {
    if (flows_.size() >= flows_max) return;
    known = flows_.try_emplace(flow).first;
  }
  Direction& direction = known->second;
  if (std::ranges::find(direction.points, interface) == direction.points.end()) {
    direction.points.push_back(interface);
  }
  if (tcp && interface == direction.points.front()) {
    direction.acks += tcp->payload == 0 ? 1 : 0;
    note_echo(*tcp, packet.time_ns);
  }
  sample((tcp ? identity_of(*tcp, packet.record) : identity_of(*datagram, packet.record)).key,
         {packet.time_ns, &known->first, interface.vantage});
}

void CaptureSurvey::note_socket(const Packet& packet) {
  if (sockets_.size() >= flows_max) return;
  if (const auto tcp = decode_tcp(packet.record)) {
    sockets_.insert(tcp->flow);
  } else if (const auto datagram = datagrams_ ? decode_datagram(packet.record) : std::nullopt) {
    sockets_.insert(datagram->flow);
  }
}

void CaptureSurvey::add(const Anchor& anchor) {
  if (!first_anchor) first_anchor = anchor;
  last_anchor = anchor;
}

// Its first sighting; on the way out of a machine where it left.
void CaptureSurvey::sample(std::uint64_t key, const Sampled& seen) {
  if (!in_sample(key)) return;
  const auto [known, is_new] = sample_.try_emplace(key, seen);
  const Vantage before = known->second.at;
  if (!is_new && !is_receive(before) && !is_receive(seen.at) &&
      path_order(seen.at) > path_order(before)) {
    known->second = seen;
  }
  while (sample_.size() > sample_max) {
    mask_ = mask_ * 2 + 1;
    std::erase_if(sample_, [&](const auto& entry) { return !in_sample(entry.first); });
  }
}

void CaptureSurvey::note_echo(const TcpHeaders& tcp, std::int64_t time_ns) {
  if (!tcp.has_timestamps) return;
  Echo& sent = echoes_[tcp.flow];
  // Only the first packet with a timestamp: what echoes it can't be older.
  const bool fresh = sent.newest && static_cast<std::int32_t>(tcp.tsval - *sent.newest) > 0;
  if (fresh && !sent.waits) {
    sent.tsval = tcp.tsval;
    sent.sent_ns = time_ns;
    sent.waits = true;
  }
  if (fresh || !sent.newest) sent.newest = tcp.tsval;
  const auto back = echoes_.find(tcp.flow.reversed());
  if (back == echoes_.end() || !back->second.waits) return;
  Echo& echo = back->second;
  const auto ahead = static_cast<std::int32_t>(tcp.tsecr - echo.tsval);
  if (ahead < 0) return;
  echo.waits = false;
  // A later timestamp's echo may be of a packet that overtook this one.
  if (ahead > 0 || time_ns < echo.sent_ns) return;
  auto& taken = echo.taken;
  taken.emplace_back(echo.sent_ns, time_ns);
  if (taken.size() < echoes_max) return;
  // Of each two neighbours the sooner echo stays: it tells more.
  const auto took = [](const auto& one) { return one.second - one.first; };
  for (std::size_t i = 0; i < echoes_max / 2; i++) {
    taken[i] = std::ranges::min(taken[2 * i], taken[2 * i + 1],
                                [&](const auto& a, const auto& b) { return took(a) < took(b); });
  }
  taken.resize(echoes_max / 2);
}

std::optional<std::int64_t> CaptureSurvey::echoed_ns(const Flow& flow, std::int64_t sent_ns) const {
  const auto found = echoes_.find(flow);
  if (found == echoes_.end()) return std::nullopt;
  const auto& taken = found->second.taken;
  const auto one = std::ranges::find(taken, sent_ns, &std::pair<std::int64_t, std::int64_t>::first);
  return one == taken.end() ? std::nullopt : std::optional(one->second);
}

bool one_boot(const CaptureSurvey& first, const CaptureSurvey& second) {
  constexpr double boot_ns = 1e9, rounding_ns = 1e3, vague_ns = 1e5;
  if (!first.has_tsc() || !second.has_tsc() || !first.first_anchor || !second.first_anchor) {
    return false;
  }
  const Anchor &a = *first.first_anchor, &z = *first.last_anchor, &b = *second.first_anchor;
  const double span_ns = nanoseconds(z.monotonic_raw_ns, a.monotonic_raw_ns);
  const double span_ticks = nanoseconds(z.tsc, a.tsc);
  if (span_ns < 1e8 || span_ticks <= 0) return false;
  const double ns_per_tick = span_ns / span_ticks;
  const double apart_ns = nanoseconds(b.monotonic_raw_ns, a.monotonic_raw_ns);
  const double off_ns = nanoseconds(b.tsc, a.tsc) * ns_per_tick - apart_ns;
  const double widths_ns = static_cast<double>(a.width + z.width + b.width) * ns_per_tick;
  const double allowed_ns = widths_ns * (1 + std::abs(apart_ns) / span_ns) + rounding_ns;
  const double boots_ns = nanoseconds(b.realtime_ns, a.realtime_ns) - apart_ns;
  return allowed_ns < vague_ns && std::abs(off_ns) <= allowed_ns && std::abs(boots_ns) < boot_ns;
}

CaptureOverlap::CaptureOverlap(const CaptureSurvey& first, const CaptureSurvey& second) {
  for (const auto& [key, a] : first.sample_) {
    const auto found = second.sample_.find(key);
    if (found == second.sample_.end()) continue;
    samples_.push_back({a.time_ns, found->second.time_ns, a.flow});
  }
  std::ranges::sort(samples_, {}, &Sample::first_ns);
  for (const Sample& s : samples_) offsets_.emplace_back(s.second_ns, s.second_ns - s.first_ns);
  std::ranges::sort(offsets_);
  // A repetition may have been taken for what it repeats: the median of five neighbours is wary of
  // that.
  auto smooth = offsets_;
  for (std::size_t i = 2; i + 2 < offsets_.size(); i++) {
    std::array<std::int64_t, 5> near{};
    for (std::size_t j = 0; j < near.size(); j++) near[j] = offsets_[i + j - 2].second;
    std::ranges::nth_element(near, near.begin() + 2);
    smooth[i].second = near[2];
  }
  offsets_ = std::move(smooth);
  vote();
}

// Two packets that cross: the way there and back takes time, so the one towards the second file
// shows the larger difference of the clocks.
void CaptureOverlap::vote() {
  std::unordered_map<Flow, std::int64_t, FlowHash> last;  // difference of a direction's last packet
  for (const Sample& s : samples_) {
    const std::int64_t difference = s.second_ns - s.first_ns;
    const Flow back = s.flow->reversed();
    const auto crossing = last.find(back);
    if (crossing != last.end() && std::abs(difference - crossing->second) >= round_trip_min_ns) {
      const int vote = difference > crossing->second ? 1 : -1;
      votes_[*s.flow].sum += vote;
      votes_[back].sum -= vote;
      votes_[*s.flow].count++;
      votes_[back].count++;
    }
    last[*s.flow] = difference;
  }
}

bool CaptureOverlap::same_capture() const {
  if (samples_.size() < 3) return false;
  const auto differs = [&](const Sample& s) {
    return s.second_ns - s.first_ns != samples_[0].second_ns - samples_[0].first_ns;
  };
  return std::ranges::none_of(samples_, differs);
}

// Where there is a way between the captures nearly all votes agree; else they are the noise of two
// captures at one place.
int CaptureOverlap::towards_second(const Flow& flow) const {
  const auto found = votes_.find(flow);
  if (found == votes_.end() || 2 * std::abs(found->second.sum) < found->second.count) return 0;
  return found->second.sum > 0 ? 1 : -1;
}

std::int64_t CaptureOverlap::offset_near_second(std::int64_t second_ns) const {
  if (offsets_.empty()) return 0;
  auto next = std::ranges::lower_bound(offsets_, second_ns, {},
                                       &std::pair<std::int64_t, std::int64_t>::first);
  if (next == offsets_.end()) return offsets_.back().second;
  if (next == offsets_.begin()) return next->second;
  const auto before = next - 1;
  return second_ns - before->first < next->first - second_ns ? before->second : next->second;
}

}  // namespace tscope
