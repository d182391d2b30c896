// SPDX-License-Identifier: MIT
#include "probe/wire/address.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <cstring>

#include "tscope/base/error.hpp"

namespace tscope {
namespace {

TEST(Address, TextSocketAndEndpointAgree) {
  for (const char* text : {"10.1.2.3", "2001:db8::17"}) {
    const SocketAddress address = parse_address(text, 862).value();
    EXPECT_EQ(address.ip().to_string(), text);
    EXPECT_EQ(address.port(), 862);
    const Endpoint endpoint = endpoint_of(address.storage);
    EXPECT_EQ(endpoint.port, 862);
    const SocketAddress again = socket_address(endpoint);
    EXPECT_EQ(again.length, address.length);
    EXPECT_EQ(std::memcmp(&again.storage, &address.storage, sizeof again.storage), 0);
  }
  EXPECT_EQ(endpoint_of(parse_address("10.1.2.3", 5)->storage).to_string(), "10.1.2.3:5");
  EXPECT_EQ(endpoint_of(parse_address("fe80::1", 5)->storage).to_string(), "[fe80::1]:5");
}

TEST(Address, OtherTextIsNone) {
  for (const char* text : {"", "eth0", "10.1.2", "fe80::1%eth0", "host.example"}) {
    EXPECT_FALSE(parse_address(text, 0)) << text;
  }
}

TEST(Address, AnyIsOfTheFamily) {
  EXPECT_EQ(any_address(AF_INET, 7).ip().to_string(), "0.0.0.0");
  EXPECT_EQ(any_address(AF_INET6, 7).ip().to_string(), "::");
  EXPECT_EQ(any_address(AF_INET6, 7).port(), 7);
}

TEST(Address, NumericHostNeedsNoResolver) {
  EXPECT_EQ(look_up("192.0.2.1", 99).ip().to_string(), "192.0.2.1");
  EXPECT_EQ(look_up("192.0.2.1", 99).port(), 99);
  EXPECT_THROW(look_up("192.0.2.1", 99, AF_INET6), Error);
  const SocketAddress on_loopback = look_up("fe80::1%lo", 1);
  EXPECT_EQ(on_loopback.zone(), "%lo");
}

TEST(Address, LinkLocalWantsAnInterface) {
  EXPECT_THROW(refuse_without_zone(look_up("fe80::1", 1), "fe80::1"), UsageError);
  EXPECT_NO_THROW(refuse_without_zone(look_up("fe80::1%lo", 1), "fe80::1%lo"));
  EXPECT_NO_THROW(refuse_without_zone(look_up("2001:db8::1", 1), "2001:db8::1"));
  EXPECT_NO_THROW(refuse_without_zone(look_up("169.254.0.1", 1), "169.254.0.1"));
}

TEST(Address, RefusalSaysWhatToDo) {
  const SocketAddress to = look_up("192.0.2.255", 1);
  EXPECT_THROW(refuse_connect(EACCES, to), UsageError);
  try {
    refuse_connect(ENETUNREACH, to);
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "no route to 192.0.2.255: look at ip route get 192.0.2.255, and whether its "
                 "interface is up");
  }
}

}  // namespace
}  // namespace tscope
