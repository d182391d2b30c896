// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "analysis/delay/datagram.hpp"
#include "analysis/delay/segment.hpp"

namespace tscope {

/// Stamps of NICs that wait for their packets' records at the driver: both are of one buffer, so
/// their headers are equal. Of equal packets the nearest in time is taken.
class NicStampTable {
 public:
  static constexpr std::size_t stamps_max = 1 << 16;

  void add(std::uint64_t key, const Stamp& stamp);
  bool any() const { return next_ > 0; }
  /// A record at the driver that take() will be asked about: a stamp nearer to it is not another's.
  void expect(std::uint64_t key, std::int64_t driver_ns) { expected_.emplace(key, driver_ns); }
  /// What the NIC said of the packet that was at the driver at `driver`; taken now.
  std::optional<Stamp> take(std::uint64_t key, const Stamp& driver);
  /// Whose packet never showed up.
  std::uint64_t unclaimed() const { return forgotten_ + waiting_.size(); }

 private:
  struct Waiting {
    std::uint64_t number;
    Stamp stamp;
  };

  std::unordered_multimap<std::uint64_t, Waiting> waiting_;
  std::unordered_multimap<std::uint64_t, std::int64_t> expected_;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;  // key and number, taken ones too
  std::uint64_t next_ = 0, forgotten_ = 0;
};

/// Equal for the same packet's records at one device, on one way. flow: anything that tells flows
/// apart.
std::uint64_t nic_key(const void* flow, Way way, std::uint16_t device, const Segment& segment);
std::uint64_t nic_key(const void* flow, Way way, std::uint16_t device, const Datagram& datagram);

}  // namespace tscope
