// SPDX-License-Identifier: MIT
#include "tscope/report/capture.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace tscope {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

CaptureSummary summary_of(std::uint64_t packets) {
  CaptureSummary summary;
  summary.file = "x.pcapng";
  summary.asked = {Vantage::driver_rx};
  summary.protocols_asked = TSCOPE_PROTO_TCP;
  summary.outcome.clock = {.source = "tsc", .error_ns = 210};
  Packet packet;
  packet.record.vantage = static_cast<std::uint8_t>(Vantage::driver_rx);
  packet.record.segs = 2;
  packet.record.cpu = 3;
  for (std::uint64_t i = 0; i < packets; i++) summary.add(packet);
  summary.outcome.records = packets;
  return summary;
}

TEST(CaptureReport, CountsRecordsAndSegmentsByVantagePointProtocolAndCpu) {
  const auto json = nlohmann::json::parse(capture_json(summary_of(5)));
  EXPECT_EQ(json["schema"], "tscope-capture-1");
  EXPECT_EQ(json["records"], 5);
  EXPECT_EQ(json["vantage_points"][0]["segments"], 10);
  EXPECT_EQ(json["protocols"],
            (nlohmann::json{{{"protocol", "tcp"}, {"records", 5}, {"segments", 10}}}));
  EXPECT_EQ(json["cpus"], (nlohmann::json{{{"cpu", 3}, {"records", 5}}}));
}

TEST(CaptureReport, SaysWhatWasLostAndWhy) {
  CaptureSummary summary = summary_of(1);
  EXPECT_THAT(capture_text(summary), HasSubstr(", nothing lost;"));
  summary.outcome.loss.dropped[static_cast<std::size_t>(Vantage::driver_rx)][TSCOPE_LOST_FULL] = {
      3, 4};
  summary.outcome.loss.missed = 2;
  summary.outcome.loss.late = 1;
  const std::string text = capture_text(summary);
  EXPECT_THAT(text, HasSubstr(", 5 lost (3 ring full, 0 contended, 2 missed, 0 invalid), 1 late"));
  EXPECT_THAT(text, HasSubstr("--ring-slots"));
  const auto json = nlohmann::json::parse(capture_json(summary));
  EXPECT_EQ(json["loss"]["lost"], 5);
  EXPECT_EQ(json["loss"]["late"], 1);
  EXPECT_EQ(json["vantage_points"][0]["lost_segments"], 4);
}

TEST(CaptureReport, SaysWhatToDoNext) {
  EXPECT_THAT(capture_text(summary_of(1)), EndsWith("; next: tscope acks x.pcapng\n"));
  EXPECT_THAT(capture_text(summary_of(0)), HasSubstr("it holds no packet"));
  CaptureSummary summary = summary_of(1);
  summary.protocols_asked = TSCOPE_PROTO_UDP;
  EXPECT_THAT(capture_text(summary), EndsWith("; next: tshark -r x.pcapng\n"));
  summary.file = "-";
  EXPECT_THAT(capture_text(summary), Not(HasSubstr("next")));
}

TEST(CaptureReport, CountsAbsentStampsOfNics) {
  CaptureSummary summary = summary_of(1);
  NicStamps stamps;
  stamps.interface.device = "eth0";
  stamps.interface.vantage = Vantage::hw_rx;
  stamps.used = 7;
  stamps.zero = 2;
  stamps.stray = 1;
  summary.outcome.nics = {stamps};
  EXPECT_THAT(capture_text(summary), HasSubstr("eth0/hw-rx: 7 stamps"));
  EXPECT_EQ(nlohmann::json::parse(capture_json(summary))["nics"][0]["absent"], 3);
}

}  // namespace
}  // namespace tscope
