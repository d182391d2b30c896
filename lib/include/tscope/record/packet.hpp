// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "tscope/record/vantage.hpp"
#include "tscope/uapi/tscope.h"

namespace tscope {

/// A device at a vantage point; what a capture file calls an interface.
struct Interface {
  std::string device;  ///< "eth0"; "any" where the layer knows none
  Vantage vantage = Vantage::tap;

  bool operator==(const Interface&) const = default;
};

/// One record, as every Source delivers it.
struct Packet {
  std::int64_t time_ns = 0;     ///< since the Unix epoch; see Source::clock() for its error
  std::uint32_t interface = 0;  ///< index into Source::interfaces()
  /// Its number in the file, from 1, as Wireshark counts: all packets, not only those delivered; 0
  /// in a live capture.
  std::uint64_t number = 0;
  bool late = false;       ///< came after the reorder window: may be out of order
  tscope_record record{};  ///< from a foreign file: made up from the packet, tsc 0, vantage tap

  Vantage vantage() const { return static_cast<Vantage>(record.vantage); }
};

}  // namespace tscope
