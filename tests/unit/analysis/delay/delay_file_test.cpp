// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>

#include "tscope/file/capture_file.hpp"
#include "tscope/file/file_source.hpp"
#include "unit/analysis/delay/delay_stream.hpp"

namespace tscope {
namespace {

using test::DelayStream;
using test::Segment;

constexpr std::int64_t epoch = 1'700'000'000'000'000'000;

/// Of a counter of nanoseconds that shows the time.
Anchor anchor(std::int64_t time_ns) {
  const auto time = static_cast<std::uint64_t>(time_ns);
  return {time, 60, time, time};
}

/// The stream's records as a capture file that knows of no loss, read again.
DelayReport through_a_file(DelayStream& stream) {
  const std::string path = testing::TempDir() + "tscope-delay-" + std::to_string(getpid());
  std::ranges::stable_sort(stream.packets, {}, &Packet::time_ns);
  const std::int64_t end = stream.packets.back().time_ns;
  {
    CaptureFile file(path, LinkType::raw_ip,
                     {{"tool", "tscope test"}, {"vantage_points", "driver-rx, socket-rx, app-rx"}});
    file.write(anchor(stream.packets.front().time_ns), 1'000'000);
    for (Packet packet : stream.packets) {
      packet.interface = static_cast<std::uint32_t>(packet.vantage());
      file.write(packet, {stream.device, packet.vantage()});
    }
    file.write(anchor(end), 1'000'000);
    ClockInfo clock;
    clock.source = "tsc";
    clock.error_ns = 100;
    file.write_statistics({}, clock, end);
    file.flush();
  }
  const auto source = open_file(path);
  std::filesystem::remove(path);
  DelayAnalysis analysis({});
  Packet packet;
  while (source->next(packet) == Source::Next::packet) {
    analysis.add(packet, source->interfaces()[packet.interface]);
  }
  return analysis.finish(*source);
}

// 12,000 short connections one after the other, 16 records each: all of them are in the figures.
TEST(DelayFile, ShortConnectionsByTheThousandAreAllAnalysed) {
  constexpr std::uint32_t connections = 12'000;
  constexpr std::uint8_t syn = 0x02, ack = 0x10, fin = 0x11;
  DelayStream stream;
  for (std::uint32_t i = 0; i < connections; i++) {
    Segment segment;
    segment.port = static_cast<std::uint16_t>(20'000 + i);
    std::int64_t time = epoch + std::int64_t{i} * 4'000'000;
    const auto passes = [&](std::uint8_t flags, std::uint32_t seq, std::uint32_t payload) {
      segment.flags = flags;
      segment.seq = seq;
      segment.payload = payload;
      stream.add(Vantage::driver_rx, time, segment).add(Vantage::socket_rx, time + 100, segment);
      if (payload > 0) stream.add(Vantage::app_rx, time + 1100, segment);
      time += 10'000;
    };
    passes(syn, 1000, 0);
    passes(ack, 1001, 0);
    for (std::uint32_t part = 0; part < 4; part++) passes(ack, 1001 + 100 * part, 100);
    passes(fin, 1401, 0);
  }
  const DelayReport report = through_a_file(stream);
  EXPECT_EQ(report.records, 18U * connections);
  EXPECT_EQ(report.used, report.records);
  EXPECT_EQ(report.untracked_flows, 0U);
  EXPECT_EQ(report.flows.size() + report.flows_left_out, connections);
  EXPECT_EQ(test::packets_of(report, Way::receive, PacketKind::data), 4U * connections);
  EXPECT_EQ(test::pair_of(report, Vantage::driver_rx, Vantage::socket_rx).unmatched(), 0U);
  EXPECT_EQ(test::pair_of(report, Vantage::socket_rx, Vantage::app_rx).unmatched(), 0U);
}

}  // namespace
}  // namespace tscope
