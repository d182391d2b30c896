// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "file/layers.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// Gives each place by which the packets of one described interface came an interface of its own:
/// "if2 in" and "if3 out" of a capture of all devices.
class PlaceTable {
 public:
  /// Returns the index of `place` in `interfaces`, where it is added behind the last. `described`
  /// is that of the interface that the file describes, and stands for packets without a place.
  std::uint32_t index_of(std::uint32_t described, const Place& place,
                         std::vector<Interface>& interfaces);

 private:
  std::map<std::tuple<std::uint32_t, std::uint32_t, Place::Way>, std::uint32_t> places_;
};

}  // namespace tscope
