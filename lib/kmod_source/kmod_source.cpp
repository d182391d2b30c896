// SPDX-License-Identifier: MIT
#include "tscope/kmod_source.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "kmod_source/device.hpp"
#include "kmod_source/filter.hpp"
#include "reader/merge.hpp"
#include "reader/ring.hpp"
#include "tscope/error.hpp"
#include "tscope/facts.hpp"
#include "tscope/tsc.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t default_ring_bytes = 64U << 20;  // over all CPUs
constexpr std::uint32_t slots_min = 16, default_slots_min = 1024, default_slots_max = 131072;
constexpr milliseconds nap{20};

// Close together at first: the longer the span between two anchors, the better the rate is known.
constexpr std::array anchor_intervals{milliseconds(10), milliseconds(30), milliseconds(100),
                                      milliseconds(300), milliseconds(1000)};
constexpr int anchor_tries = 4;
constexpr std::uint64_t usual_width = 4;  // times the narrowest read so far

std::uint32_t default_slots(const tscope_info& info) {
  const std::size_t share = default_ring_bytes / sizeof(tscope_record) / std::max(1U, info.cpus);
  return std::min(info.max_slots, std::clamp(std::bit_floor(static_cast<std::uint32_t>(share)),
                                             default_slots_min, default_slots_max));
}

std::uint32_t vantage_bits(const std::vector<Vantage>& vantages) {
  std::uint32_t bits = 0;
  for (const Vantage vantage : vantages) bits |= 1U << static_cast<unsigned>(vantage);
  return bits;
}

std::string absent_vantages(std::uint32_t bits) {
  std::string names;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    if ((bits & 1U << i) == 0) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", vantage_name(static_cast<Vantage>(i)));
  }
  return names;
}

std::string why_not_configured(int error, const KmodOptions& options, const tscope_info& info,
                               const tscope_config& config) {
  switch (error) {
    case EPERM:
      return options.all_netns ? "no permission to capture in all network namespaces: that needs "
                                 "CAP_NET_ADMIN in the "
                                 "initial user namespace; run it as root, or without --all-netns"
                               : "no permission to capture: that needs CAP_NET_RAW; run it as root "
                                 "or with that capability";
    case ENODEV:
      return fmt::format(
          "this kernel has no hook for {}; choose others with --at, see tscope doctor",
          absent_vantages(config.vantages & ~info.vantages));
    case ENOMEM:
      return fmt::format(
          "no memory for rings of {} slots on {} CPUs ({} MiB); ask for fewer with "
          "--ring-slots",
          config.slots, info.cpus,
          static_cast<std::uint64_t>(config.slots) * info.cpus * sizeof(tscope_record) >> 20);
    case ENXIO:
      return "the network namespace is gone; start the capture in one that lives";
    default:
      return fmt::format("the module refuses the session: {}; see tscope doctor",
                         std::strerror(error));
  }
}

std::uint32_t own_netns() {
  struct stat status {};
  return stat("/proc/self/ns/net", &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
}

std::uint64_t missed_by(const Device& device, std::uint32_t vantages) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < device.info().hooks; i++) {
    tscope_hook hook{};
    hook.index = i;
    if (device.call(TSCOPE_IOC_HOOK, &hook) == 0 && (vantages & 1U << hook.vantage) != 0) {
      sum += hook.missed;
    }
  }
  return sum;
}

class Session final : public KmodSource {
 public:
  explicit Session(const KmodOptions& options);

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override;
  ClockInfo clock() const override { return clock_->info(); }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  void stop() override;
  std::vector<Anchor> take_anchors() override { return std::exchange(anchors_, {}); }
  std::uint32_t tsc_khz() const override { return device_.info().tsc_khz; }
  bool netns_gone() const override { return netns_gone_; }
  std::int64_t watermark_ns() const override {
    return clock_->to_ns(stopped_ ? stopped_at_ : merge_->limit());
  }

 private:
  void configure(const KmodOptions& options);
  void map(std::uint64_t window_ticks);
  Anchor read_anchor();
  void keep_anchor(const Anchor& anchor);
  void refill();
  std::uint32_t interface_of(const tscope_record& record);
  std::string device_name(const tscope_record& record) const;

