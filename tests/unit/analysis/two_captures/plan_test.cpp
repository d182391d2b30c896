// SPDX-License-Identifier: MIT
#include "analysis/two_captures/plan.hpp"

#include <gtest/gtest.h>

namespace tscope {
namespace {

const Interface socket_tx{"eth0", Vantage::socket_tx}, qdisc_tx{"eth0", Vantage::qdisc_tx},
    driver_tx{"eth0", Vantage::driver_tx}, driver_rx{"eth0", Vantage::driver_rx},
    socket_rx{"eth0", Vantage::socket_rx};

TEST(PointsOfAFlow, OutOfAMachineItIsTheLastAndIntoOneTheFirst) {
  EXPECT_EQ(point_out({driver_rx, qdisc_tx, driver_tx}), driver_tx);
  EXPECT_EQ(point_in({socket_rx, driver_rx}), driver_rx);
  EXPECT_EQ(point_in({driver_rx, qdisc_tx, driver_tx}), driver_rx);
}

// A tap on the sending device stands behind the queue and before the driver: packets pass qdisc-tx
// before it and driver-tx after it, and only one of these is the way from the tap.
TEST(PointsOfAFlow, WhatLeavesBehindATapIsComparedWhereItLeaves) {
  EXPECT_EQ(point_in({qdisc_tx, driver_tx}), driver_tx);
  EXPECT_EQ(point_in({driver_tx, qdisc_tx, socket_tx}), driver_tx);
}

}  // namespace
}  // namespace tscope
