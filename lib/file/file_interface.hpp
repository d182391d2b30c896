// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "file/byte_reader.hpp"
#include "tscope/record/nic.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// An interface that a section of a pcapng file describes.
struct FileInterface {
  Interface interface { "-", Vantage::tap };
  std::uint32_t index = 0;  ///< among the file's interfaces
  std::uint16_t link_type = 0;
  std::uint32_t snap_length = 0;
  bool ours = false;  ///< named for a vantage point: its packets have records
  double ns_per_tick = 1000;
  std::uint64_t ticks_per_second = 1'000'000;
  std::int64_t offset_s = 0;
  Loss loss{.known = Loss::Known::none};  ///< of its last statistics block
  ClockInfo clock;
  std::optional<NicStamps> nic;

  /// Returns what a time of this interface's packets is in nanoseconds since the Unix epoch.
  std::int64_t time_ns(std::uint32_t high, std::uint32_t low) const;
};

/// Reads an interface description block. own_clock: the clock that stamps on interfaces of ours.
FileInterface read_interface(const Fields& body, const std::string& own_clock);

/// Takes in loss, clock and NIC stamps of an interface statistics block.
void read_statistics(const Fields& body, FileInterface& interface);

}  // namespace tscope
