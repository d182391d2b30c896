// SPDX-License-Identifier: MIT
#include "tscope/file/file_source.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "tscope/record/headers.hpp"
#include "unit/file/golden_capture.hpp"

namespace tscope {
namespace {

using test::Bytes;
using test::Contents;
using test::Segment;
using test::Writer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;

// What text2pcap made (golden/pcap-generate): 10, 1 and 3 bytes of payload.
void expect_the_three_segments(std::span<const Packet> packets, std::int64_t step_ns) {
  ASSERT_EQ(packets.size(), 3);
  constexpr std::int64_t begin = 1'700'000'000 * second;
  const std::int64_t times[] = {begin, begin + 120'500, begin + 1'500'120'500};
  const std::uint32_t seq[] = {0, 10, 11}, payload[] = {10, 1, 3};
  const std::uint32_t first = packets[0].record.seq;
  for (std::size_t i = 0; i < 3; i++) {
    const tscope_record& record = packets[i].record;
    EXPECT_EQ(packets[i].time_ns, times[i] / step_ns * step_ns);
    EXPECT_EQ(record.seq - first, seq[i]);
    EXPECT_EQ(record.seq_end - record.seq, payload[i]);
    EXPECT_EQ(record.vantage, 0x80);
    EXPECT_EQ(record.kind, TSCOPE_PACKET);
    EXPECT_EQ(record.segs, 1);
    EXPECT_EQ(record.flags, 0);
    EXPECT_EQ(record.tsc, 0);
    const auto tcp = decode_tcp(record);
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->flow.src.port, 5001);
    EXPECT_EQ(tcp->payload, payload[i]);
  }
}

TEST(FileSource, PcapWithMicroseconds) {
  const Contents read = test::read_file(test::golden("pcap-microseconds.pcap"));
  expect_the_three_segments(read.packets, 1000);
  EXPECT_EQ(read.packets[0].record.wire_len, 50);
  EXPECT_EQ(read.packets[0].record.header_len, 50);
  EXPECT_EQ(read.packets[1].record.wire_len, 46) << "Ethernet's padding counts as wire length";
  EXPECT_EQ(read.clock.source, "file");
  EXPECT_EQ(read.clock.resolution_ns, 1000);
  EXPECT_FALSE(read.truncated);
  EXPECT_TRUE(read.facts.empty());
}

TEST(FileSource, PcapWithNanosecondsAndIpv6) {
  const Contents read = test::read_file(test::golden("pcap-nanoseconds-ipv6.pcap"));
  expect_the_three_segments(read.packets, 1);
  EXPECT_EQ(decode_tcp(read.packets[0].record)->flow.src.to_string(), "[2001:db8::1]:5001");
  EXPECT_EQ(read.clock.resolution_ns, 1);
}

TEST(FileSource, PcapOfRawIp) {
  expect_the_three_segments(test::read_file(test::golden("pcap-raw-ip.pcap")).packets, 1000);
}

TEST(FileSource, PcapngWithInterfacesOfSeveralLinkTypes) {
  const Contents read = test::read_file(test::golden("pcapng-three-interfaces.pcapng"));
  ASSERT_EQ(read.packets.size(), 7);
  expect_the_three_segments(std::span(read.packets).first(3), 1);
  expect_the_three_segments(std::span(read.packets).subspan(3, 3), 1);
  const auto udp = decode_datagram(read.packets[6].record);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->flow.src.to_string(), "10.0.0.1:53");
  EXPECT_THAT(udp->bytes, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(read.packets[6].record.seq_end, 0);
  EXPECT_EQ(read.census.skipped(), 0);
}

TEST(FileSource, ALinkTypeWithoutIpIsRefusedByNumber) {
  EXPECT_THAT(test::error_of(test::read_bytes(test::golden("pcap-without-ip.pcap"))),
              HasSubstr("link type 165"));
  Writer file;
  test::put_section(file);
  test::put_interface(file, 165, Writer());
  EXPECT_THAT(test::error_of(file.bytes()), HasSubstr("link type 165"));
}

class OurGoldenCapture : public testing::TestWithParam<LinkType> {};
INSTANTIATE_TEST_SUITE_P(FileSource, OurGoldenCapture,
                         testing::Values(LinkType::ethernet, LinkType::raw_ip),
                         [](const auto& parameter) {
                           return parameter.param == LinkType::ethernet ? "Ethernet" : "RawIp";
                         });

// A file written once must stay readable by every later version.
TEST_P(OurGoldenCapture, IsReadAsItWasWritten) {
  const bool raw = GetParam() == LinkType::raw_ip;
  const std::string path = test::golden(raw ? test::golden_capture_raw : test::golden_capture);
  if (std::getenv("TSCOPE_WRITE_GOLDEN") != nullptr) {
    test::write_golden_capture(path, GetParam());
  }
  const Contents read = test::read_file(path);
  const auto expected = test::golden_packets();
  ASSERT_EQ(read.packets.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); i++) {
    auto [packet, interface] = expected[i];
    if (raw) {
      packet.record.flags &= ~TSCOPE_F_LINK;
      std::memset(packet.record.link, 0, sizeof(packet.record.link));
    }
    EXPECT_EQ(std::memcmp(&read.packets[i].record, &packet.record, sizeof(packet.record)), 0) << i;
    EXPECT_EQ(read.packets[i].time_ns, packet.time_ns) << i;
    EXPECT_EQ(read.packets[i].late, packet.late) << i;
    EXPECT_EQ(read.at[i], interface) << i;
  }
  EXPECT_EQ(read.facts, test::golden_facts());
  EXPECT_EQ(read.loss.at(Vantage::socket_rx).segments, 3);
  EXPECT_EQ(read.loss.late, 1);
  EXPECT_EQ(read.clock.error_ns, 250);
  EXPECT_DOUBLE_EQ(read.clock.tsc_hz, 3e9);
}

