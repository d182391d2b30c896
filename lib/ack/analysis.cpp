// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_map>

#include "ack/classifier.hpp"
#include "ack/modes.hpp"
#include "ack/pair_matcher.hpp"
#include "tscope/ack_report.hpp"

namespace tscope {

namespace {

constexpr std::int64_t bins_per_segment_time = 12;
constexpr std::int64_t bin_without_segment_time_ns = 10'000;
constexpr std::int64_t shown_segment_times = 8;  // what the histogram covers before its last bin
constexpr std::int64_t histogram_bins_max = 1000;
// Ethernet header, FCS, preamble with start delimiter, inter-frame gap (IEEE 802.3).
constexpr std::uint32_t ethernet_overhead = 14 + 4 + 8 + 12;
constexpr std::uint32_t usual_mss = 1448;
constexpr std::size_t recent_max = 64;

bool is_packet_vantage(Vantage vantage) {
  return vantage != Vantage::app_rx && vantage != Vantage::app_tx && vantage != Vantage::session;
}

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
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

/// One direction of a flow at one interface.
struct Stream {
  Interface interface;
  AckClassifier classifier;
  PairMatcher from_before;  // pairs with the vantage point before this one
  Stream* before = nullptr;
  std::deque<std::pair<TcpHeaders, Packet>> recent;  // for a vantage point that shows up later

  std::uint64_t acks = 0;
  std::uint64_t compressed = 0;  // exact, where the segment time is known beforehand
  std::uint64_t merged_records = 0, merged_segments = 0, same_poll = 0;
  DurationHistogram gaps;
  bool has_last = false;
  Packet last;
  bool has_highest = false;
  std::uint32_t highest_ack = 0;
};

struct FlowState {
  Flow flow;
  std::vector<std::unique_ptr<Stream>> streams;
  std::uint64_t acks = 0;
};

bool same_poll(const Packet& a, const Packet& b) {
  return (a.record.flags & b.record.flags & TSCOPE_F_SOFTIRQ) != 0 &&
         a.record.cpu == b.record.cpu && a.record.napi_poll == b.record.napi_poll;
}

// The nearest vantage point before `stream` on the same way, on its own device if there is one.
Stream* find_before(const FlowState& state, const Stream& stream) {
  Stream* best = nullptr;
  for (const auto& other : state.streams) {
    const Vantage vantage = other->interface.vantage;
    if (other.get() == &stream || is_receive(vantage) != is_receive(stream.interface.vantage) ||
        path_order(vantage) >= path_order(stream.interface.vantage)) {
      continue;
    }
    const bool own_device = other->interface.device == stream.interface.device;
    const bool nearer = best == nullptr ||
                        path_order(vantage) > path_order(best->interface.vantage) ||
                        (vantage == best->interface.vantage && own_device);
    if (nearer) best = other.get();
  }
  return best;
}

}  // namespace

struct AckAnalysis::Impl {
  explicit Impl(AckOptions given) : options(std::move(given)) {
    if (options.link_rate_bps) {
      segment_time_ns =
          std::llround((options.mtu + ethernet_overhead) * 8e9 / *options.link_rate_bps);
    }
  }

  FlowState* state_of(const Flow& flow);
  Stream& stream_of(FlowState& state, const Interface& interface);
  void count(FlowState& state, Stream& stream, const TcpHeaders& tcp, const Packet& packet);
  std::int64_t segment_time_of(const FlowState& state, std::string& source) const;
  AckDistribution distribution(const Stream& stream, std::int64_t segment_time,
                               const std::string& source) const;
  AckFlow finish(const FlowState& state) const;

