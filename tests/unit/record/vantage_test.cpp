// SPDX-License-Identifier: MIT
#include "tscope/record/vantage.hpp"

#include <gmock/gmock.h>

#include "tscope/base/error.hpp"

namespace tscope {
namespace {

using testing::ElementsAre;

TEST(Vantage, NamesGoBothWays) {
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    const auto vantage = static_cast<Vantage>(i);
    EXPECT_EQ(vantage_from_name(vantage_name(vantage)), vantage);
  }
  EXPECT_EQ(vantage_from_name("wire"), std::nullopt);
}

TEST(Vantage, ALayerStandsForBothDirections) {
  EXPECT_THAT(parse_vantages("driver"), ElementsAre(Vantage::driver_rx, Vantage::driver_tx));
  EXPECT_THAT(parse_vantages("hw"), ElementsAre(Vantage::hw_rx, Vantage::hw_tx));
  EXPECT_THAT(parse_vantages("socket-rx,driver-rx,socket"),
              ElementsAre(Vantage::socket_rx, Vantage::driver_rx, Vantage::socket_tx));
}

TEST(Vantage, AnUnknownNameIsRefusedWithTheKnownOnes) {
  try {
    parse_vantages("driver-rx,wire");
    FAIL() << "'wire' was taken";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("wire"));
    EXPECT_THAT(error.what(), testing::HasSubstr("driver-tx"));
  }
}

TEST(Vantage, APacketsWayIsInOrder) {
  EXPECT_LT(path_order(Vantage::hw_rx), path_order(Vantage::driver_rx));
  EXPECT_LT(path_order(Vantage::driver_tx), path_order(Vantage::hw_tx));
  EXPECT_LT(path_order(Vantage::driver_rx), path_order(Vantage::socket_rx));
  EXPECT_LT(path_order(Vantage::socket_tx), path_order(Vantage::qdisc_tx));
  EXPECT_LT(path_order(Vantage::qdisc_tx), path_order(Vantage::driver_tx));
}

}  // namespace
}  // namespace tscope
