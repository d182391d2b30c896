// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tscope/analysis/ack_report.hpp"
#include "tscope/record/source.hpp"

namespace tscope::test {

/// A source that has nothing but loss and a clock, for AckAnalysis::finish().
class NoSource : public Source {
 public:
  Next next(Packet&) override { return Next::end; }
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override { return lost; }
  ClockInfo clock() const override {
    ClockInfo info;
    info.source = "tsc";
    info.error_ns = 100;
    info.end_ns = end_ns;
    return info;
  }
  const std::map<std::string, std::string>& facts() const override { return facts_; }

  Loss lost;
  std::optional<std::int64_t> end_ns;
  std::map<std::string, std::string> facts_;

 private:
  std::vector<Interface> interfaces_;
};

/// Builds IPv4 TCP segments of one connection, field by field.
struct Segment {
  std::int64_t time_ns = 0;
  bool from_receiver = true;  ///< 10.0.0.2:5201 > 10.0.0.1:40001, the direction of the ACKs
  std::uint32_t seq = 1000;
  std::uint32_t ack = 1;
  std::uint8_t flags = 0x10;
  std::uint32_t payload = 0;
  std::uint16_t ip_id = 0;
  std::uint16_t segs = 1;
  std::uint32_t record_flags = 0;
  std::uint16_t cpu = 0;
  std::uint32_t napi_poll = 0;
  bool late = false;
  std::uint16_t port = 40001;
  std::uint16_t mss = 0;  ///< the option, where it is not 0
  std::uint16_t window = 0;
};

inline Packet make_packet(const Segment& s, Vantage vantage) {
  Packet packet;
  packet.time_ns = s.time_ns;
  packet.late = s.late;
  tscope_record& r = packet.record;
  r.vantage = static_cast<std::uint8_t>(vantage);
  r.kind = TSCOPE_PACKET;
  r.segs = s.segs;
  r.flags = s.record_flags;
  r.cpu = s.cpu;
  r.napi_poll = s.napi_poll;
  r.header_len = 40;
  r.wire_len = 40 + s.payload;
  r.seq = s.seq;
  r.seq_end = s.seq + s.payload + ((s.flags & 0x02) != 0) + ((s.flags & 0x01) != 0);
  std::uint8_t* h = r.header;
  const auto put16 = [&](int at, std::uint32_t v) {
    h[at] = static_cast<std::uint8_t>(v >> 8);
    h[at + 1] = static_cast<std::uint8_t>(v);
  };
  const auto put32 = [&](int at, std::uint32_t v) {
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
  };
  h[0] = 0x45;
  put16(2, std::min<std::uint32_t>(65535, r.wire_len));
  put16(4, s.ip_id);
  h[9] = 6;
  put32(12, s.from_receiver ? 0x0a000002 : 0x0a000001);
  put32(16, s.from_receiver ? 0x0a000001 : 0x0a000002);
  put16(20, s.from_receiver ? 5201U : s.port);
  put16(22, s.from_receiver ? s.port : 5201U);
  put32(24, s.seq);
  put32(28, s.ack);
  h[32] = 0x50;
  h[33] = s.flags;
  put16(34, s.window);
  if (s.mss > 0) {
    r.header_len = 44;
    r.wire_len += 4;
    put16(2, std::min<std::uint32_t>(65535, r.wire_len));
    h[32] = 0x60;
    put16(40, 0x0204);
    put16(42, s.mss);
  }
  return packet;
}

constexpr std::int64_t tau = 123'040;  // 1538 bytes at 100 Mbit/s

inline AckOptions at_100m() {
  AckOptions options;
  options.link_rate_bps = 100e6;
  return options;
}

inline std::vector<std::int64_t> repeated(std::initializer_list<std::int64_t> gaps, int times) {
  std::vector<std::int64_t> result;
  for (int i = 0; i < times; i++) result.insert(result.end(), gaps);
  return result;
}

inline const Interface driver{"eth0", Vantage::driver_rx};
inline const Interface socket_point{"eth0", Vantage::socket_rx};

/// ACKs of two segments each with the given gaps, all at one vantage point.
inline void feed_gaps(AckAnalysis& analysis, const Interface& interface,
                      const std::vector<std::int64_t>& gaps, std::uint32_t first_ack = 1,
                      std::int64_t delay = 0) {
  Segment s;
  s.time_ns = 1'000'000'000 + delay;
  s.ack = first_ack;
  analysis.add(make_packet(s, interface.vantage), interface);
  for (const std::int64_t gap : gaps) {
    s.time_ns += gap;
    s.ack += 2 * 1448;
    s.ip_id++;
    analysis.add(make_packet(s, interface.vantage), interface);
  }
}

}  // namespace tscope::test
