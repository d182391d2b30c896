// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "analysis/acks/modes.hpp"
#include "analysis/acks/own_rate.hpp"
#include "analysis/acks/stream.hpp"
#include "analysis/acks/verdict_thresholds.hpp"
#include "analysis/acks/withheld.hpp"
#include "base/part.hpp"
#include "record/flow_filter.hpp"
#include "tscope/analysis/ack_report.hpp"

namespace tscope {

namespace {

constexpr std::int64_t bins_per_segment_time = 12;
constexpr std::int64_t bin_without_segment_time_ns = 10'000;
constexpr std::int64_t shown_segment_times = 8;  // what the histogram covers before its last bin
constexpr std::int64_t histogram_bins_max = 1000;
constexpr std::size_t flows_max = 2 * AckAnalysis::max_flows;  // directions

// What the rate decides on.
void judge_gaps(const AckStream& stream, double rate_bps, AckDistribution& result) {
  using namespace ack_verdict;
  const ServiceGaps& gaps = stream.service;
  result.judged = gaps.count();
  if (rate_bps == 0) return;
  const auto share = [&](double cut) { return part(gaps.below(cut, rate_bps), gaps.count()); };
  result.service_time_ns = std::llround(8e9 * part(stream.wire_bytes(), gaps.count()) / rate_bps);
  result.compressed = gaps.below(compressed_below, rate_bps);
  result.compressed_share = share(compressed_below);
  result.share_at_065 = share(cut_low);
  result.share_at_085 = share(cut_high);
  const Interval interval = gaps.interval(compressed_below, rate_bps);
  result.share_low = interval.low;
  result.share_high = interval.high;
  result.not_held_back = stream.released.below(time_per_byte_at(compressed_below, rate_bps));
  result.excess = stream.excess.worst(rate_bps);
}

bool is_packet_vantage(Vantage vantage) {
  return vantage != Vantage::app_rx && vantage != Vantage::app_tx && vantage != Vantage::session;
}

}  // namespace

struct AckAnalysis::Impl {
  // One direction: what it sent, and the ACKs in it.
  struct Direction {
    explicit Direction(std::uint32_t mtu) : sent(mtu) {}

    SentSegments sent;
    std::unique_ptr<AckStreams> streams;  // nothing if its ACKs are not asked for
    Direction* other = nullptr;
  };
  struct Rate {
    double bps = 0;
    std::int64_t segment_time_ns = 0;
    std::string source = "none", why;
  };

  explicit Impl(AckOptions given)
      : options(std::move(given)), filter(options.flow), data_filter(options.flow) {
    stream_options.overhead = options.service_overhead();
    stream_options.advancing_only = options.advancing_only;
    if (options.link_rate_bps) {
      stream_options.rate_bps = *options.link_rate_bps;
      stream_options.segment_time_ns =
          segment_time_of(options.mtu + options.segment_overhead(), *options.link_rate_bps);
    }
  }

  static std::int64_t segment_time_of(std::uint32_t bytes, double rate_bps) {
    return std::max<std::int64_t>(1, std::llround(bytes * 8e9 / rate_bps));
  }

  StreamOptions stream_options_of(const Flow& flow) const;
  Direction* direction_of(const Flow& flow);
  const SentSegments& data_of(const Direction& direction) const;
  bool is_shared(const Flow& flow, const AckStream& stream) const;
  Rate rate_of(const Flow& flow, const Direction& direction,
               const std::vector<const AckStream*>& streams) const;
  AckDistribution distribution(const AckStream& stream, const Rate& rate) const;
  AckFlow finish(const Flow& flow, const Direction& direction) const;
  AckReport report() const;

