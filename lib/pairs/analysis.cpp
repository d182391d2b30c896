// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "pairs/flow_stats.hpp"
#include "pairs/side_by_side.hpp"
#include "pairs/survey.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"
#include "tscope/pair_report.hpp"
#include "tscope/units.hpp"

namespace tscope {

namespace {

constexpr std::uint32_t ethernet_overhead = 38;  // as AckOptions::mtu counts
constexpr std::uint64_t progress_every = 1 << 16;
// Two counters that agree to this by chance: no clocks do.
constexpr std::int64_t counter_error_max_ns = 10'000'000;
constexpr std::uint64_t counter_samples_min = 20;

void check_paths(const std::string& first, const std::string& second) {
  if (first == "-" || second == "-") {
    throw UsageError(
        "two captures are read three times, standard input can't be; save it to a "
        "file first");
  }
  std::error_code ignored;
  if (std::filesystem::equivalent(first, second, ignored)) {
    throw UsageError(fmt::format("{} and {} are one file; name the host's capture and the guest's",
                                 first, second));
  }
}

class Comparison {
 public:
  Comparison(const std::string& first, const std::string& second, const PairOptions& options)
      : options_(options), paths_{first, second} {}

  PairReport run();

 private:
  void survey(std::size_t file);
  void take_order();
  void choose_segment_time();
  bool explain_if_nothing_is_common();
  void align();
  bool counters_agree(const EnvelopeAligner& by_ticks) const;
  void take_shared(const TickScale& scale, const Alignment& by_ticks);
  void note_alignment();
  void compare();
  void add_distributions();
  std::int64_t rough_offset(std::int64_t second_ns) const;
  std::int64_t resolution() const;
  bool wanted(const Flow& flow) const;
  void progressed(std::uint64_t packets) const {
    if (options_.progress) options_.progress(packets);
  }

