// SPDX-License-Identifier: MIT
#include "tscope/kmod_source.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "kmod_source/device.hpp"
#include "kmod_source/filter.hpp"
#include "reader/merge.hpp"
#include "reader/ring_reader.hpp"
#include "tscope/error.hpp"
#include "tscope/facts.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t default_ring_bytes = 64U << 20;  // over all CPUs
constexpr std::uint32_t default_slots_min = 1024, default_slots_max = 131072;
constexpr milliseconds nap{20};
constexpr std::uint64_t anchor_interval_ns = 1'000'000'000;
constexpr std::size_t drain_limit = 65536;  // records of one ring at a time

std::uint32_t default_slots(const tscope_info& info) {
  const std::size_t share = default_ring_bytes / sizeof(tscope_record) / std::max(1U, info.cpus);
  return std::min(info.max_slots,
                  std::clamp(std::bit_floor(static_cast<std::uint32_t>(share)), default_slots_min,
                             default_slots_max));
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
      return options.all_netns
                 ? "no permission to capture in all network namespaces: that needs CAP_NET_ADMIN in the "
                   "initial user namespace; run it as root, or without --all-netns"
                 : "no permission to capture: that needs CAP_NET_RAW; run it as root or with that capability";
    case ENODEV:
      return fmt::format("this kernel has no hook for {}; choose others with --at, see tscope doctor",
                         absent_vantages(config.vantages & ~info.vantages));
    case ENOMEM:
      return fmt::format("no memory for rings of {} slots on {} CPUs ({} MiB); ask for fewer with "
                         "--ring-slots",
                         config.slots, info.cpus,
                         static_cast<std::uint64_t>(config.slots) * info.cpus *
                                 sizeof(tscope_record) >> 20);
    case ENXIO:
      return "the network namespace is gone; start the capture in one that lives";
    case EINVAL:
      return fmt::format("the module refuses the session: --ring-slots must be a power of two from 16 "
                         "to {}",
                         info.max_slots);
    default:
      return fmt::format("the module refuses the session: {}; see tscope doctor",
                         std::strerror(error));
  }
}

std::uint32_t own_netns() {
  struct stat status{};
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

class Session : public KmodSource {
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
  std::int64_t watermark_ns() const override { return clock_->to_ns(released_); }

 private:
  void configure(const KmodOptions& options);
  void map();
  Anchor read_anchor() const;
  void keep_anchor(const Anchor& anchor);
  void refill();
  std::uint32_t interface_of(const tscope_record& record);
  std::string device_name(const tscope_record& record) const;

  Device device_;
  tscope_config config_{};
  std::vector<Mapping> mappings_;
  const tscope_map_info* info_ = nullptr;
  std::optional<RingReader> reader_;
  Merge merge_;
  std::optional<ClockModel> clock_;
  std::vector<Anchor> anchors_;
  std::uint64_t last_anchor_ns_ = 0;
  std::uint64_t window_ticks_ = 0;
  std::uint64_t released_ = 0;
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
  std::map<std::string, std::string> facts_ = host_facts();
};

Session::Session(const KmodOptions& options) {
  configure(options);
  map();
  const Anchor first = read_anchor();
  clock_.emplace(first, tsc_khz());
  anchors_.push_back(first);
  last_anchor_ns_ = first.monotonic_raw_ns;
  window_ticks_ = static_cast<std::uint64_t>(options.reorder_window.count()) * tsc_khz();
  missed_before_ = missed_by(device_, config_.vantages);
  facts_["tsc_khz"] = std::to_string(tsc_khz());
  facts_["reorder_window_ms"] = std::to_string(options.reorder_window.count());
  facts_["ring_slots"] = std::to_string(config_.slots);

  if (const int error = device_.call(TSCOPE_IOC_START, nullptr); error != 0) {
    throw Error(fmt::format("can't attach the module's hooks: {}; another tracer may hold them, or "
                            "kernel.ftrace_enabled is 0: see tscope doctor",
                            std::strerror(error)));
  }
}

void Session::configure(const KmodOptions& options) {
  config_.interface_version = TSCOPE_INTERFACE_VERSION;
  config_.vantages = vantage_bits(options.vantages);
  config_.slots = options.slots != 0 ? options.slots : default_slots(device_.info());
  config_.watermark = std::max(1U, config_.slots / 4);
  config_.flags = options.all_netns ? TSCOPE_CONFIG_ALL_NETNS : 0;
  config_.filter = kernel_filter(options.filter);
  if (const int error = device_.call(TSCOPE_IOC_CONFIGURE, &config_); error != 0) {
    throw Error(why_not_configured(error, options, device_.info(), config_));
  }
}

void Session::map() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t info_bytes =
      sizeof(tscope_map_info) + device_.info().cpus * sizeof(tscope_ring_info);
  mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_INFO, (info_bytes + page - 1) / page * page,
                         false);
  info_ = static_cast<const tscope_map_info*>(mappings_.back().data());
  mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_TAIL, info_->tail_bytes, true);
  void* tails = mappings_.back().data();
  std::vector<const tscope_record*> rings;
  for (std::uint32_t cpu = 0; cpu < info_->cpus; cpu++) {
    mappings_.emplace_back(device_.fd(), TSCOPE_MMAP_DATA + cpu * info_->ring_bytes,
                           info_->ring_bytes, false);
    rings.push_back(static_cast<const tscope_record*>(mappings_.back().data()));
  }
  reader_.emplace(info_, tails, std::move(rings));
}

Anchor Session::read_anchor() const {
  Anchor anchor{};
  if (const int error = device_.call(TSCOPE_IOC_ANCHOR, &anchor); error != 0) {
    throw Error(fmt::format("can't read the module's clock: {}; load the module anew",
                            std::strerror(error)));
  }
  return anchor;
}

void Session::keep_anchor(const Anchor& anchor) {
  clock_->add(anchor);
  anchors_.push_back(anchor);
  last_anchor_ns_ = anchor.monotonic_raw_ns;
}

void Session::stop() {
  if (stopped_) return;
  stopped_ = true;
  device_.call(TSCOPE_IOC_STOP, nullptr);
  keep_anchor(read_anchor());
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
  // Read before the rings: what is stamped later may still be missing from them.
  const Anchor now = read_anchor();
  if (!stopped_ && now.monotonic_raw_ns - last_anchor_ns_ >= anchor_interval_ns) keep_anchor(now);
  const std::size_t before = merge_.incoming().size();
  reader_->drain(merge_.incoming(), drain_limit);
  const bool all = stopped_ && merge_.incoming().size() == before;
  drained_ = all;
  released_ = all ? UINT64_MAX : now.tsc - std::min<std::uint64_t>(now.tsc, window_ticks_);
  merge_.release(released_);
  if (all) released_ = now.tsc;
}

Source::Next Session::next(Packet& packet) {
  bool late = false;
  const tscope_record* record = merge_.next(late);
  if (record == nullptr) {
    if (drained_) return Next::end;
    refill();
    record = merge_.next(late);
    if (record == nullptr) return drained_ ? Next::end : Next::idle;
  }
  packet.record = *record;
  packet.time_ns = clock_->to_ns(record->tsc);
  packet.interface = interface_of(*record);
  packet.late = late;
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
  for (const Known& known : known_) {
    if (known.ifindex == record.ifindex && known.vantage == record.vantage &&
        known.netns == record.netns) {
      return known.interface;
    }
  }
  const Interface interface{device_name(record), static_cast<Vantage>(record.vantage)};
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
  reader_->add_losses(loss);
  loss.late = merge_.late();
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
