// SPDX-License-Identifier: MIT
#include "report/text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "report/table.hpp"

namespace tscope {
namespace {

TEST(Text, SaysSharesWithTheDigitsWanted) {
  EXPECT_EQ(percent(0.1234), "12.3 %");
  EXPECT_EQ(percent(0.1234, 2), "12.34 %");
  EXPECT_EQ(percent_of(1, 3, 3), "33.333 %");
  EXPECT_EQ(percent_of(0, 0, 2), "0.00 %");
}

TEST(Text, IsNoWiderThanTheTerminal) {
  const std::string words = "one two three four five six seven eight nine ten eleven twelve";
  setenv("COLUMNS", "45", 1);
  EXPECT_EQ(wrapped(words, page_width, "  "),
            "  one two three four five six seven eight\n  nine ten eleven twelve\n");
  setenv("COLUMNS", "nonsense", 1);
  EXPECT_EQ(wrapped(words, page_width, ""), words + "\n");
  unsetenv("COLUMNS");
  EXPECT_EQ(wrapped(words, page_width, ""), words + "\n");
}

TEST(Text, CountsWhatIsLeftOut) {
  EXPECT_EQ(left_out_text(0, "table", "of fewer than 10 packets"), "");
  EXPECT_EQ(left_out_text(2, "table", "of fewer than 10 packets"),
            "\n2 tables of fewer than 10 packets left out (--all shows them).\n");
}

TEST(Table, AlignsColumnsByCharactersAndEndsWithoutBlanks) {
  constexpr Table table{6, 8};
  EXPECT_EQ(table.row("µ", {"1 µs", "", ""}), "  µ     1 µs\n");
  EXPECT_EQ(table.row("", {"", "x"}), "                x\n");
  EXPECT_EQ(table.row("label that is long", {"x"}), "  label that is long x\n");
}

}  // namespace
}  // namespace tscope
