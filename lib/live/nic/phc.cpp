// SPDX-License-Identifier: MIT
#include "live/nic/phc.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/ptp_clock.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <thread>

#include "tscope/base/error.hpp"
#include "tscope/live/nic_devices.hpp"

namespace tscope {

namespace {

constexpr unsigned samples = 9;

std::uint64_t nanoseconds(const ptp_clock_time& time) {
  return static_cast<std::uint64_t>(time.sec) * 1'000'000'000 + time.nsec;
}

void keep_narrowest(std::optional<PhcSample>& best, const ptp_clock_time& before,
                    const ptp_clock_time& nic, const ptp_clock_time& after) {
  const PhcSample sample{nanoseconds(before), nanoseconds(nic), nanoseconds(after)};
  if (sample.after_ns < sample.before_ns) return;  // the wall clock was set back
  if (!best || sample.after_ns - sample.before_ns < best->after_ns - best->before_ns) best = sample;
}

}  // namespace

Phc::Phc(int index) {
  const std::string path = fmt::format("/dev/ptp{}", index);
  fd_ = Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd_.get() < 0) {
    throw Error(fmt::format("can't read the NIC's clock {}: {}; run it as root, or leave hw out",
                            path, std::strerror(errno)));
  }
}

std::optional<PhcSample> Phc::sample(Way way) const {
  std::optional<PhcSample> best;
  if (way == Way::precise) {
    ptp_sys_offset_precise read{};
    if (ioctl(fd_.get(), PTP_SYS_OFFSET_PRECISE, &read) != 0) return std::nullopt;
    keep_narrowest(best, read.sys_realtime, read.device, read.sys_realtime);
  } else if (way == Way::extended) {
    ptp_sys_offset_extended read{};
    read.n_samples = samples;
    if (ioctl(fd_.get(), PTP_SYS_OFFSET_EXTENDED, &read) != 0) return std::nullopt;
    for (const auto& ts : std::span(read.ts).first(samples)) {
      keep_narrowest(best, ts[0], ts[1], ts[2]);
    }
  } else {
    ptp_sys_offset read{};
    read.n_samples = samples;
    if (ioctl(fd_.get(), PTP_SYS_OFFSET, &read) != 0) return std::nullopt;
    for (std::size_t i = 0; i < samples; i++) {
      keep_narrowest(best, read.ts[2 * i], read.ts[2 * i + 1], read.ts[2 * i + 2]);
    }
  }
  return best;
}

std::optional<PhcSample> Phc::sample() {
  if (way_) return sample(*way_);
  for (const Way way : {Way::precise, Way::extended, Way::plain}) {
    if (auto best = sample(way)) {
      way_ = way;
      return best;
    }
  }
  return std::nullopt;
}

bool nic_clock_stands_still(int phc) {
  Phc clock(phc);
  const auto first = clock.sample();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto second = clock.sample();
  if (!first || !second) {
    throw Error(fmt::format("/dev/ptp{} gives no time: the NIC's driver can't read it now", phc));
  }
  return first->nic_ns == second->nic_ns;
}

}  // namespace tscope
