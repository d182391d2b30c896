// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "live/reader/ring.hpp"

/// The kernel's side of the rings, by the protocol of uapi/tscope.h and nothing else.
class FakeRings {
 public:
  FakeRings(std::uint32_t cpus, std::uint32_t slots)
      : slots_(slots),
        infos_(cpus),
        tails_(cpus),
        records_(cpus, std::vector<tscope_record>(slots)) {}

  std::vector<tscope::Ring> readers() {
    std::vector<tscope::Ring> rings;
    for (std::uint32_t cpu = 0; cpu < infos_.size(); cpu++) rings.push_back(reader(cpu));
    return rings;
  }
  tscope::Ring reader(std::uint32_t cpu) {
    return {&infos_[cpu], &tails_[cpu].value, records_[cpu].data(), slots_, cpu};
  }

  static tscope_record record(std::uint32_t cpu, std::uint64_t tsc) {
    tscope_record record{};
    record.tsc = tsc;
    record.cpu = static_cast<std::uint16_t>(cpu);
    record.segs = 1;
    record.kind = TSCOPE_PACKET;
    record.clock = TSCOPE_CLOCK_TSC;
    record.vantage = TSCOPE_DRIVER_RX;
    record.header_len = 52;
    return record;
  }

  /// False if the ring is full; the loss is counted.
  bool reserve(std::uint32_t cpu, std::uint64_t& index) {
    std::atomic_ref<__u64> head(infos_[cpu].head);
    index = head.load(std::memory_order_relaxed);
    const std::uint64_t tail = std::atomic_ref(tails_[cpu].value).load(std::memory_order_acquire);
    if (index - tail >= slots_) {
      tscope_loss_count& lost = infos_[cpu].lost[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL];
      std::atomic_ref<__u64>(lost.records).fetch_add(1, std::memory_order_relaxed);
      std::atomic_ref<__u64>(lost.segments).fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    head.store(index + 1, std::memory_order_relaxed);
    return true;
  }

  void commit(std::uint32_t cpu, std::uint64_t index, tscope_record record) {
    tscope_record& slot = records_[cpu][index % slots_];
    record.commit = slot.commit;
    // All but the lap number, which the reader may look at meanwhile.
    slot.tsc = record.tsc;
    slot.cpu = record.cpu;
    slot.segs = record.segs;
    slot.kind = record.kind;
    slot.clock = record.clock;
    slot.vantage = record.vantage;
    slot.header_len = record.header_len;
    slot.seq = record.seq;
    slot.netns = record.netns;
    slot.ifindex = record.ifindex;
    std::memcpy(slot.header, record.header, sizeof(slot.header));
    std::atomic_ref<__u32>(slot.commit)
        .store(static_cast<std::uint32_t>(index / slots_) + 1, std::memory_order_release);
  }

  bool write(std::uint32_t cpu, const tscope_record& record) {
    std::uint64_t index = 0;
    if (!reserve(cpu, index)) return false;
    commit(cpu, index, record);
    return true;
  }
  bool write(std::uint32_t cpu, std::uint64_t tsc) { return write(cpu, record(cpu, tsc)); }

  tscope_passed& passed(std::uint32_t cpu, tscope_passed_point point, std::uint32_t place) {
    return infos_[cpu].passed[point][place];
  }

  std::uint64_t tail(std::uint32_t cpu) const { return tails_[cpu].value; }
  std::uint64_t head(std::uint32_t cpu) const { return infos_[cpu].head; }

 private:
  struct alignas(64) Tail {
    std::uint64_t value = 0;
  };

  std::uint32_t slots_;
  std::vector<tscope_ring_info> infos_;
  std::vector<Tail> tails_;
  std::vector<std::vector<tscope_record>> records_;
};
