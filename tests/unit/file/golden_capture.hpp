// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tscope/file/capture_file.hpp"
#include "unit/file/capture_bytes.hpp"

// The capture in golden/pcapng-tscope.pcapng (Ethernet) and golden/pcapng-tscope-raw.pcapng: a
// short transfer at six vantage points. TSCOPE_WRITE_GOLDEN=1 makes the tests write these files
// anew.
namespace tscope::test {

inline const std::string golden_capture = "pcapng-tscope.pcapng";
inline const std::string golden_capture_raw = "pcapng-tscope-raw.pcapng";

inline const std::map<std::string, std::string>& golden_facts() {
  static const std::map<std::string, std::string> facts{{"cpu", "a CPU"},
                                                        {"kernel", "6.12.0"},
                                                        {"tool", "tscope 0.1.0"},
                                                        {"filter", "tcp port 5001"}};
  return facts;
}

inline Loss golden_loss() {
  Loss loss;
  loss.dropped[TSCOPE_SOCKET_RX][TSCOPE_LOST_FULL] = {2, 3};
  loss.late = 1;
  return loss;
}

inline ClockInfo golden_clock() {
  ClockInfo clock;
  clock.source = "tsc";
  clock.error_ns = 250;
  return clock;
}

inline std::vector<std::pair<Packet, Interface>> golden_packets() {
  constexpr std::int64_t begin = 1'700'000'000'000'000'000;
  const Interface interfaces[] = {{"eth0", Vantage::driver_tx}, {"eth0", Vantage::driver_rx},
                                  {"eth0", Vantage::socket_rx}, {"any", Vantage::socket_tx},
                                  {"eth0", Vantage::qdisc_tx},  {"any", Vantage::session}};
  std::vector<std::pair<Packet, Interface>> packets;
  std::int64_t ns = 0;
  const auto add = [&](std::uint32_t interface, const Segment& segment, std::uint32_t flags = 0) {
    ns += 1'500;
    Packet packet = packet_at(interfaces[interface].vantage, segment, begin + ns);
    packet.interface = interface;
    tscope_record& record = packet.record;
    record.tsc = 1'000'000 + static_cast<std::uint64_t>(ns) * 3;
    record.netns = 4026531840;
    record.cpu = static_cast<std::uint16_t>(interface % 2);
    record.napi_poll = static_cast<std::uint32_t>(ns / 10'000);
    record.flags = flags;
    if (interfaces[interface].device == "eth0") {
      record.ifindex = 2;
      record.flags |= TSCOPE_F_LINK;
      const Bytes link = ethernet({});
      std::memcpy(record.link, link.data(), link.size());
    }
    packets.emplace_back(packet, interfaces[interface]);
  };
  const auto event = [&](std::uint8_t kind, std::uint32_t seq) {
    Segment segment;
    segment.seq = seq;
    add(5, segment, TSCOPE_F_SYNTH_IP | TSCOPE_F_SYNTH_TRANSPORT);
    packets.back().first.record.kind = kind;
  };
  const auto sent = [&](const Segment& segment) {
    add(3, segment, TSCOPE_F_SYNTH_IP);
    add(4, segment);
    add(0, segment);
  };
  const auto received = [&](const Segment& segment) {
    add(1, segment, TSCOPE_F_SOFTIRQ);
    add(2, segment, TSCOPE_F_SOFTIRQ);
  };

  Segment out;  // 10.0.0.1:5001 sends 30 kB to 10.0.0.2:40000
  out.seq = 1000;
  out.ack = 0;
  out.flags = 0x02;
  sent(out);
  Segment in = out;
  in.reverse = true;
  std::swap(in.sport, in.dport);
  in.seq = 5000;
  in.ack = 1001;
  in.flags = 0x12;
  received(in);
  in.seq = 5001;
  in.flags = 0x10;
  out.seq = 1001;
  out.ack = 5001;
  out.flags = 0x10;
  sent(out);
  event(TSCOPE_OPEN, out.seq);
  out.payload = 1000;
  for (int i = 0; i < 30; i++) {
    out.ip_id++;
    out.tsval++;
    sent(out);
    out.seq += out.payload;
    if (i % 2 == 0) continue;
    in.ip_id++;
    in.tsecr = out.tsval;
    in.ack = out.seq;
    received(in);
  }
  event(TSCOPE_CLOSE, out.seq);
  packets[20].first.late = true;
  return packets;
}

inline void write_golden_capture(const std::string& path, LinkType link_type) {
  CaptureFile file(path, link_type, golden_facts());
  const auto packets = golden_packets();
  file.write(Anchor{1'000'000, 40, 5'000'000, 1'700'000'000'000'000'000}, 3'000'000);
  for (const auto& [packet, interface] : packets) file.write(packet, interface);
  file.write(Anchor{31'000'000, 60, 15'000'000, 1'700'000'000'010'000'000}, 3'000'000);
  file.write_statistics(golden_loss(), golden_clock(), packets.back().first.time_ns);
}

}  // namespace tscope::test
