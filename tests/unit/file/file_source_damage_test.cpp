// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "tscope/record/headers.hpp"
#include "unit/file/golden_capture.hpp"

namespace tscope {
namespace {

using test::Bytes;
using test::Contents;
using test::Writer;
using testing::HasSubstr;
using testing::Not;

std::uint32_t u32(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, &bytes.at(at), sizeof(value));
  return value;
}

// Where a file may end without being cut off, and how many packet blocks are whole by then. The
// golden files hold no packet that is not TCP but the last one of three-interfaces.
std::map<std::size_t, std::size_t> whole_until(const Bytes& bytes) {
  std::map<std::size_t, std::size_t> ends;
  std::size_t packets = 0;
  if (u32(bytes, 0) != 0x0a0d0d0a) {
    for (std::size_t at = 24; at < bytes.size(); at += 16 + u32(bytes, at + 8)) {
      ends[at] = packets++;
    }
  } else {
    for (std::size_t at = 0; at < bytes.size(); at += u32(bytes, at + 4)) {
      if (at > 0) ends[at] = packets;
      if (u32(bytes, at) == 6) packets++;
    }
  }
  ends[bytes.size()] = packets;
  return ends;
}

class GoldenFile : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(FileSource, GoldenFile,
                         testing::Values("pcap-microseconds.pcap", "pcap-nanoseconds-ipv6.pcap",
                                         "pcapng-three-interfaces.pcapng", test::golden_capture),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST_P(GoldenFile, CutAtEveryByteGivesEveryWholeBlock) {
  const Bytes bytes = test::read_bytes(test::golden(GetParam()));
  const auto ends = whole_until(bytes);
  const std::size_t readable = test::read_memory(bytes).packets.size();
  for (std::size_t length = 1; length <= bytes.size(); length++) {
    const Contents read = test::read_memory(std::span(bytes).first(length));
    const auto next = ends.upper_bound(length);
    const std::size_t whole = next == ends.begin() ? 0 : std::prev(next)->second;
    ASSERT_EQ(read.packets.size(), std::min(whole, readable)) << length;
    ASSERT_EQ(read.truncated, !ends.contains(length)) << length;
  }
}

// Reads to the end or to an Error of one line, checking what analyses rely on. False for an Error.
bool survives(const Bytes& bytes) {
  const test::MemoryFile file(bytes);
  try {
    const auto source = open_file(file.path());
    Packet packet;
    while (source->next(packet) == Source::Next::packet) {
      EXPECT_LT(packet.interface, source->interfaces().size());
      EXPECT_LE(packet.record.header_len, TSCOPE_HEADER_MAX);
      EXPECT_GE(packet.record.segs, 1);
      EXPECT_NE(vantage_name(packet.vantage()), "unknown");
      decode_tcp(packet.record);
    }
    source->loss();
    source->clock();
    source->take_anchors();
    return true;
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return false;
  }
}

void mutate(Bytes& bytes, std::mt19937& random) {
  const auto number = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  constexpr std::uint32_t interesting[] = {0, 1, 4, 12, 13, 16, 0x7fffffff, 0x80000000, 0xffffffff};
  const std::size_t at = number(bytes.size());
  switch (number(5)) {
    case 0:
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << number(8));
      break;
    case 1:
      bytes[at] = static_cast<std::uint8_t>(number(256));
      break;
    case 2: {
      const std::size_t word = at / 4 * 4;
      const std::uint32_t value = interesting[number(std::size(interesting))];
      std::memcpy(&bytes[word], &value, std::min<std::size_t>(4, bytes.size() - word));
      break;
    }
    case 3:
      bytes.resize(at + 1);
      break;
    default: {  // a stretch a second time, somewhere
      const Bytes stretch(
          bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + number(200))));
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(number(bytes.size())),
                   stretch.begin(), stretch.end());
    }
  }
}

TEST_P(GoldenFile, MutationsNeverCrashOrHang) {
  const Bytes golden = test::read_bytes(test::golden(GetParam()));
  std::mt19937 random(42);
  int readable = 0;
  constexpr int rounds = 6000;
  for (int i = 0; i < rounds; i++) {
    Bytes bytes = golden;
    for (auto n = random() % 6 + 1; n > 0 && !bytes.empty(); n--) mutate(bytes, random);
    readable += survives(bytes) ? 1 : 0;
    if (HasFailure()) FAIL() << "round " << i;
  }
  EXPECT_GT(readable, rounds / 100) << "most mutations die at once: they test nothing";
  EXPECT_LT(readable, rounds);
}

TEST(FileSourceDamage, NoCaptureFile) {
  EXPECT_THAT(test::error_of(Bytes{}), HasSubstr("is empty"));
  EXPECT_THAT(test::error_of(Bytes{'h', 'e', 'l', 'l', 'o', '\n'}),
              HasSubstr("neither pcapng nor pcap"));
  EXPECT_THAT(test::error_of(Bytes{'h'}), HasSubstr("neither pcapng nor pcap"));
  EXPECT_THROW(open_file("/nonexistent/file"), Error);
  EXPECT_THROW(open_file("/tmp"), Error);
}

Writer beginning() {
  Writer file;
  test::put_section(file);
  test::put_interface(file, 101, Writer());
  return file;
}

