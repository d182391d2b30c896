// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tscope/record/clock.hpp"
#include "tscope/record/nic.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// What did not reach the reader, or not as it should, by cause.
struct Loss {
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t segments = 0;
  };

  /// Records dropped at a vantage point: [vantage][enum tscope_loss].
  std::array<std::array<Count, TSCOPE_LOST_CAUSES>, TSCOPE_VANTAGES> dropped{};
  std::uint64_t missed = 0;     ///< hits that never reached a hook (kretprobe instances used up)
  std::uint64_t invalid = 0;    ///< records that made no sense, refused by the reader
  std::uint64_t late = 0;       ///< delivered, but after the reorder window
  std::uint64_t elsewhere = 0;  ///< drops a foreign capture file reports of itself

  /// Records of one vantage point lost, all causes.
  Count at(Vantage vantage) const;
  /// Records dropped for one cause, at all vantage points.
  std::uint64_t by_cause(tscope_loss cause) const;
  /// Everything that was not delivered: dropped, missed, invalid and elsewhere.
  std::uint64_t lost() const;
};

/// Where packets come from: the module, a file. Analyses know nothing else.
class Source {
 public:
  enum class Next {
    packet,  ///< `packet` was filled
    idle,    ///< live source: nothing for now, call again
    end,     ///< nothing will follow
  };

  virtual ~Source() = default;

  /// The next packet, in the order of time but for those marked late (live sources) or as a
  /// foreign file has them. Throws Error.
  virtual Next next(Packet& packet) = 0;

  /// Grows while packets come.
  virtual const std::vector<Interface>& interfaces() const = 0;
  virtual Loss loss() const = 0;
  virtual ClockInfo clock() const = 0;
  /// What became of the stamps at hw-rx and hw-tx, and how good they are; empty without any.
  virtual std::vector<NicStamps> nic_stamps() const { return {}; }

  /// A file that was cut off: what follows its last whole block is gone.
  virtual bool truncated() const { return false; }

  /// Facts about the machine and the capture ("kernel", "hypervisor", "filter", ...).
  virtual const std::map<std::string, std::string>& facts() const = 0;
};

}  // namespace tscope
