// SPDX-License-Identifier: MIT
#include "tscope/file/convert.hpp"

#include <gmock/gmock.h>

#include "tscope/record/headers.hpp"
#include "unit/file/golden_capture.hpp"

namespace tscope {
namespace {

using test::Contents;
using test::MemoryFile;
using testing::HasSubstr;

ConvertOptions at(std::vector<Vantage> vantages) {
  ConvertOptions options;
  options.vantages = std::move(vantages);
  return options;
}

Contents converted(const std::string& input, const ConvertOptions& options) {
  const MemoryFile output;
  const auto result = convert(input, output.path(), options);
  Contents read = test::read_file(output.path());
  EXPECT_EQ(result.packets, read.packets.size());
  return read;
}

// The message of the exception that converting the file ends in.
template <typename Exception>
std::string refusal(const std::string& input, const ConvertOptions& options) {
  try {
    const MemoryFile output;
    convert(input, output.path(), options);
  } catch (const Exception& error) {
    return error.what();
  }
  return "not refused";
}

class ConvertKeeps : public testing::TestWithParam<LinkType> {};
INSTANTIATE_TEST_SUITE_P(Convert, ConvertKeeps,
                         testing::Values(LinkType::ethernet, LinkType::raw_ip),
                         [](const auto& parameter) {
                           return parameter.param == LinkType::ethernet ? "Ethernet" : "RawIp";
                         });

TEST_P(ConvertKeeps, WhatStandsAtTheVantagePoints) {
  const MemoryFile input;
  test::write_golden_capture(input.path(), GetParam());
  const Contents read = converted(input.path(), at({Vantage::driver_rx, Vantage::driver_tx}));
  std::size_t i = 0;
  for (auto [packet, interface] : test::golden_packets()) {
    if (interface.vantage != Vantage::driver_rx && interface.vantage != Vantage::driver_tx)
      continue;
    ASSERT_LT(i, read.packets.size());
    if (GetParam() == LinkType::raw_ip) {
      packet.record.flags &= ~TSCOPE_F_LINK;
      std::memset(packet.record.link, 0, sizeof(packet.record.link));
    }
    EXPECT_EQ(std::memcmp(&read.packets[i].record, &packet.record, sizeof(packet.record)), 0);
    EXPECT_EQ(read.packets[i].time_ns, packet.time_ns);
    EXPECT_EQ(read.at[i], interface);
    i++;
  }
  EXPECT_EQ(read.packets.size(), i);
  EXPECT_EQ(read.interfaces.size(), 2);
  EXPECT_EQ(read.facts, test::golden_facts());
  EXPECT_EQ(read.clock.error_ns, 250);
  EXPECT_DOUBLE_EQ(read.clock.tsc_hz, 3e9) << "from the anchors";
  EXPECT_EQ(read.loss.lost(), 0) << "socket-rx's loss is not the driver's";
}

TEST(Convert, TheChosenVantagePointsLossComesAlong) {
  const Contents read = converted(test::golden(test::golden_capture), at({Vantage::socket_rx}));
  EXPECT_EQ(read.loss.at(Vantage::socket_rx).segments, 3);
  EXPECT_EQ(read.interfaces.size(), 1);
}

TEST(Convert, ASetThatShowsPacketsTwiceIsRefused) {
  const std::string file = test::golden(test::golden_capture);
  auto options = at({Vantage::driver_rx, Vantage::socket_rx});
  EXPECT_THAT(refusal<UsageError>(file, options), HasSubstr("several times"));
  EXPECT_THAT(refusal<UsageError>(file, at({Vantage::qdisc_tx, Vantage::driver_tx})),
              HasSubstr("several times"));
  options.force = true;
  EXPECT_GT(converted(file, options).packets.size(), 0);
  EXPECT_GT(converted(file, at({Vantage::driver_rx, Vantage::socket_tx})).packets.size(), 0);
}

TEST(Convert, SessionEventsAreNoPackets) {
  EXPECT_THAT(refusal<UsageError>(test::golden(test::golden_capture), at({Vantage::session})),
              HasSubstr("session"));
}

TEST(Convert, AVantagePointWithoutPacketsNamesThoseThereAre) {
  const std::string message =
      refusal<Error>(test::golden(test::golden_capture), at({Vantage::app_rx}));
  EXPECT_THAT(message, HasSubstr("app-rx"));
  EXPECT_THAT(message, HasSubstr("driver-rx, socket-rx, socket-tx, qdisc-tx, driver-tx"));
  EXPECT_THAT(message, testing::Not(HasSubstr("session")));
}

TEST(Convert, AForeignFileHasNothingToTakeOut) {
  EXPECT_THAT(refusal<Error>(test::golden("pcap-raw-ip.pcap"), at({Vantage::driver_rx})),
              HasSubstr("not captured by tscope"));
}

// Both ends of a loopback: driver-tx and driver-rx differ in direction, yet show each packet twice.
TEST(Convert, AFlowAtTwoPlacesIsRefusedByWhatTheFileHas) {
  const MemoryFile input;
  {
    CaptureFile file(input.path(), LinkType::ethernet, {});
    Packet packet = test::packet_at(Vantage::driver_tx, {}, 1);
    file.write(packet, {"lo", Vantage::driver_tx});
    packet.interface = 1;
    file.write(packet, {"lo", Vantage::driver_rx});
    packet.interface = 2;
    file.write(packet, {"br0", Vantage::driver_rx});
  }
  const std::string message =
      refusal<Error>(input.path(), at({Vantage::driver_rx, Vantage::driver_tx}));
  EXPECT_THAT(message, HasSubstr("lo/driver-tx"));
  EXPECT_THAT(message, HasSubstr("lo/driver-rx"));
  auto options = at({Vantage::driver_rx});
  EXPECT_THAT(refusal<Error>(input.path(), options), HasSubstr("br0/driver-rx"));
  options.device = "br0";
  EXPECT_EQ(converted(input.path(), options).packets.size(), 1);
  options.device.clear();
  options.force = true;
  EXPECT_EQ(converted(input.path(), options).packets.size(), 2);
}

TEST(Convert, TheInputIsNeverOverwritten) {
  const MemoryFile input;
  test::write_golden_capture(input.path(), LinkType::ethernet);
  const test::Bytes before = input.bytes();
  EXPECT_THROW(convert(input.path(), input.path(), at({Vantage::driver_rx})), UsageError);
  EXPECT_EQ(input.bytes(), before);
}

TEST(Convert, ACutFileIsConvertedAsFarAsItGoes) {
  const test::Bytes bytes = test::read_bytes(test::golden(test::golden_capture));
  const MemoryFile input(std::span<const std::uint8_t>(bytes).first(bytes.size() / 2));
  const MemoryFile output;
  const auto result = convert(input.path(), output.path(), at({Vantage::driver_tx}));
  EXPECT_TRUE(result.truncated);
  EXPECT_GT(result.packets, 5);
  EXPECT_FALSE(test::read_file(output.path()).truncated);
}

}  // namespace
}  // namespace tscope