TEST(FileSourceDamage, LengthsThatCannotBeNameTheBlocksPlace) {
  const std::size_t at = beginning().bytes().size();
  for (const std::uint32_t length : {0U, 4U, 8U, 13U, 0x01000004U, 0xfffffffcU, 0xffffffffU}) {
    const Bytes bytes = beginning().u32(6).u32(length).u64(0).u64(0).bytes();
    const std::string error = test::error_of(bytes);
    EXPECT_THAT(error, HasSubstr("byte " + std::to_string(at))) << length;
    EXPECT_THAT(error, HasSubstr(std::to_string(length))) << length;
  }
  // As long as may be, and cut off: not damage.
  EXPECT_EQ(test::error_of(beginning().u32(6).u32(0x01000000).u64(0).bytes()), "");
}

TEST(FileSourceDamage, ATrailerThatDiffersIsDamage) {
  Bytes bytes = beginning().bytes();
  bytes[bytes.size() - 4] ^= 4;
  EXPECT_THAT(test::error_of(bytes), HasSubstr("byte 28"));
}

TEST(FileSourceDamage, ASectionWithoutByteOrderIsDamage) {
  const Bytes bytes = Writer().u32(0x0a0d0d0a).u32(28).u32(0x12345678).u64(0).bytes();
  EXPECT_THAT(test::error_of(bytes), HasSubstr("byte 0"));
}

TEST(FileSourceDamage, APcapPacketOf4GiBIsDamage) {
  Writer file;
  file.u32(0xa1b2c3d4).u16(2).u16(4).u64(0).u32(65535).u32(1);
  file.u32(1).u32(1).u32(0xffffffff).u32(0xffffffff);
  EXPECT_THAT(test::error_of(file.bytes()), HasSubstr("byte 24"));
}

TEST(FileSourceDamage, PacketsBeforeTheDamageAreDelivered) {
  Writer file = beginning();
  test::put_packet(file, 0, 1, test::headers({}), Writer());
  file.u32(6).u32(7);
  const test::MemoryFile memory(file.bytes());
  const auto source = open_file(memory.path());
  Packet packet;
  EXPECT_EQ(source->next(packet), Source::Next::packet);
  EXPECT_THROW(source->next(packet), Error);
}

TEST(FileSourceDamage, APacketLongerThanItsBlockIsSkipped) {
  Writer file = beginning();
  file.block(6, Writer().u32(0).u64(0).u32(5000).u32(5000).raw(test::headers({})));
  file.block(6, Writer().u32(0));
  file.block(3, Writer());
  const Contents read = test::read_memory(file.bytes());
  EXPECT_TRUE(read.packets.empty());
  EXPECT_EQ(read.census.skipped(), 3);
}

constexpr unsigned long long too_late = 1ULL << 62;  // ns: in 2116

TEST(FileSourceDamage, AForeignTimeThatCannotBeIsNone) {
  for (const std::uint64_t time : {too_late, ~0ULL >> 1, 1ULL << 63, ~0ULL << 56}) {
    Writer file;
    test::put_section(file);
    test::put_interface(file, 101, Writer().option(9, Bytes{9}));
    for (unsigned i = 0; i < 16; i++) {
      const Bytes frame = test::headers({.seq = 1000 + i});
      test::put_packet(file, 0, i % 2 == 0 ? 1000 + i : time, frame, Writer());
    }
    const Contents read = test::read_memory(file.bytes());
    ASSERT_EQ(read.packets.size(), 16) << time;
    EXPECT_EQ(read.packets[1].time_ns, 0) << time;
    EXPECT_TRUE(read.packets[1].late) << time;
    EXPECT_EQ(read.census.without_time, 8) << time;
  }
}

TEST(FileSourceDamage, ARecordOfOursWithSuchATimeIsSkipped) {
  Bytes record(48);
  record[38] = TSCOPE_PACKET;
  Writer file;
  test::put_section(file);
  test::put_interface(file, 101, Writer().option(9, Bytes{9}).text_option(2, "eth0/driver-tx"));
  for (const std::uint64_t time : {1000ULL, too_late, 1ULL << 63}) {
    test::put_packet(file, 0, time, test::headers({}), Writer().option(0x8001, record));
  }
  const Contents read = test::read_memory(file.bytes());
  EXPECT_EQ(read.packets.size(), 1);
  EXPECT_EQ(read.census.skipped(SkipReason::no_record), 2);
}

TEST(FileSourceDamage, ClocksOfSuchTimesAndErrorsAreNotBelieved) {
  Writer file;
  test::put_section(file);
  test::put_interface(file, 101, Writer().text_option(2, "eth0/driver-tx"));
  const auto anchor = [&](std::uint64_t raw, std::uint64_t real) {
    file.block(0x80000001, Writer().u64(raw).u64(1).u64(raw).u64(real).u32(3'000'000).u32(0));
  };
  anchor(too_late, 5000);
  anchor(1000, ~0ULL >> 1);
  anchor(1000, 1ULL << 63);
  anchor(1000, 5000);
  anchor(2000, 6000);
  Writer loss;
  for (int i = 0; i < 7; i++) loss.u64(0);
  loss.u64(~0ULL >> 1).u64(0);
  file.block(5, Writer().u32(0).u64(0).option(0x8002, loss.bytes()));
  const Contents read = test::read_memory(file.bytes());
  EXPECT_EQ(read.clock.end_ns, 6000);
  EXPECT_EQ(read.clock.error_ns, 100LL * 365 * 86'400 * 1'000'000'000) << "as good as unknown";
}

}  // namespace
}  // namespace tscope
