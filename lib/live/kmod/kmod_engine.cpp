// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "live/filter.hpp"
#include "live/kmod/device.hpp"
#include "live/kmod/session_memory.hpp"
#include "live/live_session.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/tsc.hpp"
#include "tscope/live/kmod_source.hpp"

namespace tscope {

namespace {

std::vector<tscope_hook> all_hooks(const Device& device) {
  std::vector<tscope_hook> hooks;
  for (std::uint32_t i = 0; i < device.info().hooks; i++) {
    tscope_hook hook{};
    hook.index = i;
    if (device.call(TSCOPE_IOC_HOOK, &hook) == 0) hooks.push_back(hook);
  }
  return hooks;
}

bool concerns(const tscope_hook& hook, const tscope_config& config) {
  return (config.vantages & 1U << hook.vantage) != 0 &&
         (protocols_asked(config.filter) & hook.protocols) != 0;
}

// Vantage points with a place that can't be used, of those that the session would use.
std::string lacking(const Device& device, const tscope_config& config) {
  std::uint32_t vantages = 0;
  for (const tscope_hook& hook : all_hooks(device)) {
    const bool unusable = hook.state == TSCOPE_HOOK_ABSENT || hook.state == TSCOPE_HOOK_DIFFERS;
    if (concerns(hook, config) && unusable) vantages |= 1U << hook.vantage;
  }
  return vantage_list(vantages == 0 ? config.vantages : vantages);
}

std::string why_not_configured(int error, const CaptureOptions& options, const Device& device,
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
          "this kernel has no hook for these packets at {}; choose others with --at, see tscope "
          "doctor",
          lacking(device, config));
    case ENOMEM:
      return fmt::format(
          "no memory for rings of {} slots on {} CPUs ({} MiB); ask for fewer with "
          "--ring-slots",
          config.slots, device.info().cpus,
          static_cast<std::uint64_t>(config.slots) * device.info().cpus * sizeof(tscope_record) >>
              20);
    case ENXIO:
      return "the network namespace is gone; start the capture in one that lives";
    default:
      return fmt::format("the module refuses the session: {}; see tscope doctor",
                         std::strerror(error));
  }
}

class KmodEngine final : public Engine {
 public:
  explicit KmodEngine(const CaptureOptions& options) { configure(options); }

  std::vector<Ring> rings() override { return map_rings(device_, mappings_); }
  void start() override;
  void stop() override { device_.call(TSCOPE_IOC_STOP, nullptr); }
  bool wait(std::chrono::milliseconds limit) override;
  std::string clock_name() const override { return "tsc"; }
  std::uint32_t clock_khz() const override { return device_.info().tsc_khz; }
  std::uint64_t now() const override { return read_tsc(); }
  Anchor anchor() const override { return kmod_anchor(device_); }
  std::uint64_t missed() const override;
  std::map<std::string, std::string> facts() const override;

 private:
  void configure(const CaptureOptions& options);

  Device device_;
  tscope_config config_{};
  std::vector<Mapping> mappings_;
};

void KmodEngine::configure(const CaptureOptions& options) {
  const tscope_info& info = device_.info();
  config_.interface_version = TSCOPE_INTERFACE_VERSION;
  config_.vantages = vantage_bits(options.vantages);
  config_.slots = ring_slots(options.slots, info.cpus, info.max_slots);
  config_.flags = options.all_netns ? TSCOPE_CONFIG_ALL_NETNS : 0;
  config_.filter = kernel_filter(options.filter);
  while (true) {
    // Above what Merge leaves waiting, or poll() would never sleep.
    config_.watermark = std::max(1U, config_.slots / 2);
    const int error = device_.call(TSCOPE_IOC_CONFIGURE, &config_);
    if (error == 0) return;
    const bool smaller = error == ENOMEM && options.slots == 0 && config_.slots > default_slots_min;
    if (!smaller) throw Error(why_not_configured(error, options, device_, config_));
    config_.slots /= 2;
  }
}

void KmodEngine::start() {
  const int error = device_.call(TSCOPE_IOC_START, nullptr);
  if (error == EDQUOT) {
    throw Error(
        "too many captures are running, on this machine or in this network namespace: end one, or "
        "capture with --engine bpf");
  }
  if (error != 0) {
    throw Error(
        fmt::format("can't attach the module's hooks: {}; another tracer may hold them, or "
                    "kernel.ftrace_enabled is 0: see tscope doctor",
                    std::strerror(error)));
  }
}

bool KmodEngine::wait(std::chrono::milliseconds limit) {
  pollfd waiting{device_.fd(), POLLIN, 0};
  poll(&waiting, 1, static_cast<int>(limit.count()));
  return (waiting.revents & POLLHUP) == 0;
}

std::uint64_t KmodEngine::missed() const {
  std::uint64_t sum = 0;
  for (const tscope_hook& hook : all_hooks(device_)) {
    if (concerns(hook, config_)) sum += hook.missed;
  }
  return sum;
}

std::map<std::string, std::string> KmodEngine::facts() const {
  return {{"engine", "kmod"},
          {"tsc_khz", std::to_string(device_.info().tsc_khz)},
          {"ring_slots", std::to_string(config_.slots)}};
}

}  // namespace

std::unique_ptr<LiveSource> open_kmod(const CaptureOptions& options) {
  return open_live([&] { return std::make_unique<KmodEngine>(options); }, options);
}

KmodStatus kmod_status() {
  const Device device;
  KmodStatus status;
  status.info = device.info();
  status.hooks = all_hooks(device);
  constexpr int anchors = 15;
  for (int i = 0; i < anchors; i++) {
    Anchor anchor{};
    if (device.call(TSCOPE_IOC_ANCHOR, &anchor) == 0) status.anchors.push_back(anchor);
  }
  return status;
}

}  // namespace tscope
