// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tscope/live/passed_packets.hpp"
#include "tscope/record/loss.hpp"
#include "tscope/uapi/tscope.h"

namespace tscope {

/// The reader's side of one CPU's ring (protocol: uapi/tscope.h), on mapped or any other memory.
class Ring {
 public:
  /// slots: a power of two. What is pointed to outlives the ring.
  Ring(const tscope_ring_info* info, std::uint64_t* tail, const tscope_record* records,
       std::uint32_t slots, std::uint32_t cpu);

  std::uint32_t slots() const { return mask_ + 1; }
  std::uint32_t cpu() const { return cpu_; }

  /// Where reading goes on.
  std::uint64_t tail() const;
  /// Slots reserved so far; not all of them need be committed yet.
  std::uint64_t head() const;

  /// The record at index, once it is committed; until then nullptr. It stays as it is until
  /// give_back() goes past it.
  const tscope_record* committed(std::uint64_t index) const;
  /// A record that was committed.
  const tscope_record& at(std::uint64_t index) const { return records_[index & mask_]; }

  /// The kernel may write the slots before index again.
  void give_back(std::uint64_t index);

  /// Losses as the kernel counts them.
  void add_losses(Loss& loss) const;

  /// Packets that passed the hooks on this CPU, at the vantage points that `passed` names.
  void add_passed(PassedPackets& passed) const;

 private:
  const tscope_ring_info* info_;
  std::uint64_t* tail_;
  const tscope_record* records_;
  std::uint32_t mask_;
  std::uint32_t shift_;
  std::uint32_t cpu_;
};

/// Whether a record can be what a hook on `cpu` wrote; nothing else is delivered.
bool sound(const tscope_record& record, std::uint32_t cpu);

}  // namespace tscope
