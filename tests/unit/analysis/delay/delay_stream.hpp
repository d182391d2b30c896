// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "tscope/analysis/delay_report.hpp"
#include "unit/analysis/acks/ack_stream.hpp"

namespace tscope::test {

/// Records of one connection, in any order; they reach the analysis in the order of time.
class DelayStream {
 public:
  /// The data goes from 10.0.0.1:40001 to 10.0.0.2:5201, `device` shows at every vantage point.
  DelayStream& at(Vantage vantage, std::int64_t time_ns, std::uint32_t seq, std::uint32_t payload,
                  std::uint16_t segs = 1, std::uint16_t ip_id = 0) {
    Segment segment;
    segment.seq = seq;
    segment.payload = payload;
    segment.segs = segs;
    segment.ip_id = ip_id;
    return add(vantage, time_ns, segment);
  }

  DelayStream& add(Vantage vantage, std::int64_t time_ns, Segment segment) {
    segment.time_ns = time_ns;
    segment.from_receiver = false;
    if (vantage == Vantage::app_tx || vantage == Vantage::app_rx) {
      segment.record_flags |= TSCOPE_F_SYNTH_IP;
    }
    if (vantage == Vantage::socket_tx) segment.record_flags |= TSCOPE_F_SYNTH_IP;
    Packet packet = make_packet(segment, vantage);
    packet.record.tsc = static_cast<std::uint64_t>(time_ns);
    packet.record.clock = TSCOPE_CLOCK_TSC;
    packets.push_back(packet);
    return *this;
  }

  /// A packet that is sent at `time_ns` and takes 10, 20 and 30 ns from layer to layer.
  DelayStream& sent(std::int64_t time_ns, std::uint32_t seq, std::uint32_t payload,
                    std::uint16_t ip_id = 0) {
    if (payload > 0) at(Vantage::app_tx, time_ns, seq, payload);
    at(Vantage::socket_tx, time_ns + 10, seq, payload);
    at(Vantage::qdisc_tx, time_ns + 30, seq, payload, 1, ip_id);
    return at(Vantage::driver_tx, time_ns + 60, seq, payload, 1, ip_id);
  }

  /// A packet that comes in at `time_ns` and takes 100 and 1000 ns from layer to layer.
  DelayStream& received(std::int64_t time_ns, std::uint32_t seq, std::uint32_t payload) {
    at(Vantage::driver_rx, time_ns, seq, payload);
    at(Vantage::socket_rx, time_ns + 100, seq, payload);
    if (payload > 0) at(Vantage::app_rx, time_ns + 1100, seq, payload);
    return *this;
  }

  DelayReport report(const DelayOptions& options = {}) const {
    std::vector<Packet> sorted = packets;
    std::ranges::stable_sort(sorted, {}, &Packet::time_ns);
    return report_as_it_is(sorted, options);
  }

  DelayReport report_as_it_is(const std::vector<Packet>& given,
                              const DelayOptions& options = {}) const {
    DelayAnalysis analysis(options);
    for (const Packet& packet : given) analysis.add(packet, {device, packet.vantage()});
    return analysis.finish(source);
  }

  std::vector<Packet> packets;
  std::string device = "eth0";
  NoSource source;
};

inline const DelayChain* chain_of(const DelayReport& report, Way way, PacketKind kind) {
  for (const DelayChain& chain : report.chains) {
    if (chain.way == way && chain.kind == kind) return &chain;
  }
  return nullptr;
}

inline std::uint64_t packets_of(const DelayReport& report, Way way, PacketKind kind) {
  const DelayChain* chain = chain_of(report, way, kind);
  return chain == nullptr ? 0 : chain->packets;
}

inline StageCounts pair_of(const DelayReport& report, Vantage first, Vantage second) {
  for (const StageCounts& pair : report.stages) {
    if (pair.first == first && pair.second == second) return pair;
  }
  return {};
}

inline std::uint64_t only_first(const StageCounts& pair, Unmatched reason) {
  return pair.only_first[static_cast<std::size_t>(reason)];
}

inline std::uint64_t only_second(const StageCounts& pair, Unmatched reason) {
  return pair.only_second[static_cast<std::size_t>(reason)];
}

/// The longest time of each stage, in order: exact, and enough where all packets take the same.
inline std::vector<std::int64_t> longest(const DelayChain& chain) {
  std::vector<std::int64_t> result;
  for (const DelayStage& stage : chain.stages) result.push_back(stage.max_ns);
  return result;
}

inline void expect_stages_sum_to_totals(const DelayReport& report) {
  for (const DelayChain& chain : report.chains) {
    const std::int64_t sum = std::accumulate(
        chain.stages.begin(), chain.stages.end(), std::int64_t{0},
        [](std::int64_t before, const DelayStage& stage) { return before + stage.sum_ns; });
    EXPECT_EQ(sum, chain.total.sum_ns);
  }
}

}  // namespace tscope::test
