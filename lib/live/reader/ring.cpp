// SPDX-License-Identifier: MIT
#include "live/reader/ring.hpp"

#include <atomic>
#include <bit>

namespace tscope {

namespace {

constexpr std::uint16_t header_min = 20;

// The mapping is read-only, so only the const is cast away, never written through.
template <typename T>
T load(const T& shared, std::memory_order order) {
  return std::atomic_ref<T>(const_cast<T&>(shared)).load(order);
}

}  // namespace

Ring::Ring(const tscope_ring_info* info, std::uint64_t* tail, const tscope_record* records,
           std::uint32_t slots, std::uint32_t cpu)
    : info_(info),
      tail_(tail),
      records_(records),
      mask_(slots - 1),
      shift_(static_cast<std::uint32_t>(std::countr_zero(slots))),
      cpu_(cpu) {
}

std::uint64_t Ring::tail() const {
  return load(*tail_, std::memory_order_relaxed);
}

std::uint64_t Ring::head() const {
  return load(info_->head, std::memory_order_relaxed);
}

const tscope_record* Ring::committed(std::uint64_t index) const {
  const tscope_record& record = records_[index & mask_];
  const auto lap = static_cast<std::uint32_t>(index >> shift_) + 1;
  // Pairs with the store-release in tscope_ring_commit(): the whole record is there.
  return load(record.commit, std::memory_order_acquire) == lap ? &record : nullptr;
}

void Ring::give_back(std::uint64_t index) {
  // Pairs with the load-acquire in tscope_ring_reserve(): we are done with what it overwrites.
  std::atomic_ref<std::uint64_t>(*tail_).store(index, std::memory_order_release);
}

void Ring::add_losses(Loss& loss) const {
  for (std::size_t vantage = 0; vantage < TSCOPE_VANTAGES; vantage++) {
    for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
      const tscope_loss_count& lost = info_->lost[vantage][cause];
      loss.dropped[vantage][cause].records += load(lost.records, std::memory_order_relaxed);
      loss.dropped[vantage][cause].segments += load(lost.segments, std::memory_order_relaxed);
    }
  }
}

void Ring::add_passed(PassedPackets& passed) const {
  for (const Vantage vantage : passed.vantages) {
    const auto& devices =
        info_->passed[vantage == Vantage::driver_rx ? TSCOPE_PASSED_RX : TSCOPE_PASSED_TX];
    for (std::uint32_t place = 0; place < TSCOPE_PASSED_DEVICES; place++) {
      const tscope_passed& device = devices[place];
      const std::uint32_t ifindex = load(device.ifindex, std::memory_order_relaxed);
      if (ifindex == 0) continue;
      const std::uint64_t frames = load(device.frames, std::memory_order_relaxed);
      PassedPackets::Count& count = passed.counts[{vantage, ifindex}];
      count.frames += frames;
      count.segments += frames + load(device.more_segments, std::memory_order_relaxed);
      if (load(device.shared, std::memory_order_relaxed) != 0) {
        passed.shared.insert({vantage, place});
      }
    }
  }
}

bool sound(const tscope_record& record, std::uint32_t cpu) {
  const bool event = record.vantage == TSCOPE_SESSION;
  const bool sends = record.vantage == TSCOPE_DRIVER_TX || record.vantage == TSCOPE_QDISC_TX;
  const bool hardware = record.vantage == TSCOPE_HW_RX || record.vantage == TSCOPE_HW_TX;
  const bool probe = record.kind == TSCOPE_PROBE;
  const bool kind_fits = event ? record.kind == TSCOPE_OPEN || record.kind == TSCOPE_CLOSE
                               : record.kind == TSCOPE_PACKET || (probe && sends);
  return record.cpu == cpu && record.vantage < TSCOPE_VANTAGES && kind_fits &&
         (record.clock == TSCOPE_CLOCK_TSC || record.clock == TSCOPE_CLOCK_MONOTONIC) &&
         record.segs > 0 && record.header_len >= header_min &&
         record.header_len <= (hardware ? TSCOPE_NIC_TIME_AT : TSCOPE_HEADER_MAX);
}

}  // namespace tscope
