// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "analysis/acks/modes.hpp"
#include "analysis/acks/stream.hpp"
#include "analysis/acks/withheld.hpp"
#include "record/flow_filter.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

namespace {

constexpr std::int64_t bins_per_segment_time = 12;
constexpr std::int64_t bin_without_segment_time_ns = 10'000;
constexpr std::int64_t shown_segment_times = 8;  // what the histogram covers before its last bin
constexpr std::int64_t histogram_bins_max = 1000;
// Ethernet header, FCS, preamble with start delimiter, inter-frame gap (IEEE 802.3).
constexpr std::uint32_t ethernet_overhead = 14 + 4 + 8 + 12;
constexpr std::uint32_t usual_mss = 1448;
constexpr std::size_t flows_max = 2 * AckAnalysis::max_flows;  // directions

bool is_packet_vantage(Vantage vantage) {
  return vantage != Vantage::app_rx && vantage != Vantage::app_tx && vantage != Vantage::session;
}

/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927), z
/// = 1.96.
void wilson(std::uint64_t part, std::uint64_t whole, double& low, double& high) {
  if (whole == 0) return;
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(whole);
  const double p = static_cast<double>(part) / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  low = std::max(0.0, middle - half);
  high = std::min(1.0, middle + half);
}

}  // namespace

struct AckAnalysis::Impl {
  explicit Impl(AckOptions given) : options(std::move(given)), filter(options.flow) {
    if (options.link_rate_bps) {
      segment_time_ns = std::max<std::int64_t>(
          1, std::llround((options.mtu + ethernet_overhead) * 8e9 / *options.link_rate_bps));
    }
  }

  AckStreams* streams_of(const Flow& flow);
  std::int64_t segment_time_of(const Flow& flow, const std::vector<const AckStream*>& streams,
                               std::string& source) const;
  AckDistribution distribution(const AckStream& stream, std::int64_t segment_time,
                               const std::string& source) const;
  AckFlow finish(const Flow& flow, const AckStreams& streams) const;

  AckOptions options;
  FlowFilter filter;
  std::int64_t segment_time_ns = 0;  // 0: to be inferred
  std::unordered_map<Flow, AckStreams, FlowHash> flows;
  std::unordered_map<Flow, std::uint32_t, FlowHash> mss;  // largest payload of a single segment
  AckReport counts;
};

AckStreams* AckAnalysis::Impl::streams_of(const Flow& flow) {
  const auto found = flows.find(flow);
  if (found != flows.end()) return &found->second;
  if (!filter.keeps(flow)) return nullptr;
  if (flows.size() >= flows_max) {
    counts.untracked_flows++;
    return nullptr;
  }
  return &flows.try_emplace(flow, segment_time_ns, options.advancing_only).first->second;
}

AckAnalysis::AckAnalysis(AckOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
}
AckAnalysis::~AckAnalysis() = default;

void AckAnalysis::add(const Packet& packet, const Interface& interface) {
  impl_->counts.records++;
  if (!is_packet_vantage(interface.vantage)) {
    impl_->counts.calls++;
    return;
  }
  const auto tcp = decode_tcp(packet.record);
  if (!tcp) return;
  impl_->counts.packets++;
  if (tcp->payload > 0 && (impl_->mss.size() < flows_max || impl_->mss.contains(tcp->flow))) {
    std::uint32_t& mss = impl_->mss[tcp->flow];
    mss = std::max(mss, tcp->payload / std::max<std::uint32_t>(1, packet.record.segs));
  }
  AckStreams* streams = impl_->streams_of(tcp->flow);
  if (streams != nullptr) streams->add(*tcp, packet, interface);
}

// One for all vantage points of a flow: the first on the path that shows a clear mode tells it.
std::int64_t AckAnalysis::Impl::segment_time_of(const Flow& flow,
                                                const std::vector<const AckStream*>& streams,
                                                std::string& source) const {
  if (segment_time_ns > 0) {
    source = "link-rate";
    return segment_time_ns;
  }
  const auto data = mss.find(flow.reversed());
  const std::uint32_t segment = data == mss.end() ? usual_mss : data->second;
  for (const AckStream* stream : streams) {
    const std::int64_t time = infer_segment_time(stream->gaps, segment);
    if (time > 0) {
      source = "first-mode";
      return time;
    }
  }
  source = "none";
  return 0;
}

