// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tscope/file/capture_file.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// A capture file as a Source, with what only our own files hold.
class FileSource : public Source {
 public:
  /// Clock anchors read since the last call, oldest first; of a file whose anchors nobody takes,
  /// the newest 65,536. Empty for foreign files.
  virtual std::vector<Anchor> take_anchors() { return {}; }
  /// Readings of the NICs' clocks, likewise.
  virtual std::vector<NicReading> take_nic_readings() { return {}; }
  /// The kernel's calibration, from the anchors; 0 without any.
  virtual std::uint32_t tsc_khz() const { return 0; }
  /// What a copy of the file takes: Ethernet if every interface so far is, else raw IP.
  virtual LinkType link_type() const { return LinkType::raw_ip; }
};

/// Reads a pcapng or pcap file: ours with every record field, anybody's as vantage point `tap`.
/// One pass, memory bounded by the number of interfaces. "-" is standard input.
///
/// A file cut off anywhere gives every whole block, then `end` with truncated() true. An empty
/// file, one that is neither pcap nor pcapng, one without any link type that carries IP, or with a
/// block length that can't be: Error. Packets other than TCP, UDP and ICMP echoes over IPv4 or
/// IPv6, in whatever they are wrapped, are skipped; census() has their number by reason.
std::unique_ptr<FileSource> open_file(const std::string& path);

/// Reads the files into which one capture was rotated as one, in the order of their first packets'
/// times. Opens one at a time, each twice: none can be a pipe.
std::unique_ptr<FileSource> open_rotated(const std::vector<std::string>& paths);

}  // namespace tscope
