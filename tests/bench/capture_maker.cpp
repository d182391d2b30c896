// SPDX-License-Identifier: MIT
// capture_maker PACKETS FLOWS FILE: writes what tcpdump -s 96 would have, in its format: so many
// downloads at once through bottlenecks of 100 Mbit/s each, with handshakes, an ACK for every
// second segment, ACKs that come compressed, segments lost and sent anew, and SACK. The same
// arguments make the same file.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

namespace {

constexpr std::uint32_t snap_length = 96, mss = 1448;
constexpr std::size_t ethernet = 14, ip = 20, tcp = 20, timestamps = 12;
constexpr std::int64_t segment_ns = 121'120;  // 1514 bytes at 100 Mbit/s
constexpr std::uint8_t syn = 0x02, psh = 0x08, ack = 0x10;

void put16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

// One end of a connection, and the header fields that go on from packet to packet.
struct End {
  std::array<std::uint8_t, 4> address{};
  std::uint16_t port = 0, ip_id = 0;
  std::uint32_t timestamp = 0;
};

struct Segment {
  std::int64_t time_ns = 0;
  bool to_server = false;
  std::uint8_t flags = ack;
  std::uint32_t seq = 0, acknowledged = 0, payload = 0;
  std::uint32_t sack_low = 0, sack_high = 0;  // equal: none
};

class Download {
 public:
  explicit Download(std::uint32_t number) : random_(number), next_ns_(number * 37'003L) {
    client_ = {{10, 1, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)},
               static_cast<std::uint16_t>(40'000 + number)};
    server_ = {{10, 2, 0, 1}, 443};
    seq_ = acknowledged_ = number * 100'003;
  }

  /// When its next segment passes.
  std::int64_t time_ns() {
    while (waiting_.empty()) send();
    return waiting_.front().time_ns;
  }

  Segment take() {
    const Segment first = waiting_.front();
    waiting_.pop_front();
    return first;
  }

  const End& client() const { return client_; }
  const End& server() const { return server_; }
  End& sender(const Segment& segment) { return segment.to_server ? client_ : server_; }

 private:
  bool one_in(std::uint32_t odds) { return random_() % odds == 0; }

  void queue(const Segment& segment) {
    // ACKs come behind the data that passed meanwhile.
    auto place = waiting_.end();
    while (place != waiting_.begin() && (place - 1)->time_ns > segment.time_ns) --place;
    waiting_.insert(place, segment);
  }

  // Two segments and their ACK; the first time a handshake.
  void send() {
    if (!open_) {
      open_ = true;
      queue({next_ns_, true, syn, 1, 0, 0});
      queue({next_ns_ + 1'000, false, syn | ack, seq_, 2, 0});
      queue({next_ns_ + 2'000, true, ack, 2, ++seq_, 0});
      acknowledged_ = seq_;
      next_ns_ += 10'000;
      return;
    }
    const std::int64_t now = next_ns_;
    next_ns_ += 2 * segment_ns;
    const bool lost = one_in(500);
    const std::uint32_t first = seq_;
    seq_ += 2 * mss;
    if (!lost) queue({now, false, ack, first, 2, mss});
    queue({now + segment_ns, false, ack | psh, first + mss, 2, mss});
    // Now and then something holds ACKs back, which then come at the pace of a faster link.
    if (held_until_ns_ < now && one_in(200)) held_until_ns_ = now + 8 * segment_ns;
    std::int64_t acked = std::max(now + segment_ns, held_until_ns_) + random_() % 5'000;
    acked = std::max(acked, last_ack_ns_ + 12'000);
    if (lost) {
      queue({acked, true, ack, 2, acknowledged_, 0, first + mss, seq_});
      queue({acked + 50'000, false, ack, first, 2, mss});
      acked += 60'000;
    }
    acknowledged_ = seq_;
    queue({acked, true, ack, 2, acknowledged_, 0});
    last_ack_ns_ = acked;
  }

  std::minstd_rand random_;
  End client_, server_;
  std::deque<Segment> waiting_;
  bool open_ = false;
  std::uint32_t seq_, acknowledged_;
  std::int64_t next_ns_, held_until_ns_ = 0, last_ack_ns_ = 0;
};

class CaptureWriter {
 public:
  explicit CaptureWriter(std::FILE* file) : file_(file) {
    const std::uint32_t header[] = {0xa1b2c3d4, 4U << 16 | 2, 0, 0, snap_length, 1};
    put(header, sizeof(header));
  }

  void write(const Segment& segment, Download& download) {
    End& from = download.sender(segment);
    const End& to = segment.to_server ? download.server() : download.client();
    const std::size_t sack = segment.sack_low != segment.sack_high ? 12 : 0;
    const std::size_t options = timestamps + sack + ((segment.flags & syn) != 0 ? 4 : 0);
    const std::size_t headers = ip + tcp + options;
    std::array<std::uint8_t, 128> frame{};
    put16(&frame[12], 0x0800);
    put_ip(&frame[ethernet], from, to, headers + segment.payload);
    put_tcp(&frame[ethernet + ip], segment, from, to, options);
    const auto length = static_cast<std::uint32_t>(ethernet + headers + segment.payload);
    const std::int64_t us = 1'700'000'000'000'000 + segment.time_ns / 1000;
    const std::uint32_t captured = std::min(length, snap_length);
    const std::uint32_t record[] = {static_cast<std::uint32_t>(us / 1'000'000),
                                    static_cast<std::uint32_t>(us % 1'000'000), captured, length};
    put(record, sizeof(record));
    put(frame.data(), captured);
  }

 private:
  static void put_ip(std::uint8_t* at, End& from, const End& to, std::size_t length) {
    at[0] = 0x45;
    put16(at + 2, static_cast<std::uint32_t>(length));
    put16(at + 4, ++from.ip_id);
    at[6] = 0x40;
    at[8] = 64;
    at[9] = 6;
    std::ranges::copy(from.address, at + 12);
    std::ranges::copy(to.address, at + 16);
  }

  static void put_tcp(std::uint8_t* at, const Segment& segment, End& from, const End& to,
                      std::size_t options) {
    put16(at, from.port);
    put16(at + 2, to.port);
    put32(at + 4, segment.seq);
    put32(at + 8, segment.acknowledged);
    at[12] = static_cast<std::uint8_t>((tcp + options) / 4 << 4);
    at[13] = segment.flags;
    put16(at + 14, 65'535);
    std::uint8_t* option = at + tcp;
    if ((segment.flags & syn) != 0) {
      put32(option, 0x02040000 | (mss + timestamps));
      option += 4;
    }
    from.timestamp = static_cast<std::uint32_t>(segment.time_ns / 1'000'000);
    put32(option, 0x0101080a);
    put32(option + 4, from.timestamp);
    put32(option + 8, to.timestamp);
    if (segment.sack_low == segment.sack_high) return;
    put32(option + timestamps, 0x0101050a);
    put32(option + timestamps + 4, segment.sack_low);
    put32(option + timestamps + 8, segment.sack_high);
  }

  void put(const void* bytes, std::size_t size) {
    if (std::fwrite(bytes, 1, size, file_) == size) return;
    std::perror("capture_maker");
    std::exit(1);
  }

  std::FILE* file_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t packets = argc == 4 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const auto flows = argc == 4 ? static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)) : 0;
  if (packets == 0 || flows == 0 || flows > 20'000) {
    std::fputs("usage: capture_maker PACKETS FLOWS FILE, with 1 to 20000 flows\n", stderr);
    return 2;
  }
  std::FILE* const file = std::fopen(argv[3], "wb");
  if (file == nullptr) {
    std::perror(argv[3]);
    return 1;
  }
  std::vector<Download> downloads;
  for (std::uint32_t number = 0; number < flows; number++) downloads.emplace_back(number + 1);
  CaptureWriter writer(file);
  for (std::uint64_t packet = 0; packet < packets; packet++) {
    const auto next = std::ranges::min_element(downloads, {}, &Download::time_ns);
    writer.write(next->take(), *next);
  }
  if (std::fclose(file) == 0) return 0;
  std::perror(argv[3]);
  return 1;
}
