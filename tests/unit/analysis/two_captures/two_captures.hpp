// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tscope/analysis/acks_between_report.hpp"
#include "tscope/file/capture_file.hpp"
#include "unit/file/capture_bytes.hpp"

// A guest that sends a file to a peer, seen by a capture on its host and by one inside.
namespace tscope::test {

/// A packet at a vantage point.
struct Sighting {
  std::int64_t time_ns = 0;  ///< by the file's own clock
  Segment segment;
  Interface at{"tap0", Vantage::tap};
  std::uint32_t napi_poll = 0;
  std::uint16_t segs = 1;
};
using Sightings = std::vector<Sighting>;

inline constexpr std::int64_t epoch = 1'700'000'000'000'000'000;

/// What happens between host and guest. Times are ns.
struct Scene {
  int acks = 2000;
  std::int64_t ack_gap_ns = 246'080;  ///< at the host: two segments of 1500 bytes at 100 Mbit/s
  std::int64_t there_ns = 30'000;     ///< host to guest, at the least
  std::int64_t back_ns = 20'000;      ///< guest to host, at the least
  double queue_ns = 10'000;           ///< mean of what comes on top, both ways
  std::int64_t fills_by_ns = 0;       ///< how much longer data wait in the bottleneck's queue from
                                      ///< ACK to ACK; after 64 of them it is empty again
  int batch = 1;                      ///< ACKs that the guest gets at once
  std::int64_t in_batch_ns = 2'000;   ///< their distance
  std::int64_t guest_offset_ns = 5'000'000'000;
  double guest_drift = 30e-6;
  std::int64_t step_at_ns = 0, step_ns = 0;  ///< of the guest's clock
  bool timestamps = true;
  bool ip_ids = true;
  bool sockets = false;  ///< the guest's file is tscope's, with driver-rx, socket-rx and driver-tx
  bool merge_at_socket = false;
  bool data = true;  ///< both directions in both files
  unsigned seed = 1;

