// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tscope/record/vantage.hpp"

namespace tscope {

/// Packets that passed a running session's hooks at driver-rx and driver-tx since its start,
/// whether or not its filter wanted them and whatever their protocol. Only devices of the session's
/// own network namespace are counted, and only one if the filter names a device.
struct PassedPackets {
  struct Count {
    std::uint64_t frames = 0;    ///< a GSO packet is one
    std::uint64_t segments = 0;  ///< wire segments in these
  };
  using Place = std::pair<Vantage, std::uint32_t>;

  std::vector<Vantage> vantages;  ///< where the session counts; empty: nowhere
  std::uint32_t only_device = 0;  ///< ifindex of the filter's device; 0: all devices
  std::map<Place, Count> counts;  ///< by vantage point and ifindex
  /// Places in the hooks' table that several devices share, so that not all of their packets were
  /// counted: by vantage point and ifindex modulo `table_size`.
  std::set<Place> shared;
  std::uint32_t table_size = 1;

  Count at(Vantage vantage, std::uint32_t ifindex) const {
    const auto found = counts.find({vantage, ifindex});
    return found == counts.end() ? Count{} : found->second;
  }
  /// False if the hooks could not count each packet of this device.
  bool counts_all_of(Vantage vantage, std::uint32_t ifindex) const {
    return !shared.contains({vantage, ifindex % table_size});
  }
};

}  // namespace tscope
