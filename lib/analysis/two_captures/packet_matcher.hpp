// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analysis/two_captures/packet_stamp.hpp"

namespace tscope {

/// Finds the same packets in two files that are read side by side.
///
/// A packet waits for its like until the other side was read `horizon_ns` past it, or `waiting_max`
/// wait at its side: memory is bounded. Equal packets match in their order.
class PacketMatcher {
 public:
  struct Match {
    PacketStamp first, second;
    bool alone = true;    ///< no other that waited was alike
    bool certain = true;  ///< and more than its numbers told it from a repetition
  };
  using OnMatch = std::function<void(const Match&)>;
  using OnMissing = std::function<void(int side, const PacketStamp&)>;

  static constexpr std::size_t waiting_max = 1 << 16;
  static constexpr std::int64_t horizon_ns = 5'000'000'000;

  PacketMatcher(OnMatch on_match, OnMissing on_missing)
      : on_match_(std::move(on_match)), on_missing_(std::move(on_missing)) {}

  /// side 0: first file; common_ns: the packet's time on the time line that both sides share,
  /// roughly.
  void add(int side, const PacketStamp& packet, std::int64_t common_ns);
  /// What still waits is missing.
  void finish();

 private:
  // Bounds the search where a key stands for many packets.
  static constexpr std::size_t alike_max = 256;

  struct Waiting {
    std::uint64_t serial;
    PacketStamp packet;
  };
  struct Turn {
    std::uint64_t key;
    std::uint64_t serial;
    std::int64_t common_ns;
  };
  struct Side {
    std::unordered_map<std::uint64_t, std::vector<Waiting>> by_key;
    std::deque<Turn> turns;  // of all that came; those matched are passed over
    std::size_t waiting = 0;
  };

  void drop_oldest(int side);
  bool oldest_was_matched(const Side& side) const;

  OnMatch on_match_;
  OnMissing on_missing_;
  std::array<Side, 2> sides_;
  std::uint64_t serial_ = 0;
};

/// Tells when one packet is in a file once more, as another device's (tcpdump -i any) or because
/// the network doubled it: as good as new but for its IP identification, which a retransmission
/// does not share. Remembers `remembered` packets.
class CopyFilter {
 public:
  static constexpr std::size_t remembered = 4096;

  bool is_copy(const PacketStamp& packet);

 private:
  std::unordered_set<std::uint64_t> known_;
  std::deque<std::uint64_t> order_;
};

}  // namespace tscope
