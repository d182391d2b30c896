// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <random>

#include "tscope/file/capture_file.hpp"
#include "unit/file/capture_bytes.hpp"
#include "unit/record/packet_ids.hpp"

namespace tscope {
namespace {

using test::Bytes;
using test::Contents;
using test::MemoryFile;
using test::Segment;
using test::Writer;

const std::map<std::string, std::string> facts{
    {"cpu", "a CPU"}, {"kernel", "6.12.0"}, {"tool", "tscope 0.1.0"}, {"filter", "tcp port 5001"}};

bool same(const tscope_record& a, const tscope_record& b) {
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

ClockInfo clock_info(std::int64_t error_ns, std::uint64_t steps) {
  ClockInfo info;
  info.source = "tsc";
  info.error_ns = error_ns;
  info.steps = steps;
  return info;
}

// Every byte of a file, worked out from docs/file-format.md and the pcapng draft.
TEST(PcapngWriter, BytesAreAsDocumented) {
  MemoryFile memory;
  Packet packet = test::packet_at(Vantage::driver_rx, {}, 0x1122334455667788);
  tscope_record& record = packet.record;
  record.tsc = 0x0102030405060708;
  record.netns = 0x11111111;
  record.ifindex = 2;
  record.seq = 0x33333333;
  record.seq_end = 0x44444444;
  record.wire_len = 3052;
  record.napi_poll = 0x66666666;
  record.cpu = 3;
  record.segs = 2;
  record.flags = TSCOPE_F_SOFTIRQ;
  record.flags |= TSCOPE_F_LINK;
  for (std::uint8_t i = 0; i < 12; i++) record.link[i] = i;
  record.link[12] = 8;
  packet.late = true;
  Loss loss;
  loss.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL] = {5, 7};
  loss.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_CONTENDED] = {1, 1};
  loss.missed = 8;
  loss.late = 9;
  loss.invalid = 10;
  {
    CaptureFile file(memory.path(), LinkType::ethernet, {{"cpu", "abc"}, {"kernel", "6"}});
    file.write(Anchor{100, 20, 300, 400}, 3'000'000);
    file.write(packet, {"eth0", Vantage::driver_rx});
    file.write_statistics(loss, clock_info(77, 2), 5);
  }

  Writer expected;
  expected.block(0x0a0d0d0a, Writer()
                                 .u32(0x1a2b3c4d)
                                 .u16(1)
                                 .u16(0)
                                 .u64(~0ULL)
                                 .text_option(2, "abc")
                                 .text_option(3, "6")
                                 .u32(0));
  expected.block(0x80000002, Writer().text_option(1, R"({"cpu":"abc","kernel":"6"})").u32(0));
  expected.block(0x80000001, Writer().u64(100).u64(20).u64(300).u64(400).u32(3'000'000).u32(0));
  expected.block(1, Writer()
                        .u16(1)
                        .u16(0)
                        .u32(262144)
                        .text_option(2, "eth0/driver-rx")
                        .option(9, Bytes{9})
                        .u32(0));
  Writer option;
  option.u64(0x0102030405060708).u32(0x11111111).u32(2).u32(0x33333333).u32(0x44444444);
  option.u32(3052).u32(0x66666666).u16(3).u16(2).u16(4).raw(Bytes{1, 1, 14, 1}).raw(Bytes(6));
  expected.block(6, Writer()
                        .u32(0)
                        .u32(0x11223344)
                        .u32(0x55667788)
                        .u32(14 + 52)
                        .u32(14 + 3052)
                        .raw(std::span(record.link))
                        .raw(test::headers({}))
                        .pad()
                        .option(2, Bytes{1, 0, 0, 0})
                        .option(0x8001, option.bytes())
                        .u32(0));
  Writer lost;
  for (const std::uint64_t value : {5, 7, 1, 1, 8, 9, 10, 77, 2}) lost.u64(value);
  expected.block(5, Writer()
                        .u32(0)
                        .u32(0)
                        .u32(5)
                        .option(4, Writer().u64(7).bytes())
                        .option(5, Writer().u64(6).bytes())
                        .option(8, Writer().u64(1).bytes())
                        .option(0x8002, lost.bytes())
                        .u32(0));
  EXPECT_EQ(memory.bytes(), expected.bytes());
}

tscope_record random_record(std::mt19937& random, bool ethernet) {
  const auto number = [&](std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit)(random);
  };
  Segment segment;
  segment.v6 = number(1) != 0;
  segment.seq = static_cast<std::uint32_t>(random());
  tscope_record record = test::packet_at(Vantage::driver_rx, segment, 0).record;
  while (record.header_len < TSCOPE_HEADER_MAX && number(3) != 0) {
    record.header[record.header_len++] = static_cast<std::uint8_t>(number(255));
  }
  record.tsc = static_cast<std::uint64_t>(random()) << 32 | random();
  record.netns = static_cast<std::uint32_t>(random());
  record.ifindex = static_cast<std::uint32_t>(random());
  record.seq = static_cast<std::uint32_t>(random());
  record.seq_end = static_cast<std::uint32_t>(random());
  record.wire_len = number(200000);
  record.napi_poll = static_cast<std::uint32_t>(random());
  record.cpu = static_cast<std::uint16_t>(random());
  record.segs = static_cast<std::uint16_t>(1 + number(44));
  record.flags = number(0x3ffff) & ~TSCOPE_F_LINK;
  if ((record.flags & TSCOPE_F_VLAN) != 0) record.vlan_tci = static_cast<std::uint16_t>(random());
  record.kind = static_cast<std::uint8_t>(1 + number(2));
  if (ethernet && number(1) != 0) {
    record.flags |= TSCOPE_F_LINK;
    for (std::uint8_t& byte : record.link) byte = static_cast<std::uint8_t>(number(255));
  }
  return record;
}