  const PairOptions& options_;
  std::array<std::string, 2> paths_;
  std::array<CaptureSurvey, 2> surveys_;
  std::optional<CaptureOverlap> overlap_;
  std::vector<FlowPlan> plans_;
  std::vector<std::array<Coverage, 2>> coverage_;  // by plan
  std::optional<TickScale> ticks_;
  Alignment used_;  // on the time line that the second reading takes
  std::int64_t segment_time_ns_ = 0;
  PairReport report_;
};

void Comparison::survey(std::size_t file) {
  AckAnalysis analysis(options_.acks);
  const auto source = open_file(paths_[file]);
  Packet packet;
  std::uint64_t read = 0;
  while (source->next(packet) == Source::Next::packet) {
    const Interface& interface = source->interfaces()[packet.interface];
    analysis.add(packet, interface);
    surveys_[file].add(packet, interface);
    for (const Anchor& anchor : source->take_anchors()) surveys_[file].add(anchor);
    if (++read % progress_every == 0) progressed(read);
  }
  for (const Anchor& anchor : source->take_anchors()) surveys_[file].add(anchor);
  report_.reports[file] = analysis.finish(*source);
}

void Comparison::take_order() {
  overlap_.emplace(surveys_[0], surveys_[1]);
  if (overlap_->same_capture()) {
    throw Error(fmt::format(
        "{} and {} are the same capture twice (all packets lie equally far apart); name the host's "
        "and the guest's",
        paths_[0], paths_[1]));
  }
  plans_ = plan_flows(surveys_[0], surveys_[1], *overlap_);
  report_.why_swapped = why_swapped(surveys_[0], surveys_[1], plans_);
  if (overlap_->packets() == 0 || report_.why_swapped.empty()) {
    report_.why_swapped.clear();
    return;
  }
  report_.swapped = true;
  std::swap(paths_[0], paths_[1]);
  std::swap(surveys_[0], surveys_[1]);
  std::swap(report_.reports[0], report_.reports[1]);
  overlap_.emplace(surveys_[0], surveys_[1]);
  plans_ = plan_flows(surveys_[0], surveys_[1], *overlap_);
}

// One for both files and all flows; inferred nearer the wire rather than behind the hypervisor.
void Comparison::choose_segment_time() {
  for (const AckReport& report : report_.reports) {
    for (const AckFlow& flow : report.flows) {
      for (const AckDistribution& d : flow.vantage_points) {
        if (segment_time_ns_ == 0) segment_time_ns_ = d.segment_time_ns;
      }
    }
  }
}

bool Comparison::explain_if_nothing_is_common() {
  if (plans_.empty()) {
    report_.why_no_pairs =
        "the captures have no flow in common; are they of one transfer, and is no address "
        "translated between them?";
  } else if (overlap_->packets() == 0) {
    report_.why_no_pairs = fmt::format(
        "the captures have {} flow directions in common but no packet; were they taken at the same "
        "time?",
        plans_.size());
  }
  return !report_.why_no_pairs.empty();
}

std::int64_t Comparison::rough_offset(std::int64_t second_ns) const {
  return overlap_->offset_near_second(second_ns);
}

std::int64_t Comparison::resolution() const {
  std::int64_t sum = 0;
  for (const AckReport& report : report_.reports) {
    sum += std::max<std::int64_t>(1, report.clock.resolution_ns) + report.clock.error_ns;
  }
  return sum;
}

bool Comparison::wanted(const Flow& flow) const {
  return !options_.acks.flow || fmt::format("{} > {}", flow.src.to_string(), flow.dst.to_string())
                                        .find(*options_.acks.flow) != std::string::npos;
}

void Comparison::align() {
  const bool ticks =
      surveys_[0].has_tsc() && surveys_[1].has_tsc() && report_.reports[0].clock.tsc_hz > 0;
  if (options_.align == AlignMethod::shared && !ticks) {
    throw Error(
        "--align shared needs TSC stamps in both captures, as tscope's own files have "
        "them; leave it out");
  }
  TickScale scale;
  if (ticks) {
    const auto& begin = surveys_[0].first_stamp;
    scale = {begin.tsc, begin.time_ns, 1e9 / report_.reports[0].clock.tsc_hz};
  }
  const bool any_known = std::ranges::any_of(plans_, [](const FlowPlan& p) { return !p.assumed; });
  coverage_.assign(plans_.size(), {});
  std::vector<std::array<Coverage, 2>> by_ticks_coverage(plans_.size());
  EnvelopeAligner envelope, by_ticks, by_numbers;
  AtRestAligner at_rest;
  SideBySide reading(paths_, plans_, options_.acks.advancing_only);
  SideBySideEvents events;
  events.missing = [](int, const PacketStamp&) {};
  events.match = [&](const PacketMatcher::Match& match) {
    report_.common_packets++;
    const std::array times{match.first.time_ns, match.second.time_ns};
    const std::array tick_times{scale.to_ns(match.first.tsc), scale.to_ns(match.second.tsc)};
    const std::uint32_t flow = match.first.flow;
    for (std::size_t i = 0; i < 2; i++) {
      coverage_[flow][i].add(times[i]);
      by_ticks_coverage[flow][i].add(tick_times[i]);
    }
    const FlowPlan& plan = plans_[flow];
    if (!match.alone || (plan.assumed && any_known)) return;
    by_numbers.add({times[0], times[1], plan.towards_second});
    if (!match.certain) return;
    envelope.add({times[0], times[1], plan.towards_second});
    at_rest.add({times[0], times[1], plan.towards_second});
    if (ticks) by_ticks.add({tick_times[0], tick_times[1], plan.towards_second});
  };
  reading.read([&](std::int64_t t) { return rough_offset(t); }, events,
               [&](std::uint64_t n) { progressed(n); });

  if (ticks && (!options_.align || options_.align == AlignMethod::shared) &&
      counters_agree(by_ticks)) {
    coverage_ = std::move(by_ticks_coverage);
    take_shared(scale, by_ticks.fit(1));
    return;
  }
  Alignment& alignment = report_.alignment;
  const bool certain = envelope.samples() > 0;
  alignment = (certain ? envelope : by_numbers).fit(resolution());
  if (!certain) {
    report_.alignment_note =
        "without timestamps and IP identification a repetition may be taken "
        "for what it repeats";
  }
  if (options_.align == AlignMethod::at_rest) {
    const auto fitted = at_rest.fit(resolution());
    if (!fitted) {
      throw Error(fmt::format(
          "--align at-rest: fewer than three packets stand alone for {}; leave it out for the "
          "envelope of the delays",
          format_duration(AtRestAligner::rest_ns)));
    }
    alignment = *fitted;
  } else if (options_.align == AlignMethod::none) {
    const Alignment::Piece whole{alignment.pieces.front().from_ns, alignment.pieces.back().to_ns, 0,
                                 0};
    alignment = {};
    alignment.method = AlignMethod::none;
    alignment.pieces = {whole};
    alignment.samples = by_numbers.samples();
  }
  used_ = alignment;
  note_alignment();
}

// By the packets: with one counter nothing arrives before it was sent, and two counters do not
// agree so well. By the anchors, where packets go one way only.
bool Comparison::counters_agree(const EnvelopeAligner& by_ticks) const {
  const Alignment fitted = by_ticks.fit(1);
  const bool told = fitted.error_ns && fitted.samples >= counter_samples_min;
  if (!told) {
    if (one_boot(surveys_[0], surveys_[1])) return true;
    if (options_.align != AlignMethod::shared) return false;
    return true;
  }
  const Alignment::Piece& last = fitted.pieces.back();
  const auto end_ns = *fitted.offset_at(last.to_ns);
  const bool agree = fitted.pieces.size() == 1 && *fitted.error_ns <= counter_error_max_ns &&
                     std::abs(fitted.offset_ns()) <= *fitted.error_ns &&
                     std::abs(end_ns) <= *fitted.error_ns;
  if (!agree && options_.align == AlignMethod::shared) {
    throw Error(fmt::format(
        "--align shared: the two captures' counters are not one, they differ by {}; leave it out",
        format_duration(std::abs(fitted.offset_ns()))));
  }
  return agree;
}

// The second reading takes all its times from the counter; what is reported is the distance of the
// files' own time lines.
void Comparison::take_shared(const TickScale& scale, const Alignment& by_ticks) {
  ticks_ = scale;
  used_ = {};
  used_.method = AlignMethod::shared;
  used_.pieces = {{by_ticks.pieces.front().from_ns, by_ticks.pieces.back().to_ns, 0, 0}};
  const auto offset = [&](const CaptureSurvey::Stamp& s) { return s.time_ns - scale.to_ns(s.tsc); };
  const auto &begin = surveys_[1].first_stamp, &end = surveys_[1].last_stamp;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, end.time_ns - begin.time_ns));
  Alignment& alignment = report_.alignment;
  alignment = by_ticks;
  alignment.method = AlignMethod::shared;
  alignment.steps.clear();
  alignment.bends = alignment.outliers = 0;
  alignment.pieces = {{scale.to_ns(begin.tsc), scale.to_ns(end.tsc), offset(begin),
                       static_cast<double>(offset(end) - offset(begin)) / span}};
  alignment.error_ns = static_cast<std::int64_t>(std::ceil(2 * scale.ns_per_tick));
  report_.alignment_note = by_ticks.error_ns ? "" : "packets one way only: nothing checks it";
}