  std::int64_t guest_time(std::int64_t true_ns) const {
    const std::int64_t since = true_ns - epoch;
    return true_ns + guest_offset_ns + std::llround(guest_drift * static_cast<double>(since)) +
           (step_at_ns > 0 && since >= step_at_ns ? step_ns : 0);
  }
};

struct HostAndGuest {
  Sightings host, guest;
};

inline HostAndGuest play(const Scene& scene) {
  std::mt19937_64 random(scene.seed);
  std::exponential_distribution<double> queue(1 / scene.queue_ns);
  const auto more = [&] { return std::llround(queue(random)); };
  HostAndGuest captures;
  const Interface driver_rx{"eth0", Vantage::driver_rx}, socket_rx{"eth0", Vantage::socket_rx},
      driver_tx{"eth0", Vantage::driver_tx}, tap{"tap0", Vantage::tap};
  Segment data, ack;  // the guest is 10.0.0.1
  data.payload = 1448;
  data.sport = 40000;
  data.dport = 5201;
  data.seq = 1;
  data.ack = 1;
  ack.reverse = true;
  ack.sport = 5201;
  ack.dport = 40000;
  ack.seq = 1;
  ack.timestamps = data.timestamps = scene.timestamps;
  data.ip_id = ack.ip_id = 0;
  data.tsecr = 0;
  std::uint32_t echo = 0;
  std::int64_t delivered = 0, drawn = 0;
  for (int i = 0; i < scene.acks; i++) {
    const std::int64_t at_host = epoch + (i + 1) * scene.ack_gap_ns;
    // Two segments leave the guest between two ACKs.
    for (int j = 0; scene.data && j < 2; j++) {
      const std::int64_t waited = i % 64 * scene.fills_by_ns;
      const std::int64_t left = at_host - scene.ack_gap_ns + j * 50'000 + 1'000 - waited;
      data.ip_id = static_cast<std::uint16_t>(scene.ip_ids ? data.ip_id + 1 : 0);
      data.tsval = static_cast<std::uint32_t>(left / 1'000'000);
      captures.guest.push_back(
          {scene.guest_time(left), data, scene.sockets ? driver_tx : tap, 0, 1});
      captures.host.push_back({left + scene.back_ns + more(), data, tap, 0, 1});
      data.seq += 1448;
    }
    data.tsecr = echo;  // the ACK before has reached the guest when the next data leaves
    echo = ack.tsval;
    ack.ack += 2896;
    ack.ip_id = static_cast<std::uint16_t>(scene.ip_ids ? ack.ip_id + 1 : 0);
    ack.tsval = static_cast<std::uint32_t>(at_host / 1'000'000 + 77);
    ack.tsecr = data.tsval;
    captures.host.push_back({at_host, ack, tap, 0, 1});
    // A batch goes in when its last one is there.
    const int place = i % scene.batch;
    if (place == 0) drawn = more();
    const std::int64_t last_at_host = at_host + (scene.batch - 1 - place) * scene.ack_gap_ns;
    std::int64_t at_guest = last_at_host + scene.there_ns + drawn + place * scene.in_batch_ns;
    at_guest = std::max(at_guest, delivered + 100);
    delivered = at_guest;
    const auto poll = static_cast<std::uint32_t>(i / scene.batch);
    captures.guest.push_back(
        {scene.guest_time(at_guest), ack, scene.sockets ? driver_rx : tap, poll, 1});
    const bool last_of_batch = place == scene.batch - 1;
    if (scene.sockets && (!scene.merge_at_socket || last_of_batch)) {
      captures.guest.push_back(
          {scene.guest_time(at_guest + 3'000), ack, socket_rx, poll,
           static_cast<std::uint16_t>(scene.merge_at_socket ? scene.batch : 1)});
    }
  }
  for (Sightings* file : {&captures.host, &captures.guest}) {
    std::ranges::stable_sort(*file, {}, &Sighting::time_ns);
  }
  return captures;
}

/// As tcpdump writes it: pcap with nanoseconds, raw IP. snap_length cuts off what is beyond.
inline std::unique_ptr<MemoryFile> pcap_of(const Sightings& sightings,
                                           std::size_t snap_length = 262144) {
  Writer file;
  file.u32(0xa1b23c4d).u16(2).u16(4).u32(0).u32(0).u32(snap_length).u32(101);
  for (const Sighting& s : sightings) {
    Bytes packet = headers(s.segment);
    const std::size_t original = packet.size() + s.segment.payload;
    packet.resize(std::min(packet.size(), snap_length));
    file.u32(static_cast<std::uint64_t>(s.time_ns / 1'000'000'000))
        .u32(static_cast<std::uint64_t>(s.time_ns % 1'000'000'000))
        .u32(packet.size())
        .u32(original)
        .raw(packet);
  }
  return std::make_unique<MemoryFile>(file.bytes());
}

/// As tscope writes it. The counter shows `tsc_hz` and `tsc_base` at `counter_epoch_ns` of the
/// file's own clock; booted_ns: CLOCK_MONOTONIC_RAW's zero by that clock.
struct Counter {
  double tsc_hz = 3e9;
  std::uint64_t tsc_base = 1'000'000'000;
  std::int64_t base_ns = epoch;
  std::int64_t booted_ns = epoch - 1'000'000'000'000;
  std::uint64_t at(std::int64_t time_ns) const {
    return tsc_base + static_cast<std::uint64_t>(
                          std::llround(static_cast<double>(time_ns - base_ns) * tsc_hz / 1e9));
  }
  Anchor anchor(std::int64_t time_ns) const {
    return {at(time_ns), 60, static_cast<std::uint64_t>(time_ns - booted_ns),
            static_cast<std::uint64_t>(time_ns)};
  }
};

inline std::unique_ptr<MemoryFile> tscope_file_of(const Sightings& sightings,
                                                  const Counter& counter) {
  auto memory = std::make_unique<MemoryFile>();
  CaptureFile file(memory->path(), LinkType::raw_ip, {{"tool", "tscope test"}});
  const std::int64_t begin = sightings.front().time_ns, end = sightings.back().time_ns;
  file.write(counter.anchor(begin), static_cast<std::uint32_t>(counter.tsc_hz / 1e3));
  std::vector<Interface> interfaces;
  for (const Sighting& s : sightings) {
    Packet packet = packet_at(s.at.vantage, s.segment, s.time_ns);
    const auto known = std::ranges::find(interfaces, s.at);
    packet.interface = static_cast<std::uint32_t>(known - interfaces.begin());
    if (known == interfaces.end()) interfaces.push_back(s.at);
    packet.record.tsc = counter.at(s.time_ns);
    packet.record.napi_poll = s.napi_poll;
    packet.record.segs = s.segs;
    if (is_receive(s.at.vantage)) packet.record.flags = TSCOPE_F_SOFTIRQ;
    file.write(packet, s.at);
  }
  file.write(counter.anchor(end), static_cast<std::uint32_t>(counter.tsc_hz / 1e3));
  ClockInfo clock;
  clock.source = "tsc";
  clock.error_ns = 100;
  file.write_statistics({}, clock, end);
  file.flush();
  return memory;
}

inline AcksBetweenOptions options_at_100m() {
  AcksBetweenOptions options;
  options.acks.link_rate_bps = 100e6;
  return options;
}

inline AcksBetweenReport compare(const MemoryFile& first, const MemoryFile& second,
                                 const AcksBetweenOptions& options = options_at_100m()) {
  return acks_between(first.path(), second.path(), options);
}

inline AcksBetweenReport compare(const HostAndGuest& captures,
                                 const AcksBetweenOptions& options = options_at_100m()) {
  return compare(*pcap_of(captures.host), *pcap_of(captures.guest), options);
}

inline const AcksBetween& only_flow(const AcksBetweenReport& report) {
  if (report.flows.size() != 1) throw std::runtime_error("not one flow: " + report.why_nothing);
  return report.flows[0];
}

}  // namespace tscope::test
