// SPDX-License-Identifier: MIT
#include "report/ack_columns.hpp"

#include <gmock/gmock.h>

namespace tscope {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Table layout{22, 25};

AckDistribution distribution(std::int64_t segment_time_ns, std::vector<HistogramBin> bins) {
  AckDistribution d;
  d.segment_time_ns = segment_time_ns;
  for (const HistogramBin& bin : bins) d.gaps += bin.count;
  d.histogram = std::move(bins);
  return d;
}

TEST(AckColumns, DrawsEachDistributionsSharesInItsColumn) {
  const auto first = distribution(1200, {{0, 100, 3}, {1200, 1300, 1}});
  const auto second = distribution(1200, {{0, 100, 1}, {9000, 9100, 1}});
  const AckColumns columns({&first, &second}, layout, 4);
  const std::string text = columns.histogram(rows_by_segment_time(1200), true);
  const auto row = [](const char* label, const char* one, const char* other) {
    return "\n" + layout.row(label, {one, other});
  };
  EXPECT_THAT(text, HasSubstr(row("0.00τ to 0.25τ", " 75.0 % ####", " 50.0 % ###")));
  EXPECT_THAT(text, HasSubstr(row("1.00τ to 1.25τ", " 25.0 % #", "  0.0 %")));
  EXPECT_THAT(text, HasSubstr(row("4.00τ and more", "  0.0 %", " 50.0 % ###")));
}

// Rows end at whole nanoseconds: 307 where a quarter of the segment time is 307.5.
TEST(AckColumns, LabelsRowsWithWhereTheyBegin) {
  const auto d = distribution(1230, {{0, 102, 1}});
  const AckColumns columns({&d}, layout, 4);
  const std::string text = columns.histogram(rows_by_segment_time(1230), true);
  EXPECT_THAT(text, HasSubstr("3.99τ and more"));
  EXPECT_THAT(text, Not(HasSubstr("4.00τ")));
}

TEST(AckColumns, MarksWhereTheSegmentTimeIs) {
  const auto d = distribution(1230, {{0, 102, 1}});
  const AckColumns columns({&d}, layout, 4);
  const std::string text = columns.histogram(rows_by_segment_time(1230), true);
  const auto mark = text.find("one segment time");
  ASSERT_NE(mark, std::string::npos);
  EXPECT_EQ(text.find("one segment time", mark + 1), std::string::npos);
  EXPECT_LT(text.find("0.75τ to 1.00τ"), mark);
  EXPECT_GT(text.find("1.00τ to 1.25τ"), mark);
}

TEST(AckColumns, HasNoHistogramOfNoGaps) {
  const auto d = distribution(1200, {});
  EXPECT_EQ(AckColumns({&d}, layout, 4).histogram(rows_by_segment_time(1200), true), "");
}

TEST(AckColumns, LeavesAModesCellEmptyWhereThereIsNone) {
  auto first = distribution(1200, {});
  for (const std::int64_t at_ns : {1200, 2400, 3600}) first.modes.emplace_back().at_ns = at_ns;
  const auto second = distribution(1200, {});
  const auto at = [](const AckDistribution&, const AckMode& mode) {
    return std::to_string(mode.at_ns);
  };
  EXPECT_EQ(AckColumns({&second, &first}, {8, 6}, 4).modes(2, at),
            "  modes         1200\n                2400\n");
}

}  // namespace
}  // namespace tscope