// As Wireshark expects it: the tag stands in the frame, wherever the kernel kept it.
TEST(PcapngWriter, ATagTakenOutOfTheFrameIsPutBack) {
  for (const auto& [flag, type] :
       {std::pair<std::uint32_t, std::uint16_t>{0, 0x8100}, {TSCOPE_F_VLAN_AD, 0x88a8}}) {
    MemoryFile memory;
    Packet packet = test::packet_at(Vantage::driver_rx, {}, 1);
    packet.record.flags = TSCOPE_F_VLAN | TSCOPE_F_LINK | flag;
    packet.record.vlan_tci = 0x600a;
    for (std::uint8_t i = 0; i < 12; i++) packet.record.link[i] = i;
    packet.record.link[12] = 8;
    {
      CaptureFile file(memory.path(), LinkType::ethernet, {});
      file.write(packet, {"eth0 vlan 10", Vantage::driver_rx});
    }
    const auto bytes = memory.bytes();
    const Bytes frame{0,
                      1,
                      2,
                      3,
                      4,
                      5,
                      6,
                      7,
                      8,
                      9,
                      10,
                      11,
                      static_cast<std::uint8_t>(type >> 8),
                      static_cast<std::uint8_t>(type),
                      0x60,
                      0x0a,
                      8,
                      0,
                      0x45};
    EXPECT_NE(std::ranges::search(bytes, frame).begin(), bytes.end()) << type;
    const Contents read = test::read_memory(bytes);
    ASSERT_EQ(read.packets.size(), 1U);
    EXPECT_EQ(std::memcmp(&read.packets[0].record, &packet.record, sizeof(tscope_record)), 0);
  }
}

class PcapngRoundTrip : public testing::TestWithParam<LinkType> {};

