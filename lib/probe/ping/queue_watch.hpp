// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tscope/base/descriptor.hpp"

namespace tscope {

/// How much waits to be sent at a device.
class QueueWatch {
 public:
  explicit QueueWatch(const std::string& device);

  /// In its root qdiscs (those of a multi-queue device together); asked of the kernel by rtnetlink.
  std::optional<std::uint64_t> qdisc_bytes();
  /// Given to the hardware, by the byte queue limits of its queues; few drivers have them.
  std::optional<std::uint64_t> driver_bytes() const;
  bool has_driver_queue() const { return !unsent_.empty(); }

 private:
  unsigned device_;
  std::uint32_t questions_ = 0;
  Descriptor netlink_;
  std::vector<Descriptor> unsent_;
  std::vector<char> buffer_;
};

}  // namespace tscope
