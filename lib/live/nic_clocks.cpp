// SPDX-License-Identifier: MIT
#include "live/nic_clocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "live/devices/interface_table.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr int tries = 4;
constexpr std::uint64_t usual_width = 4;          // times the narrowest read so far
constexpr std::int64_t stray_ns = 1'000'000'000;  // a driver reports a stamp far sooner
constexpr double step_ns = 1e5, slew = 1e-3;      // of the wall clock while the NIC's is read

double between(std::uint64_t from, std::uint64_t to) {
  return static_cast<double>(static_cast<std::int64_t>(to - from));
}

bool asks_hardware(const CaptureOptions& options) {
  return std::ranges::any_of(options.vantages, is_hardware);
}

}  // namespace

NicSetup nic_setup(const CaptureOptions& options) {
  NicSetup setup;
  if (!asks_hardware(options)) return setup;
  setup.netns = own_netns();
  setup.devices = nic_devices();
  const std::string& wanted = options.filter.device;
  if (!wanted.empty()) {
    std::erase_if(setup.devices, [&](const NicDevice& device) { return device.name != wanted; });
  }
  if (setup.devices.empty()) {
    throw Error(
        fmt::format("{} a hardware clock, so there are no stamps at hw-rx and hw-tx: leave "
                    "hw out of --at (ethtool -T DEVICE tells what a NIC can do)",
                    wanted.empty() ? "no network device here has" : wanted + " has not"));
  }
  auto clocks = std::make_shared<std::map<int, Phc>>();
  for (const NicDevice& device : setup.devices) clocks->try_emplace(device.phc, device.phc);
  setup.sample = [clocks](int phc) { return clocks->at(phc).sample(); };
  return setup;
}

NicClocks::NicClocks(NicSetup setup) : setup_(std::move(setup)) {
  for (const NicDevice& device : setup_.devices) clocks_.try_emplace(device.phc);
}

// The NIC's clock is read beside CLOCK_REALTIME, and that beside the session's clock before and
// after: in between both are taken to run straight.
std::optional<NicReading> NicClocks::read_once(const Engine& engine, int phc) const {
  const Anchor first = engine.anchor();
  const auto sample = setup_.sample(phc);
  const Anchor last = engine.anchor();
  const double wall = between(first.realtime_ns, last.realtime_ns);
  const double raw = between(first.monotonic_raw_ns, last.monotonic_raw_ns);
  if (!sample || wall <= 0 || std::abs(wall - raw) > std::max(step_ns, raw * slew)) {
    return std::nullopt;
  }
  const double ticks_per_ns = between(first.tsc, last.tsc) / wall;
  const double window_ns = between(sample->before_ns, sample->after_ns);
  const double middle_ns = between(first.realtime_ns, sample->before_ns) + window_ns / 2;
  NicReading reading;
  reading.tsc = first.tsc + static_cast<std::uint64_t>(std::llround(middle_ns * ticks_per_ns));
  reading.width = static_cast<std::uint64_t>(std::llround(std::ceil(window_ns * ticks_per_ns))) +
                  std::max(first.width, last.width);
  reading.nic_ns = sample->nic_ns;
  reading.phc = static_cast<std::uint32_t>(phc);
  return reading;
}

// Tries again when the host seems to have taken the CPU away in the middle of a read.
std::optional<NicReading> NicClocks::read(const Engine& engine, int phc,
                                          std::uint64_t narrowest) const {
  std::optional<NicReading> best;
  for (int i = 0; i < tries; i++) {
    const auto reading = read_once(engine, phc);
    if (reading && (!best || reading->width < best->width)) best = reading;
    if (best && narrowest != UINT64_MAX && best->width <= usual_width * narrowest) break;
  }
  return best;
}

void NicClocks::read(const Engine& engine, const ClockModel& line) {
  for (auto& [phc, clock] : clocks_) {
    const auto reading = read(engine, phc, clock.narrowest);
    if (!reading) continue;
    clock.narrowest = std::min(clock.narrowest, reading->width);
    const std::int64_t from = line.to_ns(reading->tsc - reading->width / 2);
    const std::int64_t width = line.to_ns(reading->tsc + (reading->width + 1) / 2) - from;
    clock.clock.add(reading->nic_ns, line.to_ns(reading->tsc), width);
    readings_.push_back(*reading);
  }
}

const NicDevice* NicClocks::device_of(const tscope_record& record) const {
  if (setup_.netns != 0 && record.netns != setup_.netns) return nullptr;
  const auto found = std::ranges::find(setup_.devices, record.ifindex, &NicDevice::ifindex);
  return found == setup_.devices.end() ? nullptr : &*found;
}

bool NicClocks::place(Packet& packet, const Interface& interface) {
  const std::uint64_t nic_ns = nic_time(packet.record);
  const NicDevice* device = device_of(packet.record);
  // A device without a clock has nothing to be told of, unless a stamp came from another.
  if (device == nullptr && nic_ns == 0) return false;
  Counted& counted = counted_[packet.interface];
  NicStamps& stamps = counted.stamps;
  stamps.interface = interface;
  const bool again = nic_ns == std::exchange(counted.last_nic_ns, nic_ns);
  if (device == nullptr) {
    stamps.no_clock++;
    return false;
  }
  stamps.phc = device->phc;
  if (nic_ns == 0) {
    stamps.zero++;
    return false;
  }
  const NicClock& clock = clocks_.at(device->phc).clock;
  if (again || clock.stands_still()) {
    stamps.still++;
    return false;
  }
  const auto time = clock.to_ns(nic_ns);
  if (!time) {
    stamps.no_clock++;
    return false;
  }
  if (std::abs(*time - packet.time_ns) > stray_ns) {
    stamps.stray++;
    return false;
  }
  stamps.used++;
  packet.time_ns = *time;
  return true;
}

std::vector<NicStamps> NicClocks::stamps() const {
  std::vector<NicStamps> all;
  for (const auto& [interface, counted] : counted_) {
    all.push_back(counted.stamps);
    if (counted.stamps.phc < 0) continue;
    const NicClock& clock = clocks_.at(counted.stamps.phc).clock;
    all.back().error_ns = clock.error_ns();
    all.back().steps = clock.steps();
  }
  return all;
}

}  // namespace tscope
