// SPDX-License-Identifier: MIT
#include "reader/ring_reader.hpp"

#include <atomic>
#include <bit>

namespace tscope {

RingReader::RingReader(const tscope_map_info* info, void* tails,
                       std::vector<const tscope_record*> rings)
    : info_(info),
      tails_(static_cast<char*>(tails)),
      rings_(std::move(rings)),
      mask_(info->slots - 1),
      shift_(static_cast<std::uint32_t>(std::countr_zero(info->slots))) {}

bool RingReader::sound(const tscope_record& record, std::uint32_t cpu) const {
  return record.cpu == static_cast<std::uint16_t>(cpu) && record.vantage < TSCOPE_VANTAGES &&
         record.header_len >= 20 && record.header_len <= TSCOPE_HEADER_MAX &&
         (record.link_len == 0 || record.link_len == TSCOPE_LINK_MAX) && record.segs > 0 &&
         record.kind >= TSCOPE_PACKET && record.kind <= TSCOPE_CLOSE;
}

void RingReader::drain(std::vector<tscope_record>& records, std::size_t limit) {
  for (std::uint32_t cpu = 0; cpu < rings_.size(); cpu++) {
    auto* shared_tail =
        reinterpret_cast<std::uint64_t*>(tails_ + static_cast<std::size_t>(cpu) * info_->tail_stride);
    std::atomic_ref<std::uint64_t> tail(*shared_tail);
    std::uint64_t index = tail.load(std::memory_order_relaxed);
    for (std::size_t taken = 0; taken < limit; taken++, index++) {
      const tscope_record& slot = rings_[cpu][index & mask_];
      const auto lap = static_cast<std::uint32_t>(index >> shift_) + 1;
      // Pairs with the store-release in tscope_ring_commit(): the whole record is there.
      if (__atomic_load_n(&slot.commit, __ATOMIC_ACQUIRE) != lap) break;
      records.push_back(slot);
      if (!sound(records.back(), cpu)) {
        records.pop_back();
        invalid_++;
      }
    }
    // Pairs with the load-acquire in tscope_ring_reserve(): the copies above are done.
    tail.store(index, std::memory_order_release);
  }
}

void RingReader::add_losses(Loss& loss) const {
  for (std::uint32_t cpu = 0; cpu < rings_.size(); cpu++) {
    for (std::size_t vantage = 0; vantage < TSCOPE_VANTAGES; vantage++) {
      for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
        const tscope_loss_count& count = info_->rings[cpu].lost[vantage][cause];
        loss.dropped[vantage][cause].records += __atomic_load_n(&count.records, __ATOMIC_RELAXED);
        loss.dropped[vantage][cause].segments += __atomic_load_n(&count.segments, __ATOMIC_RELAXED);
      }
    }
  }
  loss.invalid += invalid_;
}

}  // namespace tscope
