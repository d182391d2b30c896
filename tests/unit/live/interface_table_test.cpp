// SPDX-License-Identifier: MIT
#include "live/interface_table.hpp"

#include <gtest/gtest.h>

namespace tscope {
namespace {

tscope_record record_of(std::uint32_t flags, std::uint16_t tci) {
  tscope_record record{};
  record.vantage = TSCOPE_DRIVER_RX;
  record.netns = 1;  // nobody's: named by its numbers
  record.ifindex = 4;
  record.flags = flags;
  record.vlan_tci = tci;
  return record;
}

// Two VLANs may carry connections with the same addresses and ports: they must not become one.
TEST(InterfaceTable, VlansOfADeviceAreInterfacesOfTheirOwn) {
  InterfaceTable table;
  const std::uint32_t untagged = table.index_of(record_of(0, 0));
  const std::uint32_t ten = table.index_of(record_of(TSCOPE_F_VLAN, 10));
  const std::uint32_t twenty = table.index_of(record_of(TSCOPE_F_VLAN, 20));
  const std::uint32_t zero = table.index_of(record_of(TSCOPE_F_VLAN, 0));
  EXPECT_EQ(table.index_of(record_of(TSCOPE_F_VLAN, 10)), ten);
  EXPECT_EQ(table.index_of(record_of(0, 0)), untagged);
  ASSERT_EQ(table.all().size(), 4U);
  EXPECT_EQ(table.all()[untagged].device, "if4@netns-1");
  EXPECT_EQ(table.all()[ten].device, "if4@netns-1 vlan 10");
  EXPECT_EQ(table.all()[twenty].device, "if4@netns-1 vlan 20");
  EXPECT_EQ(table.all()[zero].device, "if4@netns-1 vlan 0");
}

TEST(InterfaceTable, ATagsPriorityIsNoVlan) {
  InterfaceTable table;
  EXPECT_EQ(table.index_of(record_of(TSCOPE_F_VLAN, 10)),
            table.index_of(record_of(TSCOPE_F_VLAN, 0xf00a)));
}

}  // namespace
}  // namespace tscope
