// SPDX-License-Identifier: MIT
#include "probe/reflect/driver_stamps.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <deque>

#include "probe/wire/ancillary.hpp"

namespace tscope {
namespace {

// Delivers what is pushed; asked when it has nothing, it is idle, as a session is.
class FakeLive final : public LiveSource {
 public:
  explicit FakeLive(std::deque<Packet>& packets) : packets_(packets) {
    timespec raw{};
    clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
    first_.monotonic_raw_ns = static_cast<std::uint64_t>(raw.tv_sec * 1'000'000'000 + raw.tv_nsec);
    first_.realtime_ns = static_cast<std::uint64_t>(realtime_ns());
  }

  Next next(Packet& packet) override {
    if (packets_.empty()) return Next::idle;
    packet = packets_.front();
    packets_.pop_front();
    return Next::packet;
  }
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override { return {}; }
  ClockInfo clock() const override { return {}; }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  void stop() override {}
  std::vector<Anchor> take_anchors() override { return {first_}; }
  std::uint32_t clock_khz() const override { return 1'000'000; }
  bool netns_gone() const override { return false; }
  std::int64_t watermark_ns() const override { return 0; }

 private:
  std::deque<Packet>& packets_;
  Anchor first_{};
  std::vector<Interface> interfaces_;
  std::map<std::string, std::string> facts_;
};

class StampsAtTheDriver : public testing::Test {
 protected:
  static std::vector<std::uint8_t> payload(std::uint8_t number) {
    std::vector<std::uint8_t> bytes(44);
    bytes[3] = number;
    return bytes;
  }
  static Endpoint sender(std::uint8_t last, std::uint8_t family = 4) {
    Endpoint endpoint;
    endpoint.family = family;
    endpoint.port = 40000;
    endpoint.address[family == 4 ? 3 : 15] = last;
    return endpoint;
  }
  static Packet packet(const Endpoint& from, std::uint8_t number, std::int64_t time_ns) {
    Packet packet;
    packet.time_ns = time_ns;
    tscope_record& record = packet.record;
    record.kind = TSCOPE_PACKET;
    const bool six = from.family == 6;
    const std::size_t udp_at = six ? 40 : 20;
    record.header[0] = six ? 0x60 : 0x45;
    record.header[six ? 6 : 9] = IPPROTO_UDP;
    std::copy_n(from.address.begin(), six ? 16 : 4, record.header + (six ? 8 : 12));
    record.header[udp_at] = static_cast<std::uint8_t>(from.port >> 8);
    record.header[udp_at + 1] = static_cast<std::uint8_t>(from.port & 0xff);
    std::copy_n(payload(number).begin(), DatagramMark::bytes, record.header + udp_at + 8);
    record.wire_len = static_cast<std::uint32_t>(udp_at + 8 + 44);
    record.header_len = static_cast<std::uint8_t>(udp_at + 8 + DatagramMark::bytes);
    return packet;
  }
  // How far the stamp given lies before the socket's, to 0.1 ms: the clocks are read twice.
  std::optional<std::int64_t> before_socket_ms10(const Endpoint& from, std::uint8_t number) {
    const auto stamp = stamps_.take(from, payload(number), now_);
    if (!stamp) return std::nullopt;
    return (now_ - *stamp + 50'000) / 100'000;
  }
  void push(const Endpoint& from, std::uint8_t number, std::int64_t ms_before) {
    packets_.push_back(packet(from, number, now_ - ms_before * 1'000'000));
  }

  std::deque<Packet> packets_;
  DriverStamps stamps_{std::make_unique<FakeLive>(packets_)};
  const std::int64_t now_ = realtime_ns();
};

TEST_F(StampsAtTheDriver, AreFoundBySenderAndPayload) {
  push(sender(1), 7, 5);
  push(sender(2), 7, 4);
  push(sender(1, 6), 7, 3);
  push(sender(1), 8, 2);
  EXPECT_EQ(before_socket_ms10(sender(1), 8), 20);
  EXPECT_EQ(before_socket_ms10(sender(1, 6), 7), 30);
  EXPECT_EQ(before_socket_ms10(sender(1), 7), 50);
  EXPECT_EQ(before_socket_ms10(sender(2), 7), 40);
  EXPECT_EQ(before_socket_ms10(sender(2), 7), std::nullopt) << "each once";
}

TEST_F(StampsAtTheDriver, GoToCopiesInTheirOrder) {
  push(sender(1), 7, 5);
  push(sender(1), 7, 3);
  stamps_.keep_up();
  EXPECT_EQ(before_socket_ms10(sender(1), 7), 50);
  EXPECT_EQ(before_socket_ms10(sender(1), 7), 30);
}

TEST_F(StampsAtTheDriver, AreNoneWhereTheKernelsIsFarAway) {
  push(sender(1), 7, 1500);
  push(sender(1), 8, -50);
  EXPECT_EQ(before_socket_ms10(sender(1), 7), std::nullopt) << "a datagram of long ago";
  EXPECT_EQ(before_socket_ms10(sender(1), 8), std::nullopt) << "a later one";
  EXPECT_EQ(stamps_.take(sender(1), std::vector<std::uint8_t>(10), now_), std::nullopt) << "short";
}

TEST_F(StampsAtTheDriver, AreKeptWithinABound) {
  for (int round = 0; round < 200; round++) {
    for (int number = 0; number < 256; number++) {
      push(sender(static_cast<std::uint8_t>(round)), static_cast<std::uint8_t>(number),
           300 - round);
    }
  }
  push(sender(1), 9, 1);
  stamps_.keep_up();
  EXPECT_EQ(before_socket_ms10(sender(1), 9), 10) << "the newest are kept";
}

TEST_F(StampsAtTheDriver, NeedTheWholeMark) {
  Packet short_one = packet(sender(1), 7, now_);
  short_one.record.header_len--;
  EXPECT_EQ(datagram_mark(short_one.record), std::nullopt);
  Packet tcp = packet(sender(1), 7, now_);
  tcp.record.header[9] = IPPROTO_TCP;
  EXPECT_EQ(datagram_mark(tcp.record), std::nullopt);
  Packet broken = packet(sender(1), 7, now_);
  broken.record.header[0] = 0x41;
  EXPECT_EQ(datagram_mark(broken.record), std::nullopt);
  EXPECT_EQ(datagram_mark(packet(sender(3, 6), 7, now_).record)->sender, sender(3, 6));
}

}  // namespace
}  // namespace tscope
