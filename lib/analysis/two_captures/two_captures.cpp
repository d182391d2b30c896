// SPDX-License-Identifier: MIT
#include "analysis/two_captures/two_captures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "align/at_rest.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

namespace {

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

}  // namespace

TwoCaptures::TwoCaptures(const std::string& first, const std::string& second, Options options)
    : options_(std::move(options)),
      paths_{first, second},
      surveys_{CaptureSurvey(options_.datagrams), CaptureSurvey(options_.datagrams)} {
  check_paths(first, second);
}

void TwoCaptures::survey(std::size_t file, const OnPacket& each,
                         const std::function<void(const Source&)>& at_end) {
  const auto source = open_file(paths_[file]);
  Packet packet;
  std::uint64_t read = 0;
  while (source->next(packet) == Source::Next::packet) {
    const Interface& interface = source->interfaces()[packet.interface];
    if (each) each(packet, interface);
    surveys_[file].add(packet, interface);
    for (const Anchor& anchor : source->take_anchors()) surveys_[file].add(anchor);
    if (++read % progress_every == 0) progressed(read);
  }
  for (const Anchor& anchor : source->take_anchors()) surveys_[file].add(anchor);
  clocks_[file] = source->clock();
  at_end(*source);
}

bool TwoCaptures::take_order() {
  overlap_.emplace(surveys_[0], surveys_[1]);
  if (overlap_->same_capture()) {
    throw Error(fmt::format(
        "{} and {} are the same capture twice (all packets lie equally far apart); name the host's "
        "and the guest's",
        paths_[0], paths_[1]));
  }
  plans_ = plan_flows(surveys_[0], surveys_[1], *overlap_);
  if (overlap_->packets() > 0) why_swapped_ = tscope::why_swapped(surveys_[0], surveys_[1], plans_);
  if (why_swapped_.empty()) return false;
  std::swap(paths_[0], paths_[1]);
  std::swap(surveys_[0], surveys_[1]);
  std::swap(clocks_[0], clocks_[1]);
  overlap_.emplace(surveys_[0], surveys_[1]);
  plans_ = plan_flows(surveys_[0], surveys_[1], *overlap_);
  return true;
}

std::string TwoCaptures::why_nothing() const {
  if (plans_.empty()) {
    return "the captures have no flow in common; are they of one transfer, and is no address "
           "translated between them?";
  }
  if (overlap_->packets() > 0) return "";
  return fmt::format(
      "the captures have {} flow directions in common but no packet; were they taken at the same "
      "time?",
      plans_.size());
}

std::int64_t TwoCaptures::rough_offset(std::int64_t second_ns) const {
  return overlap_->offset_near_second(second_ns);
}

std::int64_t TwoCaptures::resolution() const {
  std::int64_t sum = 0;
  for (const ClockInfo& clock : clocks_) {
    sum += std::max<std::int64_t>(1, clock.resolution_ns) + clock.error_ns;
  }
  return sum;
}

std::array<std::int64_t, 2> TwoCaptures::resolution_ns() const {
  std::array<std::int64_t, 2> result{};
  for (std::size_t i = 0; i < 2; i++) {
    result[i] = ticks_ ? static_cast<std::int64_t>(std::ceil(ticks_->ns_per_tick))
                       : std::max<std::int64_t>(1, clocks_[i].resolution_ns);
  }
  return result;
}

SideBySide TwoCaptures::side_by_side() const {
  SideBySide reading(paths_, plans_, options_.advancing_only, options_.datagrams);
  if (ticks_) reading.use_ticks(*ticks_);
  return reading;
}

void TwoCaptures::read(SideBySide& reading, const SideBySideEvents& events) const {
  const auto offset = [&](std::int64_t second_ns) {
    const auto known = alignment_used_.method == AlignMethod::none
                           ? std::nullopt
                           : alignment_used_.offset_at_second(second_ns);
    return known.value_or(rough_offset(second_ns));
  };
  reading.read(offset, events, [&](std::uint64_t n) { progressed(n); });
}