  Device device_;
  tscope_config config_{};
  std::vector<Mapping> mappings_;
  std::optional<Merge> merge_;
  std::optional<ClockModel> clock_;
  std::vector<Anchor> anchors_;
  std::size_t anchors_taken_ = 0;
  std::uint64_t narrowest_anchor_ = UINT64_MAX;
  std::uint64_t next_anchor_ = 0;  // ticks
  std::uint64_t stopped_at_ = 0;   // ticks
  std::uint64_t missed_before_ = 0;
  std::uint32_t netns_ = own_netns();
  bool stopped_ = false;
  bool drained_ = false;
  bool netns_gone_ = false;
  std::vector<Interface> interfaces_;
  struct Known {
    std::uint32_t netns, ifindex;
    std::uint8_t vantage;
    std::uint32_t interface;
  };
  std::vector<Known> known_;
  std::array<std::size_t, TSCOPE_VANTAGES> last_known_{};  // by vantage point, into known_
  std::map<std::string, std::string> facts_ = host_facts();
};

Session::Session(const KmodOptions& options) {
  configure(options);
  map(static_cast<std::uint64_t>(options.reorder_window.count()) * device_.info().tsc_khz);
  const Anchor first = read_anchor();
  clock_.emplace(first, device_.info().tsc_khz);
  keep_anchor(first);
  missed_before_ = missed_by(device_, config_.vantages);
  facts_["tsc_khz"] = std::to_string(device_.info().tsc_khz);
  facts_["reorder_window_ms"] = std::to_string(options.reorder_window.count());
  facts_["ring_slots"] = std::to_string(config_.slots);

  if (const int error = device_.call(TSCOPE_IOC_START, nullptr); error != 0) {
    throw Error(
        fmt::format("can't attach the module's hooks: {}; another tracer may hold them, or "
                    "kernel.ftrace_enabled is 0: see tscope doctor",
                    std::strerror(error)));
  }
}

void Session::configure(const KmodOptions& options) {
  config_.interface_version = TSCOPE_INTERFACE_VERSION;
  config_.vantages = vantage_bits(options.vantages);
  config_.slots = options.slots != 0 ? options.slots : default_slots(device_.info());
  if (!std::has_single_bit(config_.slots) || config_.slots < slots_min ||
      config_.slots > device_.info().max_slots) {
    throw UsageError(fmt::format("a ring of {} slots can't be: give a power of two from {} to {}",
                                 config_.slots, slots_min, device_.info().max_slots));
  }
  config_.flags = options.all_netns ? TSCOPE_CONFIG_ALL_NETNS : 0;
  config_.filter = kernel_filter(options.filter);
  while (true) {
    // Above what Merge leaves waiting, or poll() would never sleep.
    config_.watermark = std::max(1U, config_.slots / 2);
    const int error = device_.call(TSCOPE_IOC_CONFIGURE, &config_);
    if (error == 0) return;
    const bool smaller = error == ENOMEM && options.slots == 0 && config_.slots > default_slots_min;
    if (!smaller) throw Error(why_not_configured(error, options, device_.info(), config_));
    config_.slots /= 2;
  }
}

void Session::map(std::uint64_t window_ticks) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t info_bytes =
      sizeof(tscope_map_info) + device_.info().cpus * sizeof(tscope_ring_info);
  mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_INFO, (info_bytes + page - 1) / page * page,
                         false);
  const auto* info = static_cast<const tscope_map_info*>(mappings_.back().data());
  mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_TAIL, info->tail_bytes, true);
  char* tails = static_cast<char*>(mappings_.back().data());
  std::vector<Ring> rings;
  for (std::uint32_t cpu = 0; cpu < info->cpus; cpu++) {
    mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_DATA + cpu * info->ring_bytes,
                           info->ring_bytes, false);
    auto* tail = reinterpret_cast<std::uint64_t*>(tails + std::size_t{cpu} * info->tail_stride);
    rings.emplace_back(&info->rings[cpu], tail,
                       static_cast<const tscope_record*>(mappings_.back().data()), info->slots,
                       cpu);
  }
  merge_.emplace(std::move(rings), window_ticks);
}

// Tries again when the host seems to have taken the CPU away in the middle of a read.
Anchor Session::read_anchor() {
  Anchor best{};
  for (int i = 0; i < anchor_tries; i++) {
    Anchor anchor{};
    if (const int error = device_.call(TSCOPE_IOC_ANCHOR, &anchor); error != 0) {
      throw Error(fmt::format("can't read the module's clock: {}; load the module anew",
                              std::strerror(error)));
    }
    if (i == 0 || anchor.width < best.width) best = anchor;
    if (anchors_taken_ > 0 && best.width <= usual_width * narrowest_anchor_) break;
  }
  narrowest_anchor_ = std::min<std::uint64_t>(narrowest_anchor_, best.width);
  return best;
}