TEST_P(PcapngRoundTrip, GivesBackEveryRecordAsItWas) {
  std::mt19937 random(1);
  MemoryFile memory;
  std::vector<Packet> written;
  const Interface interfaces[] = {{"eth0", Vantage::driver_rx},   {"eth0", Vantage::socket_rx},
                                  {"eth0", Vantage::app_rx},      {"eth0", Vantage::app_tx},
                                  {"any", Vantage::socket_tx},    {"eth/1", Vantage::qdisc_tx},
                                  {"vlan.7", Vantage::driver_tx}, {"any", Vantage::session}};
  {
    CaptureFile file(memory.path(), GetParam(), facts);
    for (int i = 0; i < 3000; i++) {
      Packet packet;
      packet.interface = static_cast<std::uint32_t>(random() % std::size(interfaces));
      packet.time_ns = 1'700'000'000'000'000'000 + i;
      packet.late = random() % 2 != 0;
      packet.record = random_record(random, GetParam() == LinkType::ethernet);
      const Interface& interface = interfaces[packet.interface];
      packet.record.vantage = static_cast<std::uint8_t>(interface.vantage);
      file.write(packet, interface);
      written.push_back(packet);
    }
  }
  const Contents read = test::read_file(memory.path());
  EXPECT_FALSE(read.truncated);
  ASSERT_EQ(read.packets.size(), written.size());
  for (std::size_t i = 0; i < written.size(); i++) {
    EXPECT_TRUE(same(read.packets[i].record, written[i].record)) << i;
    EXPECT_EQ(read.packets[i].time_ns, written[i].time_ns);
    EXPECT_EQ(read.packets[i].late, written[i].late);
    EXPECT_EQ(read.at[i], interfaces[written[i].interface]) << i;
  }
  EXPECT_EQ(read.facts, facts);
}

INSTANTIATE_TEST_SUITE_P(LinkTypes, PcapngRoundTrip,
                         testing::Values(LinkType::ethernet, LinkType::raw_ip),
                         [](const auto& parameter) {
                           return parameter.param == LinkType::ethernet ? "Ethernet" : "RawIp";
                         });

TEST(PcapngWriter, AWireSegmentHasOneIdAtEveryVantagePoint) {
  std::vector<Packet> packets;
  const Segment segment;
  packets.push_back(test::packet_at(Vantage::driver_rx, segment, 0));
  packets.push_back(test::packet_at(Vantage::socket_rx, segment, 0));
  packets[1].record.header[1] = 3;    // marked on the way
  packets[1].record.header[8] = 63;   // a hop further
  packets[1].record.header[36] = 99;  // checksum
  for (int i = 2; i < 8; i++) packets.push_back(packets[0]);
  packets[2].record.header[5] = 8;  // another IP id
  Segment other = segment;
  other.tsval++;
  packets[3] = test::packet_at(Vantage::driver_rx, other, 0);
  packets[4].record.segs = 2;
  packets[5].record.flags = TSCOPE_F_SYNTH_IP;
  packets[6].record.flags = TSCOPE_F_COALESCED;
  packets[7].record.flags = TSCOPE_F_CUT;
  const auto ids = test::packet_ids(packets);
  ASSERT_EQ(ids.size(), packets.size());
  EXPECT_NE(ids[0], 0);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_NE(ids[0], ids[3]);
  EXPECT_THAT(std::span(ids).subspan(4), testing::Each(0));
}

TEST(PcapngWriter, LossAndClockComeBackAndTheLastCounts) {
  MemoryFile memory;
  Loss loss;
  {
    CaptureFile file(memory.path(), LinkType::ethernet, facts);
    for (const char* device : {"eth0", "eth1"}) {
      Packet packet = test::packet_at(Vantage::driver_rx, {}, 1);
      packet.interface = device[3] - '0';
      file.write(packet, {device, Vantage::driver_rx});
    }
    loss.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL] = {100, 200};
    file.write_statistics(loss, clock_info(5000, 0), 2);
    loss.dropped[TSCOPE_DRIVER_RX][TSCOPE_LOST_FULL] = {101, 202};
    loss.dropped[TSCOPE_DRIVER_TX][TSCOPE_LOST_CONTENDED] = {3, 4};
    loss.missed = 5;
    loss.invalid = 6;
    loss.late = 7;
    file.write_statistics(loss, clock_info(99, 1), 3);
  }
  const Contents read = test::read_file(memory.path());
  EXPECT_EQ(read.loss.at(Vantage::driver_rx).records, 101);
  EXPECT_EQ(read.loss.at(Vantage::driver_rx).segments, 202);
  EXPECT_EQ(read.loss.dropped[TSCOPE_DRIVER_TX][TSCOPE_LOST_CONTENDED].segments, 4);
  EXPECT_EQ(read.loss.missed, 5);
  EXPECT_EQ(read.loss.invalid, 6);
  EXPECT_EQ(read.loss.late, 7);
  EXPECT_EQ(read.loss.elsewhere, 0);
  EXPECT_EQ(read.loss.lost(), 101 + 3 + 5 + 6);
  EXPECT_EQ(read.clock.source, "tsc");
  EXPECT_EQ(read.clock.error_ns, 99);
  EXPECT_EQ(read.clock.steps, 1);
  EXPECT_THAT(read.interfaces, testing::ElementsAre(Interface{"eth0", Vantage::driver_rx},
                                                    Interface{"eth1", Vantage::driver_rx},
                                                    Interface{"any", Vantage::driver_tx}));
}