  AckOptions options;
  std::int64_t segment_time_ns = 0;  // 0: to be inferred
  std::unordered_map<Flow, FlowState, FlowHash> flows;
  std::unordered_map<Flow, std::uint32_t, FlowHash> mss;  // largest payload of a single segment
  std::uint64_t packets = 0;
  std::uint64_t untracked = 0;
};

FlowState* AckAnalysis::Impl::state_of(const Flow& flow) {
  const auto found = flows.find(flow);
  if (found != flows.end()) return &found->second;
  if (options.flow &&
      fmt::format("{} > {}", flow.src.to_string(), flow.dst.to_string()).find(*options.flow) ==
          std::string::npos) {
    return nullptr;
  }
  if (flows.size() >= 2 * max_flows) {
    untracked++;
    return nullptr;
  }
  FlowState& state = flows[flow];
  state.flow = flow;
  return &state;
}

Stream& AckAnalysis::Impl::stream_of(FlowState& state, const Interface& interface) {
  for (const auto& stream : state.streams) {
    if (stream->interface == interface) return *stream;
  }
  state.streams.push_back(std::make_unique<Stream>());
  Stream& made = *state.streams.back();
  made.interface = interface;
  // A new vantage point may come to stand between two others.
  for (const auto& stream : state.streams) stream->before = find_before(state, *stream);
  if (made.before != nullptr) {
    for (const auto& [tcp, packet] : made.before->recent) made.from_before.at_first(tcp, packet);
  }
  return made;
}

void AckAnalysis::Impl::count(FlowState& state, Stream& stream, const TcpHeaders& tcp,
                              const Packet& packet) {
  state.acks++;
  stream.acks++;
  if (packet.record.segs > 1) {
    stream.merged_records++;
    stream.merged_segments += packet.record.segs;
  }
  // What came late stands in no right place: no gap ends or begins there.
  const std::int64_t gap = packet.time_ns - stream.last.time_ns;
  if (stream.has_last && !packet.late && gap >= 0) {
    const std::uint32_t advance =
        stream.has_highest && after(tcp.ack, stream.highest_ack) ? tcp.ack - stream.highest_ack : 0;
    stream.gaps.add(gap, advance);
    stream.compressed += gap < segment_time_ns;
    stream.same_poll += same_poll(stream.last, packet);
  }
  stream.has_last = !packet.late;
  stream.last = packet;
  if (!stream.has_highest || after(tcp.ack, stream.highest_ack)) stream.highest_ack = tcp.ack;
  stream.has_highest = true;

  if (stream.before != nullptr) stream.from_before.at_second(tcp, packet);
  bool followed = false;
  for (const auto& other : state.streams) {
    if (other->before != &stream) continue;
    other->from_before.at_first(tcp, packet);
    followed = true;
  }
  if (followed) {
    stream.recent.clear();
    return;
  }
  stream.recent.emplace_back(tcp, packet);
  if (stream.recent.size() > recent_max) stream.recent.pop_front();
}

AckAnalysis::AckAnalysis(AckOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
}
AckAnalysis::~AckAnalysis() = default;

void AckAnalysis::add(const Packet& packet, const Interface& interface) {
  if (!is_packet_vantage(interface.vantage)) return;
  const auto tcp = decode_tcp(packet.record);
  if (!tcp) return;
  impl_->packets++;
  if (tcp->payload > 0 && impl_->mss.size() < 2 * max_flows) {
    std::uint32_t& mss = impl_->mss[tcp->flow];
    mss = std::max(mss, tcp->payload / std::max<std::uint32_t>(1, packet.record.segs));
  }
  FlowState* state = impl_->state_of(tcp->flow);
  if (state == nullptr) return;
  Stream& stream = impl_->stream_of(*state, interface);
  if (!stream.classifier.is_ack(*tcp)) return;
  const bool advances = !stream.has_highest || after(tcp->ack, stream.highest_ack);
  if (impl_->options.advancing_only && !advances) return;
  impl_->count(*state, stream, *tcp, packet);
}

// One for all vantage points of a flow: the first on the path that shows a clear mode tells it.
std::int64_t AckAnalysis::Impl::segment_time_of(const FlowState& state, std::string& source) const {
  if (segment_time_ns > 0) {
    source = "link-rate";
    return segment_time_ns;
  }
  std::vector<const Stream*> streams;
  for (const auto& stream : state.streams) streams.push_back(stream.get());
  std::ranges::sort(streams, {}, [](const Stream* s) { return path_order(s->interface.vantage); });
  const auto data = mss.find(state.flow.reversed());
  const std::uint32_t segment = data == mss.end() ? usual_mss : data->second;
  for (const Stream* stream : streams) {
    const std::int64_t time = infer_segment_time(stream->gaps, segment);
    if (time > 0) {
      source = "first-mode";
      return time;
    }
  }
  source = "none";
  return 0;
}

AckDistribution AckAnalysis::Impl::distribution(const Stream& stream, std::int64_t segment_time,
                                                const std::string& source) const {
  AckDistribution result;
  const DurationHistogram& gaps = stream.gaps;
  result.interface = stream.interface;
  result.acks = stream.acks;
  result.gaps = gaps.count();
  result.segment_time_ns = segment_time;
  result.segment_time_source = source;
  result.compressed = source == "link-rate" ? stream.compressed : gaps.below(segment_time);
  if (result.gaps > 0) {
    result.compressed_share =
        static_cast<double>(result.compressed) / static_cast<double>(result.gaps);
  }
  wilson(result.compressed, result.gaps, result.share_low, result.share_high);
  result.p50_ns = gaps.quantile_ns(0.5);
  result.p90_ns = gaps.quantile_ns(0.9);
  result.p99_ns = gaps.quantile_ns(0.99);
  result.max_ns = gaps.max_ns();
  result.merged_records = stream.merged_records;
  result.merged_segments = stream.merged_segments;
  result.same_poll_gaps = stream.same_poll;
  if (result.gaps == 0) return result;

  const std::int64_t bin = std::max<std::int64_t>(
      1, options.bin_ns.value_or(segment_time > 0 ? segment_time / bins_per_segment_time
                                                  : bin_without_segment_time_ns));
  const std::int64_t wanted = segment_time > 0 ? shown_segment_times * segment_time : result.p99_ns;
  result.histogram = equal_bins(gaps, bin, std::min(wanted, histogram_bins_max * bin));
  result.modes = find_modes(gaps, bin, segment_time);
  for (const AckMode& mode : result.modes) {
    if (mode.at_ns < segment_time && !result.mode_below) result.mode_below = mode;
  }
  for (std::int64_t i = 1; segment_time > 0 && i <= bins_per_segment_time; i++) {
    const std::int64_t to =
        i == bins_per_segment_time ? segment_time : segment_time * i / bins_per_segment_time;
    const std::uint64_t below = i == bins_per_segment_time ? result.compressed : gaps.below(to);
    result.cdf_below.push_back({0, to, std::min(below, result.compressed)});
  }
  return result;
}

AckFlow AckAnalysis::Impl::finish(const FlowState& state) const {
  AckFlow result;
  result.flow = state.flow;
  std::string source;
  const std::int64_t segment_time = segment_time_of(state, source);
  for (const auto& stream : state.streams) {
    if (stream->acks == 0) continue;
    result.vantage_points.push_back(distribution(*stream, segment_time, source));
    if (stream->before != nullptr && stream->before->acks > 0) {
      result.pairs.push_back(
          stream->from_before.result(stream->before->interface, stream->interface, segment_time));
    }
  }
  const auto order = [](const Interface& i) { return std::pair(path_order(i.vantage), i.device); };
  std::ranges::stable_sort(result.vantage_points, {},
                           [&](const AckDistribution& d) { return order(d.interface); });
  std::ranges::stable_sort(result.pairs, {}, [&](const AckPair& p) { return order(p.second); });
  return result;
}

AckReport AckAnalysis::finish(const Source& source) {
  AckReport report;
  std::vector<const FlowState*> states;
  for (const auto& [flow, state] : impl_->flows) {
    if (state.acks > 0) states.push_back(&state);
  }
  std::ranges::sort(states, [](const FlowState* a, const FlowState* b) {
    return a->acks != b->acks ? a->acks > b->acks : a->flow < b->flow;
  });
  for (const FlowState* state : states) report.flows.push_back(impl_->finish(*state));
  report.packets = impl_->packets;
  report.untracked_flows = impl_->untracked;
  report.loss = source.loss();
  report.clock = source.clock();
  report.truncated = source.truncated();
  return report;
}

}  // namespace tscope
