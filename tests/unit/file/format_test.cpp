// SPDX-License-Identifier: MIT
#include "file/format.hpp"

#include <gmock/gmock.h>

#include "tscope/file/capture_file.hpp"
#include "unit/file/capture_bytes.hpp"

// What the writer puts into a field the reader takes from there. Each test writes a file in which
// no two fields are alike, reads it back whole, and then changes each byte of one option or block
// in turn: what is read must change with it, or the field is not read.
namespace tscope {
namespace {

using test::Bytes;

struct Everything {
  test::Contents contents;
  std::vector<NicStamps> nics;
  std::vector<Anchor> anchors;
  std::vector<NicReading> readings;
  std::uint32_t tsc_khz = 0;
};

Everything read_everything(const Bytes& bytes) {
  const test::MemoryFile memory(bytes);
  const auto source = open_file(memory.path());
  Everything all;
  all.contents = test::read_all(*source);
  all.nics = source->nic_stamps();
  all.anchors = source->take_anchors();
  all.readings = source->take_nic_readings();
  all.tsc_khz = source->tsc_khz();
  return all;
}

bool same(const Anchor& a, const Anchor& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same(const Packet& a, const Packet& b) {
  return std::memcmp(&a.record, &b.record, sizeof a.record) == 0 && a.time_ns == b.time_ns &&
         a.late == b.late;
}

bool same(const Loss& a, const Loss& b) {
  for (std::size_t vantage = 0; vantage < a.dropped.size(); vantage++) {
    for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
      const auto &one = a.dropped[vantage][cause], &other = b.dropped[vantage][cause];
      if (one.records != other.records || one.segments != other.segments) return false;
    }
  }
  return a.missed == b.missed && a.late == b.late && a.invalid == b.invalid;
}

bool same(const NicStamps& a, const NicStamps& b) {
  const auto all = [](const NicStamps& s) {
    return std::tuple(s.interface.device, s.interface.vantage, s.error_ns, s.used, s.zero, s.still,
                      s.stray, s.no_clock, s.steps, s.phc);
  };
  return all(a) == all(b);
}

template <typename T>
bool all_same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& one, const T& other) { return same(one, other); });
}

bool same(const Everything& a, const Everything& b) {
  return all_same(a.contents.packets, b.contents.packets) && a.contents.at == b.contents.at &&
         same(a.contents.loss, b.contents.loss) &&
         a.contents.clock.error_ns == b.contents.clock.error_ns &&
         a.contents.clock.steps == b.contents.clock.steps &&
         a.contents.counter_check == b.contents.counter_check && all_same(a.nics, b.nics) &&
         all_same(a.anchors, b.anchors) && a.readings == b.readings && a.tsc_khz == b.tsc_khz;
}

struct Written {
  Bytes bytes;
  Everything expected;
};

