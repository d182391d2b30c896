// SPDX-License-Identifier: MIT
#include "live/devices/route_filter.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "live/filter.hpp"

namespace tscope {
namespace {

constexpr std::uint32_t wanted_device = 7, other_device = 8;

AddressBytes bytes_of(const std::string& text) {
  AddressBytes bytes{};
  const bool v6 = text.find(':') != std::string::npos;
  EXPECT_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()), 1) << text;
  return bytes;
}

/// A send call's record, as the module and the programs make it up.
tscope_record call(const std::string& from, const std::string& to, std::uint32_t ifindex = 0) {
  tscope_record record{};
  record.vantage = TSCOPE_APP_TX;
  record.flags = TSCOPE_F_SYNTH_IP;
  record.ifindex = ifindex;
  const bool v6 = to.find(':') != std::string::npos;
  const std::size_t at = v6 ? 8 : 12, size = v6 ? 16 : 4;
  record.header[0] = v6 ? 0x60 : 0x45;
  record.header[v6 ? 6 : 9] = IPPROTO_UDP;
  std::memcpy(record.header + at, bytes_of(from).data(), size);
  std::memcpy(record.header + at + size, bytes_of(to).data(), size);
  return record;
}

/// 10.77.0.0/16 and 2001:db8::/32 go by the wanted device, the rest by another; 192.0.2.0/24
/// nowhere.
class Routes {
 public:
  std::optional<RouteTaken> operator()(const RouteQuestion& question) {
    asked++;
    if (question.remote[0] == 192) return std::nullopt;
    const bool wanted =
        question.remote[0] == 10 ? question.remote[1] == 77 : question.remote[0] == 0x20;
    const std::string v4 = wanted ? "10.77.0.1" : "10.78.0.1",
                      v6 = wanted ? "2001:db8::1" : "3001::1";
    return RouteTaken{wanted ? wanted_device : other_device,
                      bytes_of(question.family == AF_INET ? v4 : v6)};
  }
  int asked = 0;
};

struct Filtering {
  explicit Filtering(const tscope_filter& filter)
      : judge(filter, [this](const RouteQuestion& question) { return routes(question); }) {}
  bool wants(tscope_record record) { return judge.wants(record); }
  Routes routes;
  RouteFilter judge;
};

tscope_filter of_device() {
  tscope_filter filter{};
  filter.ifindex = wanted_device;
  return filter;
}

tscope_filter of_address(const std::string& address) {
  CaptureFilter filter;
  filter.address = address;
  return kernel_filter(filter);
}

TEST(RouteFilter, ACallWithoutADeviceIsItsRoutes) {
  Filtering filter(of_device());
  tscope_record record = call("0.0.0.0", "10.77.0.2");
  EXPECT_TRUE(filter.judge.wants(record));
  EXPECT_EQ(record.ifindex, wanted_device);
  EXPECT_FALSE(filter.wants(call("0.0.0.0", "10.78.0.2")));
  EXPECT_FALSE(filter.wants(call("0.0.0.0", "192.0.2.1"))) << "no route: it leaves nowhere";
  EXPECT_TRUE(filter.wants(call("::", "2001:db8::2")));
  EXPECT_FALSE(filter.wants(call("::", "3001::2")));
  EXPECT_EQ(filter.judge.unsure(), 0U);
}

TEST(RouteFilter, AKnownDeviceNeedsNoRoute) {
  Filtering filter(of_device());
  EXPECT_TRUE(filter.wants(call("0.0.0.0", "10.77.0.2", wanted_device)));
  EXPECT_EQ(filter.routes.asked, 0);
}

TEST(RouteFilter, AnAnswerServesManyCalls) {
  Filtering filter(of_device());
  for (int i = 0; i < 50; i++) EXPECT_TRUE(filter.wants(call("0.0.0.0", "10.77.0.2")));
  EXPECT_EQ(filter.routes.asked, 1);
}

TEST(RouteFilter, WhatTheSocketChoosesIsTakenAndCounted) {
  Filtering filter(of_device());
  for (const char* to : {"224.0.0.1", "255.255.255.255"}) {
    EXPECT_TRUE(filter.wants(call("0.0.0.0", to)));
  }
  for (const char* to : {"ff02::1", "fe80::2"}) EXPECT_TRUE(filter.wants(call("::", to)));
  EXPECT_EQ(filter.judge.unsure(), 4U);
  EXPECT_EQ(filter.routes.asked, 0);
}

TEST(RouteFilter, AnAddressNotChosenYetIsTheRoutes) {
  Filtering filter(of_address("10.77.0.1"));
  EXPECT_TRUE(filter.wants(call("0.0.0.0", "10.77.0.2", wanted_device)));
  EXPECT_FALSE(filter.wants(call("0.0.0.0", "10.78.0.2", other_device)));
  EXPECT_TRUE(filter.wants(call("0.0.0.0", "10.77.0.1", other_device))) << "the destination has it";
  Filtering net(of_address("2001:db8::/32"));
  EXPECT_TRUE(net.wants(call("::", "2001:db8::2")));
  EXPECT_FALSE(net.wants(call("::", "3001::2")));
}

TEST(RouteFilter, AHeaderFromTheWireIsTakenAtItsWord) {
  Filtering filter(of_address("10.77.0.1"));
  tscope_record record = call("10.99.0.1", "10.99.0.2");
  record.flags = 0;
  record.vantage = TSCOPE_DRIVER_RX;
  EXPECT_TRUE(filter.wants(record)) << "the kernel's filter has judged it";
  EXPECT_EQ(filter.routes.asked, 0);
}

// A socket that received, whose route was dropped meanwhile: the other side is the source.
TEST(RouteFilter, AReceiveCallIsJudgedByWhomItIsFrom) {
  Filtering filter(of_device());
  tscope_record record = call("10.77.0.2", "10.77.0.1");
  record.vantage = TSCOPE_APP_RX;
  EXPECT_TRUE(filter.wants(record));
  record = call("10.78.0.2", "10.77.0.1");
  record.vantage = TSCOPE_APP_RX;
  EXPECT_FALSE(filter.wants(record));
}

// Of the namespace in which the test runs, if its loopback device is up.
TEST(RouteFilter, AsksTheKernel) {
  RouteQuestion question{.family = AF_INET, .protocol = IPPROTO_UDP, .local = {}, .remote = {}};
  question.remote = bytes_of("127.0.0.1");
  const auto route = ask_route(question);
  if (!route) GTEST_SKIP() << "no route to 127.0.0.1 here";
  EXPECT_EQ(route->ifindex, 1U);
  EXPECT_EQ(route->local, bytes_of("127.0.0.1"));
}

}  // namespace
}  // namespace tscope
