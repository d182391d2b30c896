// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "uapi/tscope.h"

namespace tscope {

/// Puts the records of several CPUs into the order of their TSC. A record waits until the caller says that
/// nothing older is to be expected; one that comes later still is handed out at once, as late.
class Merge {
 public:
  /// Where new records go, in any order; then call release().
  std::vector<tscope_record>& incoming() { return records_; }

  /// Everything stamped up to `tsc` may be handed out. Never less than before.
  void release(std::uint64_t tsc);

  /// The next record and whether it is late; nullptr when the rest still waits. Valid until release().
  const tscope_record* next(bool& late);

  std::uint64_t late() const { return late_; }

 private:
  struct Key {
    std::uint64_t tsc;
    std::uint32_t index;
  };

  void drop_handed_out();

  std::vector<tscope_record> records_;
  std::vector<tscope_record> kept_;
  std::vector<Key> order_;
  std::size_t next_ = 0;
  std::size_t ready_ = 0;
  std::uint64_t newest_ = 0;  // handed out so far
  std::uint64_t late_ = 0;
};

}  // namespace tscope
