// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "live/engine.hpp"
#include "live/nic/nic_clock.hpp"
#include "live/nic/phc.hpp"
#include "tscope/live/live_source.hpp"
#include "tscope/live/nic_devices.hpp"

namespace tscope {

/// What a live session needs to know of NICs: the devices with a clock, and how to read one.
struct NicSetup {
  std::vector<NicDevice> devices;
  std::function<std::optional<PhcSample>(int phc)> sample;
  std::uint32_t netns = 0;  ///< that the devices are of; 0: any
};

/// For a capture with hw-rx or hw-tx; empty for another. Throws Error if no device concerned has a
/// clock that can be read.
NicSetup nic_setup(const CaptureOptions& options);

/// The NICs' clocks beside a live session's own, and the stamps by them.
class NicClocks {
 public:
  explicit NicClocks(NicSetup setup);

  bool none() const { return clocks_.empty(); }
  /// Reads all. line: turns the engine's ticks into the capture's time.
  void read(const Engine& engine, const ClockModel& line);
  /// Readings since the last call.
  std::vector<NicReading> take_readings() { return std::exchange(readings_, {}); }

  /// Puts a packet at hw-rx or hw-tx, whose time is that of its hook, at its NIC's time. False: it
  /// has none that could be used, and was counted.
  bool place(Packet& packet, const Interface& interface);
  std::vector<NicStamps> stamps() const;

 private:
  struct Clock {
    NicClock clock;
    std::uint64_t narrowest = UINT64_MAX;  // of its readings, ticks
  };
  struct Counted {
    NicStamps stamps;
    std::uint64_t last_nic_ns = 0;
  };

  std::optional<NicReading> read(const Engine& engine, int phc, std::uint64_t narrowest) const;
  std::optional<NicReading> read_once(const Engine& engine, int phc) const;
  const NicDevice* device_of(const tscope_record& record) const;

  NicSetup setup_;
  std::map<int, Clock> clocks_;               // by phc
  std::map<std::uint32_t, Counted> counted_;  // by Packet::interface
  std::vector<NicReading> readings_;
};

}  // namespace tscope