AckDistribution AckAnalysis::Impl::distribution(const AckStream& stream, std::int64_t segment_time,
                                                const std::string& source) const {
  AckDistribution result;
  const Histogram& gaps = stream.gaps;
  result.interface = stream.interface();
  result.acks = stream.acks;
  result.gaps = gaps.count();
  result.segment_time_ns = segment_time;
  result.segment_time_source = source;
  result.compressed = gaps.below(segment_time);
  if (result.gaps > 0) {
    result.compressed_share =
        static_cast<double>(result.compressed) / static_cast<double>(result.gaps);
  }
  wilson(result.compressed, result.gaps, result.share_low, result.share_high);
  result.p50_ns = gaps.quantile(0.5);
  result.p90_ns = gaps.quantile(0.9);
  result.p99_ns = gaps.quantile(0.99);
  result.max_ns = gaps.max();
  result.merged_records = stream.merged_records;
  result.merged_segments = stream.merged_segments;
  result.same_poll_gaps = stream.same_poll_gaps;
  result.unknown_poll_gaps = stream.unknown_poll_gaps;
  if (result.gaps == 0) return result;

  const std::int64_t bin = std::max<std::int64_t>(
      1, options.bin_ns.value_or(segment_time > 0 ? segment_time / bins_per_segment_time
                                                  : bin_without_segment_time_ns));
  const std::int64_t wanted = segment_time > 0 ? shown_segment_times * segment_time : result.p99_ns;
  result.histogram = equal_bins(gaps, bin, std::min(wanted, histogram_bins_max * bin));
  Modes modes = find_modes(gaps, bin, segment_time);
  result.modes = std::move(modes.all);
  result.mode_below = modes.below;
  for (std::int64_t i = 1; segment_time > 0 && i <= bins_per_segment_time; i++) {
    const std::int64_t to =
        i == bins_per_segment_time ? segment_time : segment_time * i / bins_per_segment_time;
    const std::uint64_t below = i == bins_per_segment_time ? result.compressed : gaps.below(to);
    result.cdf_below.push_back({0, to, std::min(below, result.compressed)});
  }
  return result;
}

AckFlow AckAnalysis::Impl::finish(const Flow& flow, const AckStreams& streams) const {
  AckFlow result;
  result.flow = flow;
  const auto in_order = streams.in_path_order();
  std::string source;
  const std::int64_t segment_time = segment_time_of(flow, in_order, source);
  for (const AckStream* stream : in_order) {
    result.vantage_points.push_back(distribution(*stream, segment_time, source));
    if (stream->before != nullptr && stream->before->acks > 0) {
      result.stages.push_back(stream->from_before.result(stream->before->interface(),
                                                         stream->interface(), segment_time));
    }
  }
  return result;
}

AckReport AckAnalysis::finish(const Source& source) {
  AckReport report = impl_->counts;
  report.other_flows = impl_->filter.left_out();
  report.loss = source.loss();
  report.counter_check = source.counter_check();
  report.clock = source.clock();
  report.truncated = source.truncated();
  for (const auto& [flow, streams] : impl_->flows) {
    if (streams.acks() > 0) report.flows.push_back(impl_->finish(flow, streams));
  }
  const auto acks = [](const AckFlow& flow) {
    std::uint64_t sum = 0;
    for (const AckDistribution& d : flow.vantage_points) sum += d.acks;
    return sum;
  };
  std::ranges::sort(report.flows, [&](const AckFlow& a, const AckFlow& b) {
    return std::pair(acks(b), a.flow) < std::pair(acks(a), b.flow);
  });
  for (AckFlow& flow : report.flows) {
    for (AckDistribution& d : flow.vantage_points) {
      d.lost = d.interface.vantage == Vantage::tap ? report.loss.elsewhere
                                                   : report.loss.at(d.interface.vantage).records;
    }
    flow.withheld = reasons_to_withhold(flow, report);
  }
  return report;
}

std::string why_no_acks(const AckReport& report) {
  if (report.records == 0) return "the file holds no packets; did the port match any traffic?";
  if (report.packets == 0 && report.calls == report.records) {
    return fmt::format(
        "its {} records are calls and connection events, not segments; capture at the driver or "
        "the socket (--at driver,socket)",
        report.records);
  }
  if (report.packets == 0) {
    return fmt::format("none of its {} packets is TCP", report.records - report.calls);
  }
  if (report.other_flows == report.packets) {
    return fmt::format("none of its {} TCP segments is of a flow that --flow names; try without it",
                       report.packets);
  }
  return fmt::format(
      "its {} TCP segments carry data or open and close connections; ACKs go against the data: "
      "capture both directions (-p PORT), at vantage points of both",
      report.packets);
}

}  // namespace tscope