// A packet, a probe and a packet that the NIC stamped, with all that goes with them.
Written write_everything() {
  Written written;
  Everything& all = written.expected;
  const std::vector<Interface> at = {
      {"eth0", Vantage::driver_rx}, {"eth1", Vantage::driver_tx}, {"eth2", Vantage::hw_rx}};
  for (const Interface& interface : at) {
    test::Segment segment;
    Packet packet = test::packet_at(interface.vantage, segment, 0x0102030405060708);
    packet.interface = static_cast<std::uint32_t>(all.contents.packets.size());
    packet.late = true;
    tscope_record& record = packet.record;
    record.tsc = 0x1112131415161718;
    record.netns = 0x21222324;
    record.ifindex = 0x25262728;
    record.seq = 0x31323334;
    record.seq_end = 0x35363738;
    record.wire_len = 0x00014344;
    record.napi_poll = 0x45464748;
    record.cpu = 0x5152;
    record.segs = 0x5354;
    // All that there are, without the tag's: it makes the frame longer.
    record.flags = 0x00030fff & ~TSCOPE_F_VLAN;
    record.clock = TSCOPE_CLOCK_MONOTONIC;
    record.flags |= TSCOPE_F_LINK;
    for (std::uint8_t i = 0; i < TSCOPE_LINK_MAX; i++) record.link[i] = i;
    if (interface.vantage == Vantage::driver_tx) {
      record.kind = TSCOPE_PROBE;
      const tscope_probe times{0x6162636465666768, 0x7172737475767778, 0x0807060504030201};
      std::memcpy(record.header + TSCOPE_PROBE_AT, &times, sizeof times);
    }
    if (is_hardware(interface.vantage)) {
      const std::uint64_t nic_ns = 0x1817161514131211;
      std::memcpy(record.header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof nic_ns);
    }
    all.contents.packets.push_back(packet);
  }
  all.contents.at = at;
  std::uint64_t next = 0x100;
  for (const Interface& interface : at) {
    const auto vantage = static_cast<std::size_t>(interface.vantage);
    for (auto& cause : all.contents.loss.dropped[vantage]) cause = {next++, next++};
  }
  all.contents.loss.missed = next++;
  all.contents.loss.late = next++;
  all.contents.loss.invalid = next++;
  all.contents.clock.error_ns = static_cast<std::int64_t>(next++);
  all.contents.clock.steps = next++;
  NicStamps nic;
  nic.interface = at[2];
  nic.error_ns = static_cast<std::int64_t>(next++);
  for (auto* count : {&nic.used, &nic.zero, &nic.still, &nic.stray, &nic.no_clock, &nic.steps}) {
    *count = next++;
  }
  nic.phc = 3;
  all.nics = {nic};
  all.anchors = {{0x8182838485868788, 0x9192939495969798, 0x2122232425262728, 0x3132333435363738}};
  all.readings = {{0x4142434445464748, 0x5152535455565758, 0x6162636465666768, 0x71727374}};
  all.tsc_khz = 0x01020304;
  InterfaceCheck check;
  check.interface = {"a-device-of-15c", Vantage::driver_tx};
  check.counted = next++;
  check.frames = next++;
  check.segments = next++;
  check.margin = next++;
  check.obstacle = CheckObstacle::reset;
  check.slow_counter = true;
  check.queue = 7;
  check.xdp = XdpMode::generic;
  all.contents.counter_check = {.state = CounterCheck::State::done, .interfaces = {check}};

  const test::MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::ethernet, {});
    file.write(all.anchors[0], all.tsc_khz);
    file.write(all.readings[0]);
    for (std::size_t i = 0; i < at.size(); i++) file.write(all.contents.packets[i], at[i]);
    file.write_statistics(all.contents.loss, all.contents.clock, 5, all.nics);
    file.write(all.contents.counter_check);
  }
  written.bytes = memory.bytes();
  return written;
}

// Where an option's value or a block's body of ours begins; the `number`th of them.
std::size_t option_at(const Bytes& bytes, std::uint16_t code, std::uint16_t length, int number) {
  const std::uint16_t head[] = {code, length};
  auto from = bytes.begin();
  for (;; from++, number--) {
    from = std::search(from, bytes.end(), reinterpret_cast<const std::uint8_t*>(head),
                       reinterpret_cast<const std::uint8_t*>(head) + sizeof head);
    if (from == bytes.end()) throw std::runtime_error("no such option");
    if (number == 0) return static_cast<std::size_t>(from - bytes.begin()) + sizeof head;
  }
}

std::size_t block_at(const Bytes& bytes, std::uint32_t type) {
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    std::uint32_t head[2];
    std::memcpy(head, &bytes[at], sizeof head);
    if (head[0] == type) return at + sizeof head;
    at += head[1];
  }
  throw std::runtime_error("no such block");
}

// The bytes from `at` on that make no difference when changed.
std::vector<std::size_t> unread(const Written& written, std::size_t at, std::size_t length) {
  const Everything unchanged = read_everything(written.bytes);
  std::vector<std::size_t> without_effect;
  for (std::size_t i = 0; i < length; i++) {
    Bytes changed = written.bytes;
    changed[at + i] ^= 1;
    if (same(read_everything(changed), unchanged)) without_effect.push_back(i);
  }
  return without_effect;
}

