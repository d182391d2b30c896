// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tscope/report/delay.hpp"
#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr std::int64_t step = 10'000;

class StampingNic : public NoSource {
 public:
  std::vector<NicStamps> nic_stamps() const override {
    NicStamps sent, received;
    sent.interface = {"eth0", Vantage::hw_tx};
    sent.error_ns = 210;
    received.interface = {"eth0", Vantage::hw_rx};
    received.error_ns = 190;
    return {sent, received};
  }
};

DelayReport report_of(const DelayStream& stream) {
  DelayAnalysis analysis({});
  std::vector<Packet> sorted = stream.packets;
  std::ranges::stable_sort(sorted, {}, &Packet::time_ns);
  for (const Packet& packet : sorted) analysis.add(packet, {stream.device, packet.vantage()});
  return analysis.finish(StampingNic());
}

// Twenty packets, each 10, 20 and 30 ns from layer to layer and 700 ns in the NIC.
DelayStream stamped_stream() {
  DelayStream stream;
  for (std::uint16_t i = 0; i < 20; i++) {
    stream.sent(i * step, 1 + i * 100U, 100, i);
    stream.at(Vantage::hw_tx, i * step + 760, 1 + i * 100U, 100, 1, i);
  }
  return stream;
}

TEST(DelayNic, AStampExtendsTheWayOut) {
  const DelayReport report = report_of(stamped_stream());
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->packets, 20);
  EXPECT_THAT(longest(*chain), ElementsAre(10, 20, 30, 700));
  EXPECT_EQ(chain->total.max_ns, 760);
  EXPECT_EQ(chain->stages[2].error_ns, std::nullopt);
  EXPECT_EQ(chain->stages[3].error_ns, 210);
  EXPECT_EQ(chain->total.error_ns, 210);
  EXPECT_EQ(pair_of(report, Vantage::driver_tx, Vantage::hw_tx).matched, 20);
  EXPECT_EQ(report.unclaimed_nic_stamps, 0);
  expect_stages_sum_to_totals(report);
}

