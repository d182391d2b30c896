// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tscope/file/capture_file.hpp"
#include "tscope/probe/train_run.hpp"
#include "unit/file/capture_bytes.hpp"
#include "unit/live/reader/fake_rings.hpp"

namespace tscope {
namespace {

using test::MemoryFile;

Packet probe_packet(Vantage vantage, std::uint8_t header_len) {
  Packet packet;
  packet.time_ns = 1'000'000'000;
  tscope_record& record = packet.record;
  record.tsc = 5'000;
  record.netns = 7;
  record.ifindex = 2;
  record.seq = 41;
  record.train = 3;
  record.error = 105;
  record.wire_len = 20 + 8 + 100;
  record.cpu = 1;
  record.segs = 1;
  record.flags = TSCOPE_F_LATE | TSCOPE_F_CONTENDED;
  record.vantage = static_cast<std::uint8_t>(vantage);
  record.kind = TSCOPE_PROBE;
  record.clock = TSCOPE_CLOCK_TSC;
  record.flags |= TSCOPE_F_LINK;
  record.link[12] = 8;
  record.header_len = header_len;
  record.header[0] = 0x45;
  for (std::uint8_t i = 1; i < TSCOPE_PROBE_AT && i < header_len; i++) record.header[i] = i;
  const tscope_probe times{4000, 4100, 4200};
  std::memcpy(record.header + TSCOPE_PROBE_AT, &times, sizeof(times));
  return packet;
}

TEST(ProbeRecord, ResultHasEveryField) {
  const ProbeResult result = probe_result(probe_packet(Vantage::driver_tx, 104).record);
  EXPECT_EQ(result.index, 41);
  EXPECT_EQ(result.scheduled, 4000);
  EXPECT_EQ(result.woken, 4100);
  EXPECT_EQ(result.spun, 4200);
  EXPECT_EQ(result.handed, 5000);
  EXPECT_EQ(result.error, 105);
  EXPECT_EQ(result.flags, TSCOPE_F_LATE | TSCOPE_F_CONTENDED);
  EXPECT_EQ(result.size, 100);
}

TEST(ProbeRecord, FileGivesItBack) {
  for (const Vantage vantage : {Vantage::driver_tx, Vantage::qdisc_tx, Vantage::app_tx}) {
    for (const std::uint8_t header_len : std::initializer_list<std::uint8_t>{72, 92, 104}) {
      MemoryFile memory;
      const Packet packet = probe_packet(vantage, header_len);
      {
        CaptureFile file(memory.path(), LinkType::ethernet, {});
        file.write(packet, {"eth0", vantage});
      }
      const auto contents = test::read_file(memory.path());
      ASSERT_EQ(contents.packets.size(), 1);
      EXPECT_EQ(contents.at[0], (Interface{"eth0", vantage}));
      EXPECT_EQ(std::memcmp(&contents.packets[0].record, &packet.record, sizeof(packet.record)), 0);
    }
  }
}

TEST(ProbeRecord, TimesAreNoPartOfTheFrame) {
  MemoryFile memory;
  {
    CaptureFile file(memory.path(), LinkType::ethernet, {});
    file.write(probe_packet(Vantage::driver_tx, TSCOPE_HEADER_MAX), {"eth0", Vantage::driver_tx});
  }
  const auto contents = test::read_file(memory.path());
  ASSERT_EQ(contents.packets.size(), 1);
  EXPECT_EQ(contents.packets[0].record.header_len, TSCOPE_PROBE_AT);
  EXPECT_EQ(probe_times(contents.packets[0].record).spun, 4200);
}

TEST(ProbeRecord, RingTakesItOnlyWhereProbesAreSent) {
  tscope_record record = FakeRings::record(0, 100);
  record.kind = TSCOPE_PROBE;
  EXPECT_FALSE(sound(record, 0));
  for (const auto vantage : {TSCOPE_DRIVER_TX, TSCOPE_QDISC_TX}) {
    record.vantage = vantage;
    EXPECT_TRUE(sound(record, 0));
  }
  for (const auto vantage : {TSCOPE_APP_TX, TSCOPE_SESSION, TSCOPE_SOCKET_TX}) {
    record.vantage = vantage;
    EXPECT_FALSE(sound(record, 0));
  }
}

}  // namespace
}  // namespace tscope
