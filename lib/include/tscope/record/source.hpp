// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tscope/record/census.hpp"
#include "tscope/record/clock.hpp"
#include "tscope/record/counter_check.hpp"
#include "tscope/record/loss.hpp"
#include "tscope/record/nic.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// Where packets come from: the module, BPF programs or a file. Analyses know nothing else.
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

  /// Returns the capture's comparison with the counters of its interfaces; of a file, once it is at
  /// its end.
  virtual CounterCheck counter_check() const { return {}; }

  /// Returns what a file held, and what of it was left out; complete once it is at its end.
  virtual Census census() const { return {}; }

  /// A file that was cut off: what follows its last whole block is gone.
  virtual bool truncated() const { return false; }

  /// Facts about the machine and the capture ("kernel", "hypervisor", "filter", ...).
  virtual const std::map<std::string, std::string>& facts() const = 0;
};

}  // namespace tscope