template <typename T>
std::size_t option_at(const Written& written, std::uint16_t code, int number = 0) {
  return option_at(written.bytes, code, sizeof(T), number);
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Format, ReaderGivesBackAllThatTheWriterWrote) {
  const Written written = write_everything();
  EXPECT_TRUE(same(read_everything(written.bytes), written.expected));
}

TEST(Format, EveryFieldOfARecordIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::RecordOption>(written, format::record_option);
  EXPECT_THAT(unread(written, at, sizeof(format::RecordOption)), ElementsAre(46, 47))
      << "only the pad";
}

TEST(Format, EveryTimeOfAProbeIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::ProbeOption>(written, format::probe_option);
  EXPECT_THAT(unread(written, at, sizeof(format::ProbeOption)), IsEmpty());
}

TEST(Format, TheNicsTimeIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::NicTimeOption>(written, format::nic_time_option);
  EXPECT_THAT(unread(written, at, sizeof(format::NicTimeOption)), IsEmpty());
}

TEST(Format, EveryFieldOfLossIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::LossOption>(written, format::loss_option);
  EXPECT_THAT(unread(written, at, sizeof(format::LossOption)), IsEmpty());
}

TEST(Format, EveryFieldOfNicStampsIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::NicStampsOption>(written, format::nic_stamps_option);
  EXPECT_THAT(unread(written, at, sizeof(format::NicStampsOption)), ElementsAre(60, 61, 62, 63))
      << "only the pad";
}

TEST(Format, EveryFieldOfACounterCheckIsRead) {
  const Written written = write_everything();
  const auto at = option_at<format::CounterCheckOption>(written, format::counter_check_option);
  EXPECT_THAT(unread(written, at, sizeof(format::CounterCheckOption)), ElementsAre(37))
      << "only the pad";
}

CounterCheck written_and_read(const CounterCheck& check) {
  const test::MemoryFile memory;
  CaptureFile(memory.path(), LinkType::ethernet, {{"vantage_points", "driver-rx"}}).write(check);
  return test::read_file(memory.path()).counter_check;
}

TEST(Format, ACounterCheckMayHaveManyInterfacesOrNone) {
  CounterCheck check{.state = CounterCheck::State::done, .interfaces = {}};
  EXPECT_EQ(written_and_read(check), check);
  for (std::uint64_t i = 0; i < 1000; i++) {
    check.interfaces.emplace_back();
    check.interfaces.back().interface = {"eth" + std::to_string(i), Vantage::driver_rx};
    check.interfaces.back().counted = i;
  }
  EXPECT_EQ(written_and_read(check), check);
}

TEST(Format, ACaptureWithoutACounterCheckSaysSo) {
  EXPECT_EQ(written_and_read({}).state, CounterCheck::State::absent);
}

TEST(Format, EveryFieldOfAnAnchorIsRead) {
  const Written written = write_everything();
  const auto at = block_at(written.bytes, format::clock_anchor);
  EXPECT_THAT(unread(written, at, sizeof(format::AnchorBlock)), ElementsAre(36, 37, 38, 39))
      << "only the pad";
}

TEST(Format, EveryFieldOfANicsReadingIsRead) {
  const Written written = write_everything();
  const auto at = block_at(written.bytes, format::nic_reading);
  EXPECT_THAT(unread(written, at, sizeof(format::NicReadingBlock)), ElementsAre(28, 29, 30, 31))
      << "only the pad";
}

TEST(Format, InterfaceAndTimeOfAPacketAreRead) {
  const Written written = write_everything();
  const auto at = block_at(written.bytes, format::enhanced_packet);
  EXPECT_THAT(unread(written, at, offsetof(format::PacketBlock, captured)), IsEmpty());
}

}  // namespace
}  // namespace tscope
