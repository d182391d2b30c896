// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "tscope/record/vantage.hpp"
#include "tscope/uapi/tscope.h"

namespace tscope {

/// What did not reach the reader, or not as it should, by cause.
struct Loss {
  struct Count {
    std::uint64_t records = 0;
    std::uint64_t segments = 0;
  };

  /// How much of a capture its loss is known for.
  enum class Known : std::uint8_t {
    all,     ///< the counts are complete
    partly,  ///< packets follow the last counts, as in a capture that was killed: at least these
    none,    ///< no interface, or not every one, has counts: nothing is known
  };

  Known known = Known::all;
  /// Records dropped at a vantage point: [vantage][enum tscope_loss].
  std::array<std::array<Count, TSCOPE_LOST_CAUSES>, TSCOPE_VANTAGES> dropped{};
  std::uint64_t missed = 0;     ///< hits that never reached a hook (kretprobe instances used up)
  std::uint64_t invalid = 0;    ///< records that made no sense, refused by the reader
  std::uint64_t late = 0;       ///< delivered, but after the reorder window
  std::uint64_t elsewhere = 0;  ///< drops a foreign capture file reports of itself

  /// Returns how many records of one vantage point were lost, for all causes.
  Count at(Vantage vantage) const;
  /// Returns how many records were dropped for one cause, at all vantage points.
  std::uint64_t by_cause(tscope_loss cause) const;
  /// Returns how many were not delivered: dropped, missed, invalid and elsewhere.
  std::uint64_t lost() const;
};

}  // namespace tscope
