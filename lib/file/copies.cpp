// SPDX-License-Identifier: MIT
#include "file/copies.hpp"

#include <algorithm>

#include "base/word_hash.hpp"

namespace tscope {

namespace {

constexpr std::size_t buckets = 1 << 14, connection_slots = 1 << 12;
constexpr std::uint64_t packets_apart_max = 1 << 15;  // half of what the identification counts
constexpr std::uint64_t apart_max_ns = 1'000'000'000;
constexpr std::int64_t first_twin_ns = 500'000'000;  // no sender repeats its SYN so soon
// By how much a copy may come later than those before it: they are few at first.
constexpr std::int64_t lag_slack_ns = 500'000, known_lag_slack_ns = 50'000;
constexpr std::uint64_t twins_to_know_lag = 16;
constexpr std::uint64_t originals_to_decide = 64, originals_least = 3;
constexpr std::uint8_t protocol_tcp = 6;

// Of an address and a port.
std::uint64_t hash_of_end(const std::uint8_t* address, bool v4, std::uint16_t port) {
  if (v4) return mixed(word_at<std::uint32_t>(address), port);
  return mixed(word_at<std::uint64_t>(address), word_at<std::uint64_t>(address + 8) ^ port);
}

}  // namespace

struct CopyFinder::Fields {
  explicit Fields(const Packet& packet);

