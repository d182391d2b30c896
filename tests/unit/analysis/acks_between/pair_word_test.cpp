// SPDX-License-Identifier: MIT
#include "analysis/acks_between/pair_word.hpp"

#include <gmock/gmock.h>

namespace tscope {
namespace {

using testing::HasSubstr;

PairShares shares(double first, double second) {
  const double rise = second - first;
  return {first, second, rise - 0.02, rise + 0.02};
}

AcksBetween pair_of(double second, double second_at_065, double second_at_085) {
  AcksBetween pair;
  pair.gaps = 6686;
  pair.rate_bps = 100e6;
  pair.shares = shares(0.02, second);
  pair.at_065 = shares(0.015, second_at_065);
  pair.at_085 = shares(0.044, second_at_085);
  pair.withheld = reasons_to_withhold(pair, {});
  return pair;
}

TEST(PairWord, WhereOnlyTheDegreeHangsOnTheCutTheRiseIsSaid) {
  const std::string text = acks_between_verdict(pair_of(0.487, 0.448, 0.505), {});
  EXPECT_THAT(text, HasSubstr("The ACKs were compressed between the two captures; how strongly"));
  EXPECT_THAT(text, HasSubstr("+46.7 points [+44.7, +48.7]"));
  EXPECT_THAT(text, HasSubstr("it depends on where the line is drawn"));
}

TEST(PairWord, WhereAlsoTheFactHangsOnTheCutNothingIsClaimed) {
  const std::string text = acks_between_verdict(pair_of(0.06, 0.03, 0.4), {});
  EXPECT_THAT(text, HasSubstr("Can't tell whether the ACKs were compressed"));
}

}  // namespace
}  // namespace tscope
