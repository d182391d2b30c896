// SPDX-License-Identifier: MIT
#include "record/identity.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::Segment;

struct Seen {
  std::uint32_t flags = 0;
  std::uint16_t segs = 1;
};

PacketIdentity identity(const Segment& segment, const Seen& seen = {}) {
  Packet packet = test::packet_at(Vantage::driver_tx, segment, 0);
  packet.record.flags = seen.flags;
  packet.record.segs = seen.segs;
  return identity_of(decode_tcp(packet.record).value(), packet.record);
}

Segment changed(const std::function<void(Segment&)>& change) {
  Segment segment;
  change(segment);
  return segment;
}

Segment with_id(std::uint16_t id) {
  return changed([&](Segment& s) {
    s.ip_id = id;
    s.timestamps = false;
  });
}

TEST(PacketIdentity, FlowNumbersAndKindAreThePacketsOwn) {
  const PacketIdentity packet = identity({});
  EXPECT_TRUE(same_packet(packet, identity({})));
  for (const auto& other :
       {changed([](Segment& s) { s.seq++; }), changed([](Segment& s) { s.ack++; }),
        changed([](Segment& s) { s.sport++; }), changed([](Segment& s) { s.payload = 1; }),
        changed([](Segment& s) { s.flags |= 1; }), changed([](Segment& s) { s.reverse = true; })}) {
    EXPECT_FALSE(same_packet(packet, identity(other)));
  }
  // What a merge makes longer begins as before.
  EXPECT_TRUE(same_packet(identity(changed([](Segment& s) { s.payload = 1448; })),
                          identity(changed([](Segment& s) { s.payload = 2896; }), {0, 2})));
}

TEST(PacketIdentity, TimestampsCountWhereBothShowThem) {
  const Segment other = changed([](Segment& s) { s.tsval++; });
  EXPECT_FALSE(same_packet(identity({}), identity(other)));
  const Segment without = changed([](Segment& s) { s.timestamps = false; });
  EXPECT_TRUE(same_packet(identity(without), identity({})));
  EXPECT_TRUE(same_packet(identity(without), identity(other)));
}

TEST(PacketIdentity, IdentificationsCountWhereBothAreTheWires) {
  const PacketIdentity packet = identity(with_id(7));
  EXPECT_TRUE(same_packet(packet, identity(with_id(7))));
  EXPECT_FALSE(same_packet(packet, identity(with_id(8))));
  EXPECT_FALSE(same_packet(packet, identity(with_id(0))));
  EXPECT_TRUE(same_packet(packet, identity(with_id(0), {TSCOPE_F_SYNTH_IP})));
  EXPECT_FALSE(ip_id_of(decode_tcp(test::headers({.v6 = true}), 72)->flow, 7, {}).real);
}

TEST(PacketIdentity, IdentificationsOfAsManySegmentsAreCompared) {
  const PacketIdentity four = identity(with_id(7), {0, 4});
  EXPECT_TRUE(same_packet(four, identity(with_id(7), {0, 4})));
  EXPECT_FALSE(same_packet(four, identity(with_id(11), {0, 4})));
  // Merged ACKs: the first one's identification, the last one's number.
  EXPECT_TRUE(same_packet(four, identity(with_id(10))));
}

TEST(PacketIdentity, MoreThanTheNumbersTellsItFromARepetition) {
  EXPECT_TRUE(told_apart(identity({}), identity({})));
  EXPECT_TRUE(told_apart(identity(with_id(7)), identity(with_id(7))));
  EXPECT_FALSE(told_apart(identity(with_id(0)), identity(with_id(0))));
  EXPECT_FALSE(told_apart(identity(with_id(7)), identity(with_id(7), {TSCOPE_F_SYNTH_IP})));
  EXPECT_TRUE(told_apart(identity(with_id(7), {0, 4}), identity(with_id(7), {0, 4})));
  EXPECT_FALSE(told_apart(identity(with_id(7), {0, 4}), identity(with_id(7))));
  PacketIdentity echo = identity(with_id(0));
  echo.numbered = true;
  EXPECT_TRUE(told_apart(echo, echo));
}

TEST(PacketIdentity, SegmentsCountOnFromTheRecordTheyWereCutFrom) {
  const auto cut = [](std::uint16_t part, std::uint16_t whole) {
    return may_be_cut_from({part, 1, true}, {whole, 4, true});
  };
  EXPECT_TRUE(cut(7, 7));
  EXPECT_TRUE(cut(10, 7));
  EXPECT_FALSE(cut(11, 7));
  EXPECT_FALSE(cut(6, 7));
  EXPECT_TRUE(cut(1, 65534));
  EXPECT_TRUE(may_be_cut_from({99, 1, true}, {7, 4, false}));
}

TEST(PacketIdentity, OnlyAWholeSegmentFromTheWireHasAnId) {
  Packet packet = test::packet_at(Vantage::driver_tx, {}, 0);
  ASSERT_TRUE(wire_segment_id(packet.record));
  for (const int flag :
       {TSCOPE_F_SYNTH_IP, TSCOPE_F_SYNTH_TRANSPORT, TSCOPE_F_COALESCED, TSCOPE_F_CUT}) {
    packet.record.flags = static_cast<std::uint32_t>(flag);
    EXPECT_FALSE(wire_segment_id(packet.record)) << flag;
  }
  packet.record.flags = TSCOPE_F_SOFTIRQ;
  EXPECT_TRUE(wire_segment_id(packet.record));
  packet.record.segs = 2;
  EXPECT_FALSE(wire_segment_id(packet.record));
}

}  // namespace
}  // namespace tscope