  std::int64_t time_ns;
  std::uint64_t hash = 0;  // of all that a copy has as well: not of TTL, TOS and checksums
  std::uint64_t key = 0;   // of the connection, the same in both directions
  bool reverse = false;
  bool has_id = false;
  std::uint16_t id = 0;
  std::uint8_t ttl = 0;
};

CopyFinder::Fields::Fields(const Packet& packet) : time_ns(packet.time_ns) {
  const tscope_record& record = packet.record;
  const std::uint8_t* const ip = record.header;
  const bool v4 = ip[0] >> 4 == 4;
  const std::size_t transport_at = v4 ? std::size_t{4} * (ip[0] & 0x0fU) : 40;
  const std::uint8_t* const transport = ip + transport_at;
  const std::uint8_t protocol = ip[v4 ? 9 : 6];
  ttl = ip[v4 ? 8 : 7];
  if (v4) {
    id = word_at<std::uint16_t>(ip + 4);
    has_id = id != 0;
  }
  const std::size_t address = v4 ? 4 : 16, source = v4 ? 12 : 8;
  const bool ports = protocol == protocol_tcp || protocol == 17;
  const std::uint64_t from =
      hash_of_end(ip + source, v4, ports ? word_at<std::uint16_t>(transport) : 1);
  const std::uint64_t to =
      hash_of_end(ip + source + address, v4, ports ? word_at<std::uint16_t>(transport + 2) : 1);
  reverse = to < from;
  key =
      mixed(mixed(std::min(from, to), std::max(from, to)), packet.interface + protocol * 65536ULL);

  hash = mixed(key, from);
  // Length, and with IPv4 identification and fragment; not the bit that forbids fragments.
  hash = mixed(hash, v4 ? word_at<std::uint64_t>(ip + 2) & 0xff3f'ffff'ffff
                        : word_at<std::uint16_t>(ip + 4));
  if (protocol == protocol_tcp) {
    const std::size_t length = std::min<std::size_t>(record.header_len - transport_at,
                                                     std::size_t{4} * (transport[12] >> 4));
    hash = mixed(hash, word_at<std::uint64_t>(transport));
    hash = mixed(hash, word_at<std::uint64_t>(transport + 8));
    hash = hash_of(hash, transport + 18, length - 18);
  } else {
    constexpr std::size_t header = 8, payload_max = 16;
    const std::size_t checksum = protocol == 17 ? 6 : 2;
    hash = hash_of(hash, transport, checksum);
    hash = hash_of(hash, transport + checksum + 2, header - checksum - 2);
    hash = hash_of(hash, transport + header,
                   std::min(record.header_len - transport_at - header, payload_max));
  }
}

CopyFinder::CopyFinder()
    : buckets_(buckets), seen_(packets_apart_max), connections_(connection_slots) {
}

CopyFinder::Seen* CopyFinder::find(std::uint64_t hash, std::int64_t time_ns) {
  const Bucket& bucket = buckets_[hash % buckets];
  for (std::size_t way = 0; way < ways; way++) {
    if (bucket.tags[way] != tag_of(hash)) continue;
    Seen& seen = seen_[bucket.places[way]];
    if (seen.hash != hash || seen.number == 0 || number_ - seen.number > packets_apart_max) {
      continue;
    }
    const auto apart =
        static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(seen.time_ns);
    if (std::min(apart, -apart) <= apart_max_ns) return &seen;
  }
  return nullptr;
}

void CopyFinder::remember(const Seen& seen) {
  Bucket& bucket = buckets_[seen.hash % buckets];
  const std::size_t way = bucket.oldest;
  const auto place = static_cast<std::uint16_t>(seen.number % packets_apart_max);
  bucket.oldest = static_cast<std::uint16_t>((way + 1) % ways);
  bucket.tags[way] = tag_of(seen.hash);
  bucket.places[way] = place;
  seen_[place] = seen;
}

CopyFinder::Connection& CopyFinder::connection(std::uint64_t key) {
  Connection& found = connections_[key % connection_slots];
  if (found.key != key) {
    found = Connection{};
    found.key = key;
  }
  return found;
}

CopyFinder::Judged CopyFinder::judge(const Packet& packet) {
  number_++;
  const Fields fields(packet);
  Connection& both = connection(fields.key);
  const Stream stream{static_cast<std::uint32_t>(fields.key % connection_slots), fields.key,
                      fields.reverse};
  Seen* const seen = find(fields.hash, fields.time_ns);
  if (seen != nullptr) return {judge_twin(fields, *seen, both), stream};
  remember({fields.hash, fields.time_ns, number_, fields.ttl, 0, 0});
  return {judge_first(fields, both.ways[fields.reverse]), stream};
}

CopyFinder::Kind CopyFinder::judge_first(const Fields& fields, Direction& direction) {
  direction.originals++;
  if (fields.has_id) {
    direction.id_varies =
        direction.id_varies || (direction.has_id && direction.last_id != fields.id);
    direction.has_id = true;
    direction.last_id = fields.id;
  }
  const bool behind = direction.lower_ttl != 0 && fields.ttl == direction.lower_ttl;
  return behind ? Kind::second_side : Kind::original;
}

bool CopyFinder::lag_fits(const Direction& direction, std::int64_t lag_ns) {
  const bool known = direction.twins >= twins_to_know_lag;
  return lag_ns <= 2 * direction.lag_max_ns + (known ? known_lag_slack_ns : lag_slack_ns);
}

CopyFinder::Kind CopyFinder::judge_twin(const Fields& fields, Seen& seen, Connection& both) {
  Direction& own = both.ways[fields.reverse];
  if (fields.ttl != seen.ttl && fields.ttl != seen.lower_ttl) {
    own.lower_ttl = seen.lower_ttl = fields.ttl;
    return Kind::second_side;
  }
  const auto apart =
      static_cast<std::uint64_t>(fields.time_ns) - static_cast<std::uint64_t>(seen.time_ns);
  const auto lag = static_cast<std::int64_t>(std::min(apart, -apart));
  const bool one_lag = own.twins == 0 || lag_fits(own, lag);
  own.twinned += seen.copies == 0 ? 1 : 0;
  seen.copies = static_cast<std::uint8_t>(std::min(seen.copies + 1, 255));
  own.copies_max = std::max<std::uint32_t>(own.copies_max, seen.copies);
  own.lag_min_ns = own.twins == 0 ? lag : std::min(own.lag_min_ns, lag);
  own.lag_max_ns = std::max(own.lag_max_ns, lag);
  own.twins++;
  const bool only_packet = own.originals == 1 && lag < first_twin_ns;
  if (fields.has_id && (own.id_varies || only_packet)) return Kind::copy;
  // A SYN-ACK has no identification, but its connection's other packets have copies.
  const Direction& other = both.ways[!fields.reverse];
  if (other.has_id && other.twinned * 10 >= other.originals * 9 && other.twinned > 0 &&
      lag_fits(other, lag)) {
    return Kind::copy;
  }
  if (own.decision == Decision::copies && one_lag) return Kind::copy;
  // Perhaps sent anew: then what comes next is a copy of this one.
  seen.time_ns = fields.time_ns;
  return Kind::undecided;
}

bool CopyFinder::can_decide(const Stream& stream) const {
  const Connection& both = connections_[stream.slot];
  if (both.key != stream.key) return true;
  const Direction& own = both.ways[stream.reverse];
  return own.decision != Decision::none || own.originals >= originals_to_decide ||
         own.twins > originals_to_decide * 4;
}

// Each packet as many times as the others, and never much later than the first.
bool CopyFinder::whole_stream_repeats(const Direction& direction) {
  const std::uint64_t all = direction.originals;
  // The last one's copies may be still to come.
  return all >= originals_least && (direction.twinned + 1) * 10 >= all * 9 &&
         (direction.twins + direction.copies_max) * 10 >= all * direction.copies_max * 9 &&
         direction.lag_max_ns <= direction.lag_min_ns * 3 / 2 + lag_slack_ns;
}

bool CopyFinder::decide(const Stream& stream) {
  Connection& both = connections_[stream.slot];
  if (both.key != stream.key) return false;
  Direction& own = both.ways[stream.reverse];
  if (own.decision == Decision::none) {
    own.decision = whole_stream_repeats(own) ? Decision::copies : Decision::can_not_tell;
  }
  return own.decision == Decision::copies;
}

}  // namespace tscope