void Session::keep_anchor(const Anchor& anchor) {
  if (anchors_taken_ > 0) clock_->add(anchor);
  anchors_.push_back(anchor);
  const auto interval = anchor_intervals[std::min(anchors_taken_, anchor_intervals.size() - 1)];
  next_anchor_ = anchor.tsc + static_cast<std::uint64_t>(interval.count()) * device_.info().tsc_khz;
  anchors_taken_++;
}

void Session::stop() {
  if (stopped_) return;
  stopped_ = true;
  device_.call(TSCOPE_IOC_STOP, nullptr);
  const Anchor last = read_anchor();
  keep_anchor(last);
  stopped_at_ = last.tsc;
}

void Session::refill() {
  if (!stopped_) {
    pollfd waiting{device_.fd(), POLLIN, 0};
    poll(&waiting, 1, static_cast<int>(nap.count()));
    if ((waiting.revents & POLLHUP) != 0) {
      netns_gone_ = true;
      stop();
    }
  }
  if (stopped_) {
    merge_->gather_rest(stopped_at_);
    drained_ = true;
    return;
  }
  // Read before the rings: what is stamped later may still be missing from them.
  const std::uint64_t now = read_tsc();
  if (now >= next_anchor_) keep_anchor(read_anchor());
  merge_->gather(now);
}

// Most headers fit in two cache lines after the fields; what is behind them means nothing.
void copy_record(tscope_record& to, const tscope_record& from) {
  constexpr std::size_t fields = offsetof(tscope_record, header), short_header = 64;
  std::memcpy(&to, &from, fields + short_header);
  if (to.header_len > short_header) {
    std::memcpy(to.header + short_header, from.header + short_header,
                TSCOPE_HEADER_MAX - short_header);
  }
}

Source::Next Session::next(Packet& packet) {
  const tscope_record* record = merge_->next(packet.late);
  if (record == nullptr) {
    if (drained_) return Next::end;
    refill();
    // Even if there is something now: a steady trickle must not keep the caller from its other
    // duties.
    return Next::idle;
  }
  copy_record(packet.record, *record);
  packet.time_ns = clock_->to_ns(packet.record.tsc);
  packet.interface = interface_of(packet.record);
  return Next::packet;
}

std::string Session::device_name(const tscope_record& record) const {
  if (record.ifindex == 0) return "any";
  char name[IF_NAMESIZE];
  const bool ours = record.netns == netns_;
  if (ours && if_indextoname(record.ifindex, name) != nullptr) return name;
  return ours ? fmt::format("if{}", record.ifindex)
              : fmt::format("if{}@netns-{}", record.ifindex, record.netns);
}

std::uint32_t Session::interface_of(const tscope_record& record) {
  const auto same = [&](const Known& known) {
    return known.ifindex == record.ifindex && known.vantage == record.vantage &&
           known.netns == record.netns;
  };
  const std::size_t last = last_known_[record.vantage];
  if (last < known_.size() && same(known_[last])) return known_[last].interface;
  if (const auto known = std::ranges::find_if(known_, same); known != known_.end()) {
    last_known_[record.vantage] = static_cast<std::size_t>(known - known_.begin());
    return known->interface;
  }
  const Interface interface { device_name(record), static_cast<Vantage>(record.vantage) };
  auto found = std::ranges::find(interfaces_, interface);
  if (found == interfaces_.end()) {
    interfaces_.push_back(interface);
    found = interfaces_.end() - 1;
  }
  const auto index = static_cast<std::uint32_t>(found - interfaces_.begin());
  known_.push_back({record.netns, record.ifindex, record.vantage, index});
  return index;
}

Loss Session::loss() const {
  Loss loss;
  for (const Ring& ring : merge_->rings()) ring.add_losses(loss);
  loss.invalid = merge_->invalid();
  loss.late = merge_->late();
  loss.missed = missed_by(device_, config_.vantages) - missed_before_;
  return loss;
}

}  // namespace

std::unique_ptr<KmodSource> KmodSource::open(const KmodOptions& options) {
  return std::make_unique<Session>(options);
}

KmodStatus kmod_status() {
  const Device device;
  KmodStatus status;
  status.info = device.info();
  for (std::uint32_t i = 0; i < device.info().hooks; i++) {
    tscope_hook hook{};
    hook.index = i;
    if (device.call(TSCOPE_IOC_HOOK, &hook) == 0) status.hooks.push_back(hook);
  }
  constexpr int anchors = 15;
  for (int i = 0; i < anchors; i++) {
    Anchor anchor{};
    if (device.call(TSCOPE_IOC_ANCHOR, &anchor) == 0) status.anchors.push_back(anchor);
  }
  return status;
}

}  // namespace tscope
