// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tscope/base/descriptor.hpp"
#include "tscope/live/visited_netns.hpp"

namespace tscope {

/// A device that came, went or has another name.
struct DeviceChange {
  std::uint32_t ifindex = 0;
  std::string before, after;  ///< names; empty: it was not there, it is not there any more

  bool operator==(const DeviceChange&) const = default;
};

using DeviceNames = std::map<std::uint32_t, std::string>;  ///< by ifindex

/// Follows the devices of a network namespace: by the kernel's messages, or where these would keep
/// a namespace alive by looking now and then.
class DeviceWatch {
 public:
  /// How often a namespace that is visited is looked at.
  static constexpr std::chrono::milliseconds visit_interval{100};

  /// netns: null for the calling thread's.
  explicit DeviceWatch(std::shared_ptr<const VisitedNetns> netns = nullptr);

  /// Returns the names at the start.
  const DeviceNames& at_start() const { return at_start_; }
  /// Returns what changed since the last call, in order. Never waits.
  std::vector<DeviceChange> changes();
  /// Returns true if the namespace went away while it was not kept alive.
  bool netns_gone() const { return netns_gone_; }

 private:
  bool take_messages(std::vector<DeviceChange>& changes);
  void take_message(const void* message, std::vector<DeviceChange>& changes);
  void set(std::uint32_t ifindex, const std::string& name, std::vector<DeviceChange>& changes);
  void compare(std::vector<DeviceChange>& changes);

  std::shared_ptr<const VisitedNetns> netns_;
  Descriptor socket_;  // of messages; none for a namespace that is visited
  DeviceNames names_, at_start_;
  std::chrono::steady_clock::time_point next_visit_;
  bool netns_gone_ = false;
};

}  // namespace tscope