// A packet that goes one way can't tell its delay from the offset; but the way there is no longer
// than there and back.
void Comparison::note_alignment() {
  Alignment& alignment = report_.alignment;
  if (alignment.method == AlignMethod::none) {
    report_.alignment_note = "the files' times as they are: delays hold the clocks' offset";
    return;
  }
  if (alignment.samples == 0) {
    // All are repetitions of others: what the samples tell is not worse.
    alignment.pieces = {{0, 0, rough_offset(surveys_[1].first_stamp.time_ns), 0}};
    used_ = alignment;
    report_.alignment_note = "no packet could be told from others for sure: delays mean nothing";
    return;
  }
  if (alignment.towards_second != alignment.towards_first) {
    const std::size_t from = alignment.towards_second ? 0 : 1;
    std::optional<std::int64_t> bound;
    for (const FlowPlan& plan : plans_) {
      const auto echo = surveys_[from].echo_ns(plan.flow);
      if (plan.into() != from && echo) bound = std::min(*echo, bound.value_or(*echo));
    }
    const bool known = std::ranges::any_of(plans_, [](const FlowPlan& p) { return !p.assumed; });
    if (bound && known) alignment.error_ns = *bound + alignment.residual_p50_ns + resolution();
    report_.alignment_note = fmt::format(
        "packets one way only: the quickest is taken to need no time, so delays are short by {}",
        bound ? fmt::format("up to {}", format_duration(*bound)) : "an unknown amount");
    if (!known) report_.alignment_note += ", if the order of the files is right";
  } else if (!alignment.error_ns) {
    report_.alignment_note =
        "after a step of the clock packets go one way only: no error can be stated";
  }
}