void TwoCaptures::align() {
  const bool ticks = surveys_[0].has_tsc() && surveys_[1].has_tsc() && clocks_[0].tsc_hz > 0;
  if (options_.align == AlignMethod::shared && !ticks) {
    throw Error(
        "--align shared needs TSC stamps in both captures, as tscope's own files have "
        "them; leave it out");
  }
  TickScale scale;
  if (ticks) {
    const auto& begin = surveys_[0].first_stamp;
    scale = {begin.tsc, begin.time_ns, 1e9 / clocks_[0].tsc_hz};
  }
  const bool any_known = std::ranges::any_of(plans_, [](const FlowPlan& p) { return !p.assumed; });
  coverage_.assign(plans_.size(), {});
  std::vector<std::array<Coverage, 2>> by_ticks_coverage(plans_.size());
  EnvelopeAligner envelope, by_ticks, by_numbers, by_echoes;
  AtRestAligner at_rest;
  SideBySide reading(paths_, plans_, options_.advancing_only, options_.datagrams);
  SideBySideEvents events;
  events.missing = [](int, const PacketStamp&) {};
  events.match = [&](const PacketMatcher::Match& match) {
    common_packets_++;
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
    add_echoed(match, by_echoes);
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
  const bool certain = envelope.samples() > 0;
  alignment_ = (certain ? envelope : by_numbers).fit(resolution());
  if (any_known) take_echoes(by_echoes);
  if (!certain) {
    note_ =
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
    alignment_ = *fitted;
  } else if (options_.align == AlignMethod::none) {
    const Alignment::Piece whole{
        alignment_.pieces.front().from_ns, alignment_.pieces.back().to_ns, 0, 0, {}};
    alignment_ = {};
    alignment_.method = AlignMethod::none;
    alignment_.pieces = {whole};
    alignment_.samples = by_numbers.samples();
  }
  alignment_used_ = alignment_;
  note_alignment();
}

// A packet that goes one way can't tell its delay from the offset. But it was at the other file's
// place before its timestamp's echo was back: as if a packet had come from there then.
void TwoCaptures::add_echoed(const PacketMatcher::Match& match, EnvelopeAligner& by_echoes) const {
  const FlowPlan& plan = plans_[match.first.flow];
  const std::array times{match.first.time_ns, match.second.time_ns};
  by_echoes.add({times[0], times[1], plan.towards_second});
  const std::size_t from = 1 - plan.into();
  const auto echoed = surveys_[from].echoed_ns(plan.flow, times[from]);
  if (!echoed) return;
  by_echoes.add(
      {from == 0 ? *echoed : times[0], from == 0 ? times[1] : *echoed, !plan.towards_second});
}

// The quickest packet is still taken to need no time: an echo takes long.
void TwoCaptures::take_echoes(const EnvelopeAligner& by_echoes) {
  if (alignment_.towards_second == alignment_.towards_first) return;
  const bool towards_second = alignment_.towards_second;
  Alignment fitted = by_echoes.fit(resolution());
  if (!fitted.error_ns) return;
  const std::int64_t half = fitted.round_trip_ns / 2;
  for (Alignment::Piece& piece : fitted.pieces) piece.offset_ns += towards_second ? half : -half;
  *fitted.error_ns += half;
  fitted.samples = alignment_.samples;
  fitted.towards_second = towards_second;
  fitted.towards_first = !towards_second;
  alignment_ = std::move(fitted);
}

// By the packets: with one counter nothing arrives before it was sent, and two counters do not
// agree so well. By the anchors, where packets go one way only.
bool TwoCaptures::counters_agree(const EnvelopeAligner& by_ticks) const {
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
void TwoCaptures::take_shared(const TickScale& scale, const Alignment& by_ticks) {
  ticks_ = scale;
  alignment_used_ = {};
  alignment_used_.method = AlignMethod::shared;
  alignment_used_.pieces = {
      {by_ticks.pieces.front().from_ns, by_ticks.pieces.back().to_ns, 0, 0, {}}};
  const auto offset = [&](const CaptureSurvey::Stamp& s) { return s.time_ns - scale.to_ns(s.tsc); };
  const auto &begin = surveys_[1].first_stamp, &end = surveys_[1].last_stamp;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, end.time_ns - begin.time_ns));
  alignment_ = by_ticks;
  alignment_.method = AlignMethod::shared;
  alignment_.steps.clear();
  alignment_.bends = alignment_.outliers = 0;
  alignment_.error_ns = static_cast<std::int64_t>(std::ceil(2 * scale.ns_per_tick));
  alignment_.pieces = {{scale.to_ns(begin.tsc), scale.to_ns(end.tsc), offset(begin),
                        static_cast<double>(offset(end) - offset(begin)) / span,
                        2 * static_cast<double>(*alignment_.error_ns) / span}};
  note_ = by_ticks.error_ns ? "" : "packets one way only: nothing checks it";
}

void TwoCaptures::note_alignment() {
  if (alignment_.method == AlignMethod::none) {
    note_ = "the files' times as they are: delays hold the clocks' offset";
    return;
  }
  if (alignment_.samples == 0) {
    // All are repetitions of others: what the samples tell is not worse.
    alignment_.pieces = {{0, 0, rough_offset(surveys_[1].first_stamp.time_ns), 0, {}}};
    alignment_used_ = alignment_;
    note_ = "no packet could be told from others for sure: delays mean nothing";
    return;
  }
  if (alignment_.towards_second != alignment_.towards_first) {
    const bool known = std::ranges::any_of(plans_, [](const FlowPlan& p) { return !p.assumed; });
    note_ = fmt::format(
        "packets one way only: the quickest is taken to need no time, so delays are short by {}",
        alignment_.error_ns ? fmt::format("up to {}", format_duration(*alignment_.error_ns))
                            : "an unknown amount");
    if (!known) note_ += ", if the order of the files is right";
  } else if (!alignment_.error_ns) {
    note_ = "after a step of the clock packets go one way only: no error can be stated";
  }
}

}  // namespace tscope
