// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "probe/ping/prober.hpp"
#include "probe/wire/ancillary.hpp"
#include "probe/wire/clock_state.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {
namespace {

// A probe as it arrives over loopback.
stamp::SenderPacket arrived_probe() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(socket.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in);
  socklen_t length = sizeof in;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&in), &length);

  PingOptions options;
  options.host = "127.0.0.1";
  options.protocol = PingProtocol::udp;
  options.size = stamp::packet_bytes;
  options.port = ntohs(in.sin_port);
  const auto prober = make_udp_prober(options, find_way(options));
  prober->prepare_next();
  EXPECT_EQ(prober->send(1), 0);
  std::array<std::uint8_t, 128> bytes{};
  EXPECT_EQ(recv(socket.get(), bytes.data(), bytes.size(), 0), stamp::packet_bytes);
  return stamp::decode_sender(bytes).value();
}

TEST(UdpProber, StatesTheErrorOfTheClockAsEveryPacketDoes) {
  const auto before = realtime_error();
  const auto probe = arrived_probe();
  // The kernel's bound grows while the test runs.
  EXPECT_THAT(probe.error, testing::AnyOf(before, realtime_error()));
}

}  // namespace
}  // namespace tscope
