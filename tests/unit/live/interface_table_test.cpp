// SPDX-License-Identifier: MIT
#include "live/devices/interface_table.hpp"

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

tscope_record at(std::uint64_t ticks) {
  tscope_record record = record_of(0, 0);
  record.tsc = ticks;
  return record;
}

std::string name_at(InterfaceTable& table, std::uint64_t ticks) {
  return table.all()[table.index_of(at(ticks))].device;
}

// Records come up to a reorder window after the renaming is known.
TEST(InterfaceTable, ARenamedDeviceHasTheNameOfTheTime) {
  InterfaceTable table(1, {{4, "eth0"}});
  EXPECT_EQ(name_at(table, 100), "eth0");
  table.rename(4, "wan", 200);
  EXPECT_EQ(name_at(table, 199), "eth0");
  EXPECT_EQ(name_at(table, 200), "wan");
  table.rename(4, "eth0", 300);
  EXPECT_EQ(name_at(table, 250), "wan");
  EXPECT_EQ(name_at(table, 300), "eth0");
  EXPECT_EQ(table.all().size(), 2U) << "the old name again is the old interface";
}

TEST(InterfaceTable, ADeviceThatCameLaterHasItsName) {
  InterfaceTable table(1, {});
  EXPECT_EQ(name_at(table, 100), "if4");
  table.rename(4, "new0", 200);
  EXPECT_EQ(name_at(table, 150), "new0") << "it had no other before";
}

TEST(InterfaceTable, WhatIsLeftOfADeviceThatWentHasItsLastName) {
  InterfaceTable table(1, {{4, "eth0"}});
  table.rename(4, "", 200);
  EXPECT_EQ(name_at(table, 250), "eth0");
  table.rename(4, "tun0", 300);
  EXPECT_EQ(name_at(table, 299), "eth0");
  EXPECT_EQ(name_at(table, 301), "tun0") << "the next device of that number";
}

}  // namespace
}  // namespace tscope
