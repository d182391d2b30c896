// SPDX-License-Identifier: MIT
#include "record/flow_filter.hpp"

#include <gmock/gmock.h>

#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

Flow flow_from_port(std::uint16_t port) {
  test::Segment segment;
  segment.sport = port;
  return decode_tcp(test::headers(segment), 52).value().flow;
}

TEST(FlowFilter, KeepsFlowsWithTheTextInSourceAndDestination) {
  const Flow flow = flow_from_port(5001);
  for (const char* text : {"10.0.0.1", ":5001 > 10.", "10.0.0.1:5001 > 10.0.0.2:40000", ""}) {
    EXPECT_TRUE(FlowFilter(text).keeps(flow)) << text;
  }
  for (const char* text : {"10.0.0.3", "40000 > ", "5001>"}) {
    EXPECT_FALSE(FlowFilter(text).keeps(flow)) << text;
  }
  EXPECT_TRUE(FlowFilter(std::nullopt).keeps(flow));
}

TEST(FlowFilter, TakesALineOfAReport) {
  const Flow flow = flow_from_port(5001);
  for (const char* text :
       {"  10.0.0.1:5001 > 10.0.0.2:40000, send", "ACKs 10.0.0.1:5001 > 10.0.0.2:40000",
        "10.0.0.1:5001 -> 10.0.0.2:40000", "10.0.0.1:5001 \xe2\x86\x92 10.0.0.2:40000 "}) {
    EXPECT_TRUE(FlowFilter(text).keeps(flow)) << text;
  }
  EXPECT_FALSE(FlowFilter("10.0.0.1:5002 > 10.0.0.2:40000, send").keeps(flow));
}

TEST(FlowFilter, CountsWhatItLeavesOutBeyondWhatItRemembers) {
  FlowFilter filter(":5001 ");
  constexpr std::uint16_t flows = FlowFilter::remembered_max + 100;
  for (int round = 0; round < 2; round++) {
    EXPECT_TRUE(filter.keeps(flow_from_port(5001)));
    for (std::uint16_t i = 0; i < flows; i++) {
      ASSERT_FALSE(filter.keeps(flow_from_port(static_cast<std::uint16_t>(6000 + i))));
    }
  }
  EXPECT_EQ(filter.left_out(), 2 * flows);
}

}  // namespace
}  // namespace tscope