TEST(DelayNic, AStampBeginsTheWayIn) {
  DelayStream stream;
  for (std::uint16_t i = 0; i < 20; i++) {
    stream.at(Vantage::hw_rx, i * step - 4000, 1 + i * 100U, 100);
    stream.received(i * step, 1 + i * 100U, 100);
  }
  const DelayReport report = report_of(stream);
  const DelayChain* chain = chain_of(report, Way::receive, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_THAT(longest(*chain), ElementsAre(4000, 100, 1000));
  EXPECT_EQ(chain->stages[0].error_ns, 190);
  EXPECT_EQ(pair_of(report, Vantage::hw_rx, Vantage::driver_rx).matched, 20);
  EXPECT_EQ(report.flows[0].whole, 20);
  expect_stages_sum_to_totals(report);
}

TEST(DelayNic, PacketsWithoutAStampHaveTheirOwnTable) {
  DelayStream stream;
  for (std::uint16_t i = 0; i < 30; i++) {
    stream.sent(i * step, 1 + i * 100U, 100, i);
    if (i % 3 == 0) stream.at(Vantage::hw_tx, i * step + 960, 1 + i * 100U, 100, 1, i);
  }
  const DelayReport report = report_of(stream);
  ASSERT_EQ(report.chains.size(), 2);
  EXPECT_EQ(report.chains[0].packets, 20);
  EXPECT_THAT(longest(report.chains[0]), ElementsAre(10, 20, 30));
  EXPECT_EQ(report.chains[0].total.error_ns, std::nullopt);
  EXPECT_EQ(report.chains[1].packets, 10);
  EXPECT_THAT(longest(report.chains[1]), ElementsAre(10, 20, 30, 900));
  const StageCounts pair = pair_of(report, Vantage::driver_tx, Vantage::hw_tx);
  EXPECT_EQ(pair.matched, 10);
  EXPECT_EQ(only_first(pair, Unmatched::no_stamp), 20);
  EXPECT_EQ(pair.unmatched(), 20);
  EXPECT_EQ(report.flows[0].whole, 30);
}

// In the file it stands where the kernel heard of it.
TEST(DelayNic, ACompletionMayBeReportedAfterLaterPackets) {
  DelayStream stream, completions;
  for (std::uint16_t i = 0; i < 20; i++) {
    stream.sent(i * step, 1 + i * 100U, 100, i);
    completions.at(Vantage::hw_tx, i * step + 760, 1 + i * 100U, 100, 1, i);
  }
  std::vector<Packet> given = stream.packets;
  given.insert(given.end(), completions.packets.begin(), completions.packets.end());
  const DelayReport report = stream.report_as_it_is(given);
  EXPECT_EQ(packets_of(report, Way::send, PacketKind::data), 20);
  EXPECT_EQ(pair_of(report, Vantage::driver_tx, Vantage::hw_tx).matched, 20);
}

TEST(DelayNic, OfEqualPacketsTheNearestInTimeIsTaken) {
  DelayStream stream;
  for (int i = 0; i < 5; i++) {
    stream.sent(i * step, 1, 0);
    if (i != 1) stream.at(Vantage::hw_tx, i * step + 560, 1, 0);
  }
  const DelayReport report = report_of(stream);
  EXPECT_EQ(pair_of(report, Vantage::driver_tx, Vantage::hw_tx).matched, 4);
  for (const DelayChain& chain : report.chains) EXPECT_LE(chain.total.max_ns, 560);
}

TEST(DelayNic, FramesThatAreMergedEachHaveTheirStamp) {
  DelayStream stream;
  for (int i = 0; i < 10; i++) {
    const auto seq = static_cast<std::uint32_t>(1 + i * 200);
    for (int part = 0; part < 2; part++) {
      const std::int64_t time = i * step + part * 500;
      stream.at(Vantage::hw_rx, time - 300, seq + part * 100U, 100);
      stream.at(Vantage::driver_rx, time, seq + part * 100U, 100);
    }
    stream.at(Vantage::socket_rx, i * step + 1000, seq, 200, 2);
    stream.at(Vantage::app_rx, i * step + 2000, seq, 200);
  }
  const DelayReport report = report_of(stream);
  EXPECT_EQ(packets_of(report, Way::receive, PacketKind::data), 20);
  EXPECT_EQ(pair_of(report, Vantage::hw_rx, Vantage::driver_rx).matched, 20);
  EXPECT_EQ(pair_of(report, Vantage::driver_rx, Vantage::socket_rx).merged, 20);
}

TEST(DelayNic, AStampOfNoPacketIsTold) {
  DelayStream stream;
  stream.sent(0, 1, 100, 1);
  stream.at(Vantage::hw_tx, 700, 5000, 100, 1, 9);
  const DelayReport report = report_of(stream);
  EXPECT_EQ(report.unclaimed_nic_stamps, 1);
  EXPECT_THAT(delay_text(report, "f", false, true), testing::HasSubstr("1 NIC stamp of packets"));
}

TEST(DelayNic, AStampBeforeTheDriversIsANegativeStage) {
  DelayStream stream;
  stream.sent(0, 1, 100, 1).at(Vantage::hw_tx, 40, 1, 100, 1, 1);
  const DelayReport report = report_of(stream);
  const DelayChain* chain = chain_of(report, Way::send, PacketKind::data);
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->negative, 1);
}

TEST(DelayNic, TextAndJsonHaveTheError) {
  const DelayReport report = report_of(stamped_stream());
  const std::string text = delay_text(report, "f", false, true);
  EXPECT_THAT(text, testing::HasSubstr("driver-tx > hw-tx"));
  EXPECT_THAT(text, testing::HasSubstr("± 210 ns  driver, NIC's queue"));
  EXPECT_THAT(delay_json(report, "f"), testing::HasSubstr("\"error_ns\": 210"));
}

}  // namespace
}  // namespace tscope