class ByteOrder : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(FileSource, ByteOrder, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "BigEndian" : "LittleEndian";
});

TEST_P(ByteOrder, Pcap) {
  for (const bool nanoseconds : {false, true}) {
    Writer file(GetParam());
    file.u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).u16(2).u16(4).u64(0).u32(65535).u32(1);
    const Bytes frame = test::ethernet(test::headers({}));
    file.u32(10).u32(20).u32(frame.size()).u32(frame.size() + 100).raw(frame);
    const Contents read = test::read_memory(file.bytes());
    ASSERT_EQ(read.packets.size(), 1);
    EXPECT_EQ(read.packets[0].time_ns, 10 * second + 20 * (nanoseconds ? 1 : 1000));
    EXPECT_EQ(read.packets[0].record.wire_len, 152);
    EXPECT_EQ(read.packets[0].record.seq, 1000);
  }
}

TEST_P(ByteOrder, PcapngWithEveryKindOfPacketBlock) {
  Writer file(GetParam());
  const Bytes frame = test::ethernet(test::headers({}));
  const auto length = frame.size();
  test::put_section(file);
  test::put_interface(file, 1, file.sub().text_option(2, "eth0").u32(0), 60);
  file.block(0x0bad, file.sub().u32(1));  // unknown: passed over
  test::put_packet(file, 0, 5'000'000, frame, file.sub().text_option(1, "hello").u32(0));
  file.block(2, file.sub().u16(0).u16(9).u32(1).u32(7).u32(length).u32(length).raw(frame));
  const Bytes cut(frame.begin(), frame.begin() + 60);  // to the snap length
  file.block(3, file.sub().u32(length).raw(cut));
  const Contents read = test::read_memory(file.bytes());
  ASSERT_EQ(read.packets.size(), 3);
  EXPECT_EQ(read.packets[0].time_ns, 5 * second);
  EXPECT_EQ(read.packets[1].time_ns, ((1LL << 32) + 7) * 1000);
  EXPECT_EQ(read.packets[2].record.header_len, 46);
  for (const Packet& packet : read.packets) EXPECT_EQ(packet.record.wire_len, 52);
  EXPECT_THAT(read.interfaces, ElementsAre(Interface{"eth0", Vantage::tap}));
  EXPECT_EQ(read.census.skipped(), 0);
}

