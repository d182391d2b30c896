// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tscope/record/packet.hpp"

namespace tscope {

/// Tells copies of a packet, of which a file has several (a mirror port, several devices), from
/// repetitions that its sender made. IPv4's identification tells them where the sender counts it.
/// Where it does not, and with IPv6, a copy is one only where the whole stream stands in the file
/// so many times, at one lag. A packet that shows again with a lower TTL was seen on both sides of
/// a router. Memory is bounded: twins are found among the last packets only.
class CopyFinder {
 public:
  enum class Kind : std::uint8_t {
    original,
    copy,
    second_side,  ///< behind a router that the packet's first sight was before
    undecided,    ///< a twin of a stream that is not known well enough yet
  };
  /// A direction of a connection, by which what was undecided is asked for again.
  struct Stream {
    std::uint32_t slot = 0;
    std::uint64_t key = 0;
    bool reverse = false;
  };
  struct Judged {
    Kind kind = Kind::original;
    Stream stream;
  };

  CopyFinder();

  /// Takes in the next packet of a foreign file.
  Judged judge(const Packet& packet);
  /// True once enough of the stream was seen to decide.
  bool can_decide(const Stream& stream) const;
  /// Decides on a stream by what was seen of it; true if its twins are copies.
  bool decide(const Stream& stream);

 private:
  struct Seen {
    std::uint64_t hash = 0;
    std::int64_t time_ns = 0;
    std::uint64_t number = 0;
    std::uint8_t ttl = 0, lower_ttl = 0;
    std::uint8_t copies = 0;
  };
  static constexpr std::size_t ways = 2;
  // Says which of the last packets have such a hash. The tags are a part of their hashes, so that
  // most packets, which have no twin, need no look at what is kept of others.
  struct Bucket {
    std::array<std::uint16_t, ways> tags{};
    std::array<std::uint16_t, ways> places{};  // in seen_
    std::uint16_t oldest = 0;
  };
  enum class Decision : std::uint8_t { none, copies, can_not_tell };
  struct Direction {
    std::uint64_t originals = 0, twins = 0, twinned = 0;
    std::int64_t lag_min_ns = 0, lag_max_ns = 0;
    std::uint32_t copies_max = 0;
    std::uint16_t last_id = 0;
    bool has_id = false, id_varies = false;
    std::uint8_t lower_ttl = 0;
    Decision decision = Decision::none;
  };
  struct Connection {
    std::uint64_t key = 0;
    std::array<Direction, 2> ways;
  };
  struct Fields;

  static std::uint16_t tag_of(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 48); }
  Seen* find(std::uint64_t hash, std::int64_t time_ns);
  void remember(const Seen& seen);
  Connection& connection(std::uint64_t key);
  Kind judge_first(const Fields& fields, Direction& direction);
  Kind judge_twin(const Fields& fields, Seen& seen, Connection& connection);
  static bool whole_stream_repeats(const Direction& direction);
  static bool lag_fits(const Direction& direction, std::int64_t lag_ns);

  std::vector<Bucket> buckets_;
  // The last packets by their numbers: what is written lies next to what was written before, where
  // a place by the hash would mostly miss the cache.
  std::vector<Seen> seen_;
  std::vector<Connection> connections_;
  std::uint64_t number_ = 0;
};

}  // namespace tscope