  AckOptions options;
  StreamOptions stream_options;
  FlowFilter filter, data_filter;
  std::unordered_map<Flow, Direction, FlowHash> directions;
  std::map<Flow, double> given_rates;  // by another capture of the same flows
  AckReport counts;
};

StreamOptions AckAnalysis::Impl::stream_options_of(const Flow& flow) const {
  StreamOptions result = stream_options;
  if (!options.events) return result;
  result.event_rate_bps = stream_options.rate_bps;
  const auto found = options.event_rates_bps.find(flow);
  if (result.event_rate_bps == 0 && found != options.event_rates_bps.end()) {
    result.event_rate_bps = found->second;
  }
  return result;
}

AckAnalysis::Impl::Direction* AckAnalysis::Impl::direction_of(const Flow& flow) {
  const auto found = directions.find(flow);
  if (found != directions.end()) return &found->second;
  // The data that the ACKs wanted answer go the other way.
  if (!data_filter.keeps(flow) && !data_filter.keeps(flow.reversed())) return nullptr;
  if (directions.size() >= flows_max) {
    counts.untracked_flows++;
    return nullptr;
  }
  Direction& made = directions.try_emplace(flow, options.mtu).first->second;
  if (data_filter.keeps(flow)) {
    made.streams = std::make_unique<AckStreams>(stream_options_of(flow));
  }
  const auto other = directions.find(flow.reversed());
  if (other != directions.end()) {
    made.other = &other->second;
    other->second.other = &made;
    made.sent.limit(other->second.sent.mss());
  }
  return &made;
}

const SentSegments& AckAnalysis::Impl::data_of(const Direction& direction) const {
  static const SentSegments nothing{1500};
  return direction.other == nullptr ? nothing : direction.other->sent;
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
  Impl::Direction* direction = impl_->direction_of(tcp->flow);
  if (direction == nullptr || !direction->streams) impl_->filter.keeps(tcp->flow);  // counts it
  if (direction == nullptr) return;
  direction->sent.add(*tcp, packet);
  if (tcp->mss > 0 && direction->other != nullptr) direction->other->sent.limit(tcp->mss);
  if (direction->streams) {
    direction->streams->add(*tcp, packet, interface, impl_->data_of(*direction));
  }
}

// Whether others of either host deliver much meanwhile, by the same way perhaps.
bool AckAnalysis::Impl::is_shared(const Flow& flow, const AckStream& stream) const {
  const auto enough = static_cast<std::uint64_t>(ack_verdict::shared_from *
                                                 static_cast<double>(stream.wire_bytes()));
  std::uint64_t bytes = 0;
  for (const auto& [other, direction] : directions) {
    const bool near =
        other.src.address == flow.src.address || other.dst.address == flow.dst.address;
    if (!near || !direction.streams || other == flow) continue;
    const AckStream* seen = direction.streams->first_seen();
    if (seen == nullptr) continue;
    bytes += seen->curve.bytes_between(stream.curve.begin_ns(), stream.curve.end_ns());
    if (bytes >= enough) return true;
  }
  return false;
}

// One for all vantage points of a flow: the first on the path that shows one tells it.
AckAnalysis::Impl::Rate AckAnalysis::Impl::rate_of(
    const Flow& flow, const Direction& direction,
    const std::vector<const AckStream*>& streams) const {
  Rate rate;
  if (options.link_rate_bps) {
    return {*options.link_rate_bps, stream_options.segment_time_ns, "link-rate", ""};
  }
  const SentSegments& data = data_of(direction);
  const std::uint32_t full = data.full_payload();
  const auto given = given_rates.find(flow);
  if (given != given_rates.end()) {
    rate.bps = given->second;
  } else if (full == 0) {
    rate.why = "neither a SYN nor the data show how large a full segment is";
  } else {
    for (const AckStream* stream : streams) {
      OwnRate own = own_rate(*stream);
      if (own.bps > 0 && is_shared(flow, *stream)) {
        own = {0, "other streams of the same host share the path"};
      }
      rate.bps = own.bps;
      if (rate.why.empty()) rate.why = own.why;
      if (rate.bps > 0) break;
    }
  }
  if (rate.bps == 0) return rate;
  rate.source = "own-rate";
  rate.why.clear();
  // In the bytes that the rate was measured in.
  rate.segment_time_ns = segment_time_of(
      (full > 0 ? full + data.header_bytes() : options.mtu) + options.service_overhead(), rate.bps);
  return rate;
}

AckDistribution AckAnalysis::Impl::distribution(const AckStream& stream, const Rate& rate) const {
  AckDistribution result;
  const Histogram& gaps = stream.gaps;
  const std::int64_t segment_time = rate.segment_time_ns;
  result.interface = stream.interface();
  result.acks = stream.acks;
  result.gaps = gaps.count();
  result.acks_without_data = stream.acks_without_data;
  result.gaps_after_hole = stream.gaps_after_hole;
  result.rate_bps = rate.bps;
  result.segment_time_ns = segment_time;
  result.segment_time_source = rate.source;
  result.below_segment_time = gaps.below(segment_time);
  result.below_three_quarters = gaps.below(segment_time * 3 / 4);
  judge_gaps(stream, rate.bps, result);
  result.p50_ns = gaps.quantile(0.5);
  result.p90_ns = gaps.quantile(0.9);
  result.p99_ns = gaps.quantile(0.99);
  result.max_ns = gaps.max();
  result.max_at_ns = stream.longest.from_ns;
  result.max_packets = stream.longest.packets;
  result.events = stream.events.all();
  result.events_left_out = stream.events.left_out();
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
  name_frames(modes, options.mtu, rate.source == "link-rate" ? rate.bps : 0);
  result.modes = std::move(modes.all);
  result.mode_below = modes.below;
  for (std::int64_t i = 1; segment_time > 0 && i <= bins_per_segment_time; i++) {
    const std::int64_t to =
        i == bins_per_segment_time ? segment_time : segment_time * i / bins_per_segment_time;
    const std::uint64_t below =
        i == bins_per_segment_time ? result.below_segment_time : gaps.below(to);
    result.cdf_below.push_back({0, to, std::min(below, result.below_segment_time)});
  }
  return result;
}

AckFlow AckAnalysis::Impl::finish(const Flow& flow, const Direction& direction) const {
  AckFlow result;
  result.flow = flow;
  const auto in_order = direction.streams->in_path_order();
  const Rate rate = rate_of(flow, direction, in_order);
  result.why_no_rate = rate.why;
  for (const AckStream* stream : in_order) {
    result.vantage_points.push_back(distribution(*stream, rate));
    if (stream->before != nullptr && stream->before->acks > 0) {
      result.stages.push_back(
          stream->from_before.result(stream->before->interface(), stream->interface(), rate.bps));
    }
  }
  return result;
}

AckReport AckAnalysis::Impl::report() const {
  AckReport report = counts;
  for (const auto& [flow, direction] : directions) {
    if (direction.streams && direction.streams->acks() > 0) {
      report.flows.push_back(finish(flow, direction));
    }
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
      if (report.loss.known == Loss::Known::none) continue;
      d.lost = d.interface.vantage == Vantage::tap ? report.loss.elsewhere
                                                   : report.loss.at(d.interface.vantage).records;
    }
    flow.withheld = reasons_to_withhold(flow, report);
  }
  return report;
}

AckReport AckAnalysis::finish(const Source& source) {
  AckReport& counts = impl_->counts;
  counts.other_flows = impl_->filter.left_out();
  counts.loss = source.loss();
  counts.counter_check = source.counter_check();
  counts.census = source.census();
  counts.clock = source.clock();
  counts.truncated = source.truncated();
  counts.has_events = impl_->options.events;
  return impl_->report();
}

AckReport AckAnalysis::with_rates(const std::map<Flow, double>& rate_bps) {
  impl_->given_rates = rate_bps;
  return impl_->report();
}

std::map<Flow, double> rates_of(const AckReport& report) {
  std::map<Flow, double> rates;
  for (const AckFlow& flow : report.flows) {
    const double rate = flow.vantage_points.front().rate_bps;
    if (rate > 0) rates.emplace(flow.flow, rate);
  }
  return rates;
}

std::string why_no_acks(const AckReport& report) {
  if (report.records == 0) return why_no_packets(report.census);
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