TEST_P(ByteOrder, OurOptionsOfAnotherMachine) {
  Writer file(GetParam());
  test::put_section(file);
  file.block(0x80000002, file.sub().text_option(1, R"({"filter":"x","n":1})").u32(0));
  file.block(0x80000001, file.sub().u64(5).u64(6).u64(7).u64(8).u32(9).u32(0));
  test::put_interface(file, 12, file.sub().text_option(2, "a/b/socket-rx").option(9, Bytes{9}));
  Writer option = file.sub();
  option.u64(99).u32(1).u32(2).u32(3).u32(4).u32(70000).u32(5).u16(6).u16(7).u16(8);
  option.raw(Bytes{1, 1, 0, 0, 0, 0, 0, 0, 0, 0}).u32(0xffffffff);  // longer than we know
  test::put_packet(file, 0, 1234, test::headers({}), file.sub().option(0x8001, option.bytes()));
  Writer lost = file.sub();
  for (const std::uint64_t value : {1, 2, 3, 4, 5, 6, 7, 8, 9}) lost.u64(value);
  file.block(
      5,
      file.sub().u32(0).u64(0).option(5, file.sub().u64(4).bytes()).option(0x8002, lost.bytes()));

  const auto source = open_file(test::MemoryFile(file.bytes()).path());
  const Contents read = test::read_all(*source);
  ASSERT_EQ(read.packets.size(), 1);
  const tscope_record& record = read.packets[0].record;
  EXPECT_EQ(read.packets[0].time_ns, 1234);
  EXPECT_EQ(read.at[0], (Interface{"a/b", Vantage::socket_rx}));
  EXPECT_EQ(record.vantage, TSCOPE_SOCKET_RX);
  EXPECT_EQ(record.tsc, 99);
  EXPECT_EQ(record.wire_len, 70000);
  EXPECT_EQ(record.cpu, 6);
  EXPECT_EQ(record.segs, 7);
  EXPECT_EQ(record.flags, 8);
  EXPECT_EQ(read.loss.dropped[TSCOPE_SOCKET_RX][TSCOPE_LOST_CONTENDED].segments, 4);
  EXPECT_EQ(read.loss.missed, 5);
  EXPECT_EQ(read.loss.elsewhere, 0) << "told already, by cause";
  EXPECT_EQ(read.clock.error_ns, 8);
  EXPECT_EQ(read.facts.at("filter"), "x");
  EXPECT_EQ(source->tsc_khz(), 9);
  EXPECT_EQ(source->take_anchors().at(0).realtime_ns, 8);
  EXPECT_EQ(source->link_type(), LinkType::raw_ip);
}

TEST(FileSource, TimeResolutionsAndOffsets) {
  struct Case {
    Bytes resolution;
    std::uint64_t ticks;
    std::int64_t time_ns;
  };
  const Case cases[] = {{{}, 1'000'001, second + 1000},
                        {{6}, 1'000'001, second + 1000},
                        {{9}, 1'700'000'000'123'456'789, 1'700'000'000'123'456'789},
                        {{3}, 2001, 2 * second + 1'000'000},
                        {{0}, 7, 7 * second},
                        {{12}, 1'000'000'001'500, second + 2},
                        {{0x80 | 10}, 1024 + 512, second + second / 2},
                        {{19}, 12'345'000'000'000'000'000ULL, second + 234'500'000},
                        {{0x80 | 64}, 1ULL << 63, second / 2},
                        {{0x80 | 32}, (5ULL << 32) + (1ULL << 31), 5 * second + second / 2}};
  for (const auto& [resolution, ticks, time_ns] : cases) {
    for (const std::int64_t offset_s : {std::int64_t{0}, std::int64_t{100}, std::int64_t{-3}}) {
      Writer options;
      if (!resolution.empty()) options.option(9, resolution);
      if (offset_s != 0) options.option(14, Writer().put(offset_s).bytes());
      Writer file;
      test::put_section(file);
      test::put_interface(file, 101, options);
      test::put_packet(file, 0, ticks, test::headers({}), Writer());
      const Contents read = test::read_memory(file.bytes());
      ASSERT_EQ(read.packets.size(), 1);
      EXPECT_EQ(read.packets[0].time_ns, time_ns + offset_s * second) << ticks;
    }
  }
}

TEST(FileSource, SectionsHaveTheirOwnInterfacesAndByteOrder) {
  Writer little(false), big(true);
  test::put_section(little);
  test::put_interface(little, 101, Writer().text_option(2, "one"));
  test::put_packet(little, 0, 1, test::headers({}), Writer());
  little.block(5, Writer().u32(0).u64(0).option(5, Writer().u64(3).bytes()));
  little.block(5, Writer().u32(0).u64(0).option(5, Writer().u64(4).bytes()));
  test::put_section(big);
  test::put_interface(big, 1, Writer(true).text_option(2, "two"));
  test::put_packet(big, 0, 2, test::ethernet(test::headers({})), Writer(true));
  test::put_packet(big, 1, 2, test::ethernet(test::headers({})), Writer(true));  // not described
  big.block(5, Writer(true).u32(0).u64(0).option(5, Writer(true).u64(10).bytes()));

  Writer file;
  file.raw(little.bytes()).raw(big.bytes()).raw(little.bytes());
  const Contents read = test::read_memory(file.bytes());
  ASSERT_EQ(read.packets.size(), 2);
  EXPECT_EQ(read.census.copies, 1) << "the third section's packet is the first one's";
  EXPECT_THAT(read.at, ElementsAre(Interface{"one", Vantage::tap}, Interface{"two", Vantage::tap}));
  EXPECT_EQ(read.interfaces.size(), 2);
  EXPECT_EQ(read.loss.elsewhere, 4 + 10 + 4) << "the last of each interface counts";
  EXPECT_EQ(read.census.skipped(), 1);
}

