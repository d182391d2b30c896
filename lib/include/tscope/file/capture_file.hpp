// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tscope/record/clock.hpp"
#include "tscope/record/counter_check.hpp"
#include "tscope/record/nic.hpp"
#include "tscope/record/packet.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// Link types as files have them (tcpdump.org/linktypes.html). Raw IP is 12, not 101: libpcap up
/// to 1.10 refuses a file's second interface of type 101 ("different from the type of the first
/// interface").
enum class LinkType : std::uint16_t { ethernet = 1, raw_ip = 12 };

/// Writes packets as pcapng (docs/file-format.md): one interface per device and vantage
/// point, raw TSC and record fields in local-use options, anchors and facts in local-use
/// blocks, loss in interface statistics blocks.
///
/// Every public call leaves whole blocks behind. A failed write (full disk) throws Error; what was
/// written before stays readable.
class CaptureFile {
 public:
  /// Truncates path; "-" is standard output. facts go into the section header and a host-facts
  /// block.
  CaptureFile(const std::string& path, LinkType link_type,
              const std::map<std::string, std::string>& facts);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  void write(const Packet& packet, const Interface& interface);
  void write(const Anchor& anchor, std::uint32_t tsc_khz);
  void write(const NicReading& reading);
  /// Writes nothing if the comparison was not done: a file without one says that.
  void write(const CounterCheck& check);
  /// One interface statistics block an interface, with what was lost until time_ns and how good the
  /// times are. The loss of a vantage point is not known by device: it stands at its first
  /// interface. An interface with NIC stamps that were all absent is described for their sake.
  void write_statistics(const Loss& loss, const ClockInfo& clock, std::int64_t time_ns,
                        const std::vector<NicStamps>& nics = {});
  /// Hands buffered blocks to the system.
  void flush();
  std::uint64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tscope