void Comparison::compare() {
  AckOptions acks = options_.acks;
  const bool again = !acks.link_rate_bps && segment_time_ns_ > 0;
  if (again) {
    acks.link_rate_bps =
        (acks.mtu + ethernet_overhead) * 8e9 / static_cast<double>(segment_time_ns_);
  }
  std::array<AckAnalysis, 2> analyses{AckAnalysis(acks), AckAnalysis(acks)};
  std::array<std::int64_t, 2> resolution_ns{};
  for (std::size_t i = 0; i < 2; i++) {
    resolution_ns[i] = ticks_ ? static_cast<std::int64_t>(std::ceil(ticks_->ns_per_tick))
                              : std::max<std::int64_t>(1, report_.reports[i].clock.resolution_ns);
  }
  std::vector<std::unique_ptr<FlowStats>> stats(plans_.size());
  for (std::size_t i = 0; i < plans_.size(); i++) {
    if (!wanted(plans_[i].flow) || !coverage_[i][0].any) continue;
    stats[i] =
        std::make_unique<FlowStats>(plans_[i], coverage_[i], resolution_ns, segment_time_ns_);
  }

  SideBySide reading(paths_, plans_, options_.acks.advancing_only);
  if (ticks_) reading.use_ticks(*ticks_);
  SideBySideEvents events;
  if (again) {
    events.packet = [&](std::size_t file, const Packet& packet, const Interface& interface) {
      analyses[file].add(packet, interface);
    };
  }
  events.match = [&](const PacketMatcher::Match& match) {
    const auto& flow = stats[match.first.flow];
    if (!flow || !match.first.is_ack || !match.second.is_ack) return;
    flow->match(match.first, match.second, used_.offset_at(match.first.time_ns));
  };
  events.missing = [&](int file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (flow && packet.is_ack) flow->missing(static_cast<std::size_t>(file), packet);
  };
  events.copy = [&](std::size_t file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (flow && packet.is_ack) flow->copy(file);
  };
  events.arrived = [&](std::size_t file, const PacketStamp& packet) {
    const auto& flow = stats[packet.flow];
    if (!flow) return;
    flow->arrived(packet, file == 1 ? used_.offset_at_second(packet.time_ns) : std::nullopt);
  };
  const auto offset = [&](std::int64_t second_ns) {
    const auto known =
        used_.method == AlignMethod::none ? std::nullopt : used_.offset_at_second(second_ns);
    return known.value_or(rough_offset(second_ns));
  };
  reading.read(offset, events, [&](std::uint64_t n) { progressed(n); });

  for (std::size_t i = 0; i < 2 && again; i++) {
    report_.reports[i] = analyses[i].finish(reading.source(i));
    for (AckFlow& flow : report_.reports[i].flows) {
      for (AckDistribution& d : flow.vantage_points) d.segment_time_source = "first-mode";
    }
  }
  for (const auto& flow : stats) {
    if (!flow) continue;
    CapturePair pair = flow->finish();
    if (pair.matched > 0) report_.pairs.push_back(std::move(pair));
  }
}

void Comparison::add_distributions() {
  for (CapturePair& pair : report_.pairs) {
    for (auto [point, to] :
         {std::pair{&pair.first, &pair.at_first}, std::pair{&pair.second, &pair.at_second}}) {
      const auto& flows = report_.reports[point->file].flows;
      const auto flow = std::ranges::find(flows, pair.flow, &AckFlow::flow);
      if (flow == flows.end()) continue;
      const auto found =
          std::ranges::find(flow->vantage_points, point->interface, &AckDistribution::interface);
      if (found != flow->vantage_points.end()) *to = *found;
    }
  }
}

PairReport Comparison::run() {
  for (std::size_t i = 0; i < 2; i++) survey(i);
  take_order();
  report_.files = paths_;
  if (explain_if_nothing_is_common()) return std::move(report_);
  choose_segment_time();
  align();
  compare();
  std::ranges::stable_sort(report_.pairs, std::greater(), &CapturePair::matched);
  add_distributions();
  if (report_.pairs.empty()) {
    report_.why_no_pairs = fmt::format(
        "the captures have {} packets in common, but no ACK{}", report_.common_packets,
        options_.acks.flow ? " of a flow that --flow names; try without it"
                           : " among them; ACKs go against the data: capture both directions");
  }
  return std::move(report_);
}

}  // namespace

PairReport compare_captures(const std::string& first, const std::string& second,
                            const PairOptions& options) {
  check_paths(first, second);
  return Comparison(first, second, options).run();
}

}  // namespace tscope
