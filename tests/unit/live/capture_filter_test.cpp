// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "live/filter.hpp"
#include "tscope/base/error.hpp"

namespace {

using tscope::CaptureFilter;
using tscope::kernel_filter;

CaptureFilter with_address(const std::string& address) {
  CaptureFilter filter;
  filter.address = address;
  return filter;
}

TEST(KmodFilter, NothingAskedMatchesEverything) {
  const tscope_filter filter = kernel_filter({});
  const tscope_filter zero{};
  EXPECT_EQ(std::memcmp(&filter, &zero, sizeof(filter)), 0);
}

TEST(KmodFilter, PortAndSide) {
  CaptureFilter asked;
  asked.port = 5201;
  asked.port_side = TSCOPE_PORT_DESTINATION;
  const tscope_filter filter = kernel_filter(asked);
  EXPECT_EQ(filter.port, 5201);
  EXPECT_EQ(filter.port_side, TSCOPE_PORT_DESTINATION);
}

TEST(KmodFilter, ProtocolsAndNoneMeansAll) {
  CaptureFilter asked;
  EXPECT_EQ(tscope::protocols_asked(kernel_filter(asked)), TSCOPE_PROTO_ALL);
  asked.protocols = TSCOPE_PROTO_UDP;
  EXPECT_EQ(kernel_filter(asked).protocols, TSCOPE_PROTO_UDP);
  EXPECT_EQ(tscope::protocols_asked(kernel_filter(asked)), TSCOPE_PROTO_UDP);
}

TEST(KmodFilter, Addresses) {
  const tscope_filter host = kernel_filter(with_address("10.1.2.3"));
  EXPECT_EQ(host.family, AF_INET);
  EXPECT_EQ(host.prefix_len, 32);
  const std::array<std::uint8_t, 4> bytes{10, 1, 2, 3};
  EXPECT_EQ(std::memcmp(host.address, bytes.data(), bytes.size()), 0);

  const tscope_filter net = kernel_filter(with_address("2001:db8::/33"));
  EXPECT_EQ(net.family, AF_INET6);
  EXPECT_EQ(net.prefix_len, 33);
  EXPECT_EQ(net.address[1], 0x01);
}

TEST(KmodFilter, WhatIsNoAddressIsBadUsage) {
  for (const char* text : {"300.1.1.1", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/8x",
                           "2001:db8::/129", "/24", "host"}) {
    EXPECT_THROW(kernel_filter(with_address(text)), tscope::UsageError) << text;
  }
}

TEST(KmodFilter, AnUnknownDeviceIsToldWithTheKnownOnes) {
  CaptureFilter asked;
  asked.device = "nosuchdevice0";
  try {
    kernel_filter(asked);
    FAIL() << "accepted";
  } catch (const tscope::Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("nosuchdevice0"), std::string::npos);
    char name[IF_NAMESIZE];
    if (if_indextoname(1, name) != nullptr) {
      EXPECT_NE(message.find(name), std::string::npos) << message;
    }
  }
}

}  // namespace