TEST(FileSource, LinkLayers) {
  struct Case {
    unsigned link_type;
    Bytes before;
  };
  const Bytes mac(12, 2);
  const auto frame = [&](const Bytes& rest) {
    Bytes all = mac;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  const Case readable[] = {
      {1, frame({8, 0})},
      {1, frame({0x81, 0, 0, 5, 8, 0})},
      {1, frame({0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 8, 0})},
      {1, frame({0x81, 0, 0, 5, 0x81, 0, 0, 5, 0x81, 0, 0, 5, 8, 0})},
      {0, {2, 0, 0, 0}},
      {108, {0, 0, 0, 2}},
      {12, {}},
      {14, {}},
      {101, {}},
      {228, {}},
      {113, {0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0}},
      {276, {8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0}},
  };
  const Case skipped[] = {
      {1, frame({8, 6})},
      {113, {0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 6}},
  };
  const auto read = [](const Case& c, std::size_t cut) {
    Bytes packet = c.before;
    const Bytes ip = test::headers({});
    packet.insert(packet.end(), ip.begin(), ip.end());
    packet.resize(packet.size() - cut);
    Writer file;
    test::put_section(file);
    test::put_interface(file, c.link_type, Writer());
    test::put_packet(file, 0, 1, packet, Writer());
    return test::read_memory(file.bytes()).packets;
  };
  for (const Case& c : readable) {
    const auto packets = read(c, 0);
    ASSERT_EQ(packets.size(), 1) << c.link_type;
    EXPECT_EQ(packets[0].record.wire_len, 52) << c.link_type;
    EXPECT_EQ(packets[0].record.seq, 1000) << c.link_type;
    const std::size_t length = c.before.size() + 52;
    for (std::size_t left = 0; left <= length; left++) {
      EXPECT_EQ(read(c, length - left).size(), left >= c.before.size() + 40 ? 1 : 0)
          << c.link_type << " cut to " << left;
    }
  }
  for (const Case& c : skipped) EXPECT_EQ(read(c, 0).size(), 0) << c.link_type;
}

TEST(FileSource, OnlyTheUnreadableInterfaceIsSkipped) {
  Writer file;
  test::put_section(file);
  test::put_interface(file, 105, Writer());
  test::put_interface(file, 101, Writer());
  test::put_packet(file, 0, 1, test::headers({}), Writer());
  test::put_packet(file, 1, 1, test::headers({}), Writer());
  const Contents read = test::read_memory(file.bytes());
  EXPECT_EQ(read.packets.size(), 1);
  EXPECT_EQ(read.census.skipped(), 1);
}

TEST(FileSource, AHeaderLongerThanTheRecordIsCut) {
  Bytes packet = test::headers({});
  packet.resize(1000);
  Writer file;
  test::put_section(file);
  test::put_interface(file, 101, Writer());
  test::put_packet(file, 0, 1, packet, Writer());
  EXPECT_EQ(test::read_memory(file.bytes()).packets.at(0).record.header_len, TSCOPE_HEADER_MAX);
}

TEST(FileSource, RecordOptionsThatMakeNoSenseLeaveThePacket) {
  Bytes good(48);
  good[38] = TSCOPE_PACKET;
  const auto read = [](const Bytes& option) {
    Writer file;
    test::put_section(file);
    test::put_interface(file, 101, Writer().text_option(2, "eth0/driver-tx"));
    test::put_packet(file, 0, 1, test::headers({}), Writer().option(0x8001, option));
    return test::read_memory(file.bytes()).packets.at(0).record;
  };
  EXPECT_EQ(read(good).seq, 0) << "as the option has it";
  EXPECT_EQ(read(good).segs, 1) << "none is not possible";
  Bytes bad = good;
  bad[38] = 99;
  EXPECT_EQ(read(bad).seq, 1000) << "by the header: unknown kind";
  bad = good;
  bad.resize(44);
  EXPECT_EQ(read(bad).seq, 1000) << "by the header: too short";
  EXPECT_EQ(read(bad).vantage, TSCOPE_DRIVER_TX);
}

TEST(FileSource, APipeIsReadToo) {
  const Bytes bytes = test::read_bytes(test::golden(test::golden_capture));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  std::thread writer([&] {
    for (std::size_t at = 0; at < bytes.size(); at += 100) {
      const std::size_t count = std::min<std::size_t>(100, bytes.size() - at);
      if (write(ends[1], &bytes[at], count) < 0) break;
    }
    close(ends[1]);
  });
  const Contents read = test::read_file("/proc/self/fd/" + std::to_string(ends[0]));
  writer.join();
  close(ends[0]);
  EXPECT_EQ(read.packets.size(), test::golden_packets().size());
  EXPECT_FALSE(read.truncated);
}

}  // namespace
}  // namespace tscope
