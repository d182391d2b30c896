// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "tscope/source.hpp"
#include "uapi/tscope.h"

namespace tscope {

/// The reader's side of a session's rings (protocol: uapi/tscope.h), on mapped or any other memory.
/// Trusts no record: one that makes no sense is counted and left out.
class RingReader {
 public:
  /// tails: what TSCOPE_MMAP_TAIL maps. rings: the first slot of each CPU's ring. All outlive the reader.
  RingReader(const tscope_map_info* info, void* tails, std::vector<const tscope_record*> rings);

  /// Appends what is committed, at most `limit` records of each ring, and frees the slots.
  void drain(std::vector<tscope_record>& records, std::size_t limit);

  std::uint64_t invalid() const { return invalid_; }
  /// Losses as the kernel counts them.
  void add_losses(Loss& loss) const;

 private:
  bool sound(const tscope_record& record, std::uint32_t cpu) const;

  const tscope_map_info* info_;
  char* tails_;
  std::vector<const tscope_record*> rings_;
  std::uint32_t mask_;
  std::uint32_t shift_;
  std::uint64_t invalid_ = 0;
};

}  // namespace tscope