TEST(PcapngWriter, AnchorsComeBackInOrderAndTellTheRate) {
  MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::raw_ip, {});
    file.write(Anchor{1000, 10, 5, 6}, 2'500'000);
    file.write(Anchor{1000 + 5'000'000'000, 30, 2'000'000'005, 2'000'000'007}, 2'500'000);
  }
  const auto source = open_file(memory.path());
  Packet packet;
  EXPECT_EQ(source->next(packet), Source::Next::end);
  const auto anchors = source->take_anchors();
  ASSERT_EQ(anchors.size(), 2);
  EXPECT_EQ(anchors[0].tsc, 1000);
  EXPECT_EQ(anchors[1].width, 30);
  EXPECT_EQ(anchors[1].realtime_ns, 2'000'000'007);
  EXPECT_TRUE(source->take_anchors().empty());
  EXPECT_EQ(source->tsc_khz(), 2'500'000);
  EXPECT_DOUBLE_EQ(source->clock().tsc_hz, 2.5e9);
}

TEST(PcapngWriter, ACaptureWithoutPacketsStillDescribesAnInterface) {
  MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::raw_ip, facts);
    file.write_statistics({}, clock_info(12, 0), 1);
    file.flush();
  }
  const Contents read = test::read_file(memory.path());
  EXPECT_TRUE(read.packets.empty());
  EXPECT_EQ(read.interfaces.size(), 1);
  EXPECT_EQ(read.clock.error_ns, 12);
}

TEST(PcapngWriter, TheHeaderIsThereBeforeTheFirstPacket) {
  MemoryFile memory;
  const CaptureFile file(memory.path(), LinkType::raw_ip, facts);
  EXPECT_EQ(memory.bytes().size(), file.bytes());
  EXPECT_EQ(test::read_file(memory.path()).facts, facts);
}

TEST(PcapngWriter, FactsThatDoNotFitAreLeftOutWhole) {
  MemoryFile memory;
  auto many = facts;
  many["huge"] = std::string(100'000, 'x');
  many["odd"] = "\xff\xfe";
  { const CaptureFile file(memory.path(), LinkType::raw_ip, many); }
  const Contents read = test::read_file(memory.path());
  EXPECT_EQ(read.facts.count("huge"), 0);
  EXPECT_EQ(read.facts.at("filter"), "tcp port 5001");
  EXPECT_EQ(read.facts.count("odd"), 1);
}

TEST(PcapngWriter, UnwritableOutputIsFoundAtOnce) {
  EXPECT_THROW(CaptureFile("/nonexistent/file", LinkType::raw_ip, {}), Error);
  EXPECT_THROW(CaptureFile("/dev/full", LinkType::raw_ip, {}), Error);
}

// A file size limit stands in for a full disk: it too takes a part of a write and refuses the rest.
TEST(PcapngWriter, AFullDiskLeavesWholeBlocks) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("tscope-full-" + std::to_string(getpid()) + ".pcapng");
  auto* const old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit limit{20'001, old_limit.rlim_max};
  std::string message;
  std::uint64_t claimed = 0;
  {
    CaptureFile file(path, LinkType::ethernet, facts);
    for (int i = 0; i < 300; i++) {
      file.write(test::packet_at(Vantage::driver_rx, {}, i), {"eth0", Vantage::driver_rx});
    }
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      file.flush();
    } catch (const Error& error) {
      message = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &old_limit);
    claimed = file.bytes();
  }
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(message, testing::HasSubstr("stays readable"));
  const Contents read = test::read_file(path);
  EXPECT_EQ(std::filesystem::file_size(path), claimed);
  EXPECT_FALSE(read.truncated);
  EXPECT_GT(read.packets.size(), 50);
  EXPECT_LT(read.packets.size(), 200);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tscope
