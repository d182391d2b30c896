// SPDX-License-Identifier: MIT
#include "align/envelope.hpp"

#include <algorithm>
#include <cmath>

#include "align/strip.hpp"

namespace tscope {

namespace {

constexpr Slopes all_slopes{-EnvelopeAligner::drift_max, EnvelopeAligner::drift_max};
constexpr std::size_t outlier_intervals = 2;  // a stretch so short is no clock's

// What an interval keeps, if any.
struct Stretch {
  Strip strip;
  double from = 0, to = 0;  // of its extremes
  std::size_t intervals = 0;
};

void append(Stretch& to, const Stretch& more) {
  to.from = to.intervals == 0 ? more.from : std::min(to.from, more.from);
  to.to = to.intervals == 0 ? more.to : std::max(to.to, more.to);
  to.strip.above.insert(to.strip.above.end(), more.strip.above.begin(), more.strip.above.end());
  to.strip.below.insert(to.strip.below.end(), more.strip.below.begin(), more.strip.below.end());
  to.intervals += more.intervals;
}

using Cells = std::vector<Stretch>;

Stretch joined(const Cells& cells, std::size_t from, std::size_t to) {
  Stretch result;
  for (std::size_t i = from; i < to; i++) append(result, cells[i]);
  return result;
}

struct Range {
  std::size_t from = 0, to = 0;  // of cells, the last one exclusive
};

// Cuts the time where no line separates the two directions any more.
class Segmentation {
 public:
  Segmentation(const Cells& cells, double slack) : cells_(cells), slack_(slack) {}

  std::vector<Range> ranges() const {
    std::vector<Range> ranges;
    for (std::size_t from = 0; from < cells_.size();) {
      const std::size_t to = longest(from);
      ranges.push_back({from, to});
      from = to;
    }
    return ranges;
  }

  // Earliest beginning of a range that ends at `to` and holds `from`.
  std::size_t earliest(Range range, std::size_t not_below) const {
    std::size_t from = range.from;
    while (from > not_below && straight({from - 1, range.to})) from--;
    return from;
  }

  bool straight(Range range) const {
    return separable(joined(cells_, range.from, range.to).strip, slack_,
                     EnvelopeAligner::drift_max);
  }

 private:
  // Straightness is lost once and for all as a range grows: gallop, then halve.
  std::size_t longest(std::size_t from) const {
    std::size_t good = from + 1, step = 1, bad = cells_.size() + 1;
    while (good < cells_.size()) {
      const std::size_t next = std::min(cells_.size(), good + step);
      if (!straight({from, next})) {
        bad = next;
        break;
      }
      good = next;
      step *= 2;
    }
    while (bad <= cells_.size() && bad - good > 1) {
      const std::size_t middle = good + (bad - good) / 2;
      (straight({from, middle}) ? good : bad) = middle;
    }
    return good;
  }

  const Cells& cells_;
  double slack_;
};

// A line through time: from, to, and the strip it lies in.
struct Line {
  Stretch stretch;
  double from = 0, to = 0;
  double intercept = 0, slope = 0;
  Slopes slopes;

  double at(double t) const { return intercept + slope * t; }
  bool bounded() const { return !stretch.strip.above.empty() && !stretch.strip.below.empty(); }
  // Both directions leave but a range of slopes within what clocks do.
  bool tells_drift() const {
    return bounded() && slopes.low > all_slopes.low && slopes.high < all_slopes.high;
  }
  std::optional<double> drift_error() const {
    if (!tells_drift()) return std::nullopt;
    return std::max(slopes.high - slope, slope - slopes.low);
  }
  double error(double t, double slack) const {
    return farthest(stretch.strip, t, intercept, slope, slack, slopes);
  }
};

struct Cut {
  std::vector<Line> lines;
  std::uint64_t outliers = 0;
};

// The lines' stretches: what fits both sides of a step belongs to neither, short contradictions
// are outliers.
Cut cut(const Cells& cells, double slack) {
  const Segmentation segmentation(cells, slack);
  const auto ranges = segmentation.ranges();
  Cut result;
  std::size_t previous_end = 0;  // of the last kept range, before what is shared was taken off
  for (std::size_t i = 0; i < ranges.size(); i++) {
    const Range range = ranges[i];
    const bool short_one = range.to - range.from <= outlier_intervals;
    if (short_one && ranges.size() > 1) {
      result.outliers += range.to - range.from;
      continue;
    }
    Stretch stretch = joined(cells, range.from, range.to);
    if (!result.lines.empty()) {
      Line& before = result.lines.back();
      Stretch both = before.stretch;
      append(both, stretch);
      if (separable(both.strip, slack, EnvelopeAligner::drift_max)) {
        before.stretch = std::move(both);
        before.to = before.stretch.to;
        previous_end = range.to;
        continue;
      }
      // A step, and what lay in between is its own: no outliers.
      const std::size_t earliest = segmentation.earliest(range, 0);
      result.outliers -= std::min<std::uint64_t>(result.outliers, range.from - previous_end);
      const std::size_t last = std::min(earliest, previous_end);
      if (last > 0) before.to = std::min(before.to, cells[last - 1].to);
    }
    previous_end = range.to;
    const double from = stretch.from, to = stretch.to;
    result.lines.push_back({std::move(stretch), from, to, 0, 0, {}});
  }
  return result;
}

void keep_within(Strip& strip, double from, double to) {
  const auto outside = [&](const DelayPoint& p) { return p.at < from || p.at > to; };
  std::erase_if(strip.above, outside);
  std::erase_if(strip.below, outside);
}

double middle_of(const Strip& strip, double slope) {
  if (strip.above.empty()) return strip.lower(slope);
  if (strip.below.empty()) return strip.upper(slope);
  return (strip.upper(slope) + strip.lower(slope)) / 2;
}

// One drift for all lines if there is one that fits all.
void draw(std::vector<Line>& lines, double slack) {
  std::vector<const Strip*> strips;
  for (Line& line : lines) {
    keep_within(line.stretch.strip, line.from, line.to);
    strips.push_back(&line.stretch.strip);
  }
  const Slopes common = separating_slopes(strips, slack, all_slopes);
  for (Line& line : lines) {
    const Strip* const own[] = {&line.stretch.strip};
    line.slopes = common.empty() ? separating_slopes(own, slack, all_slopes) : common;
    line.slope = common.empty() ? best_slope(own, line.slopes) : best_slope(strips, common);
    // In so short a time any drift fits: none is the likeliest.
    if (line.bounded() && !line.tells_drift())
      line.slope = std::clamp(0.0, line.slopes.low, line.slopes.high);
    line.intercept = middle_of(line.stretch.strip, line.slope);
  }
}

struct Moment {
  double from = 0, to = 0;
};

// Between which moments of the first clock the second one stepped. A packet that contradicts one
// line was stamped while the other one held, and when that was the other one tells: the first
// clock's own stamp of it may lie on the other side of the step.
Moment moment_of_step(const Line& before, const Line& after, const Cells& cells, double slack) {
  Moment moment{before.from, after.to};
  const double before_error = before.error(after.from, slack);
  const double after_error = after.error(before.to, slack);
  const auto narrow = [&](const DelayPoint& p, double sign) {
    if (p.at < before.from || p.at > after.to) return;
    const double over_before = p.delay - before.at(p.at), over_after = p.delay - after.at(p.at);
    const bool not_before = sign * over_before < -before_error;
    const bool not_after = sign * over_after < -after_error;
    if (not_before == not_after) return;
    if (not_before) moment.to = std::min(moment.to, p.at + over_after + after_error);
    if (not_after) moment.from = std::max(moment.from, p.at + over_before - before_error);
  };
  for (const Stretch& cell : cells) {
    for (const DelayPoint& p : cell.strip.above) narrow(p, 1);
    for (const DelayPoint& p : cell.strip.below) narrow(p, -1);
  }
  return moment;
}

void measure_residual(const std::vector<Line>& lines, Alignment& result) {
  std::vector<double> distances;
  for (const Line& line : lines) {
    const Strip& strip = line.stretch.strip;
    for (const DelayPoint& p : strip.above) {
      distances.push_back(p.delay - line.slope * p.at - strip.upper(line.slope));
    }
    for (const DelayPoint& p : strip.below) {
      distances.push_back(strip.lower(line.slope) + line.slope * p.at - p.delay);
    }
  }
  if (distances.empty()) return;
  std::ranges::sort(distances);
  const auto quantile = [&](double q) {
    return std::llround(
        distances[static_cast<std::size_t>(q * static_cast<double>(distances.size() - 1))]);
  };
  result.residual_p50_ns = quantile(0.5);
  result.residual_p99_ns = quantile(0.99);
}

}  // namespace

void EnvelopeAligner::widen() {
  for (std::size_t i = 0; i < intervals_.size(); i += 2) {
    Interval both = intervals_[i];
    if (i + 1 < intervals_.size()) {
      const Interval& next = intervals_[i + 1];
      if (next.least.any && (!both.least.any || next.least.delay_ns < both.least.delay_ns)) {
        both.least = next.least;
      }
      if (next.most.any && (!both.most.any || next.most.delay_ns > both.most.delay_ns)) {
        both.most = next.most;
      }
    }
    intervals_[i / 2] = both;
  }
  intervals_.resize((intervals_.size() + 1) / 2);
  width_ns_ *= 2;
}

void EnvelopeAligner::add(const ClockSample& sample) {
  if (samples_++ == 0) {
    start_ns_ = sample.first_ns;
    base_ns_ = sample.second_ns - sample.first_ns;
  }
  const std::int64_t since = std::max<std::int64_t>(0, sample.first_ns - start_ns_);
  while (static_cast<std::size_t>(since / width_ns_) >= intervals_max) widen();
  const auto index = static_cast<std::size_t>(since / width_ns_);
  if (index >= intervals_.size()) intervals_.resize(index + 1);
  const std::int64_t delay = sample.second_ns - sample.first_ns - base_ns_;
  Interval& interval = intervals_[index];
  Extreme& extreme = sample.towards_second ? interval.least : interval.most;
  if (!extreme.any ||
      (sample.towards_second ? delay < extreme.delay_ns : delay > extreme.delay_ns)) {
    extreme = {sample.first_ns, delay, true};
  }
}

Alignment EnvelopeAligner::fit(std::int64_t resolution_ns) const {
  const auto slack = static_cast<double>(resolution_ns);
  Alignment result;
  result.method = AlignMethod::envelope;
  result.samples = samples_;
  Cells cells;
  for (const Interval& interval : intervals_) {
    Stretch cell;
    cell.intervals = 1;
    std::vector<double> times;
    const auto keep = [&](const Extreme& e, std::vector<DelayPoint>& points) {
      if (!e.any) return false;
      const auto at = static_cast<double>(e.at_ns - start_ns_);
      points.push_back({at, static_cast<double>(e.delay_ns)});
      times.push_back(at);
      return true;
    };
    result.towards_second |= keep(interval.least, cell.strip.above);
    result.towards_first |= keep(interval.most, cell.strip.below);
    if (times.empty()) continue;
    cell.from = *std::ranges::min_element(times);
    cell.to = *std::ranges::max_element(times);
    cells.push_back(std::move(cell));
  }
  if (cells.empty()) {
    result.pieces.push_back({});
    return result;
  }

  Cut found = cut(cells, slack);
  std::vector<Line>& lines = found.lines;
  if (lines.empty()) {
    // Nothing but contradictions: one line through the middle, with an error that shows it.
    Stretch all = joined(cells, 0, cells.size());
    const double from = all.from, to = all.to;
    lines.push_back({std::move(all), from, to, 0, 0, {}});
    const Strip& strip = lines[0].stretch.strip;
    lines[0].intercept = middle_of(strip, 0);
    lines[0].slopes = {0, 0};
    result.error_ns = std::llround(std::abs(strip.width(0))) + resolution_ns;
  } else {
    draw(lines, slack);
  }
  result.outliers = found.outliers;
  measure_residual(lines, result);

  const bool both = result.towards_second && result.towards_first;
  double error = 0, round_trip = 0;
  for (std::size_t i = 0; i < lines.size(); i++) {
    const Line& line = lines[i];
    result.pieces.push_back({start_ns_ + std::llround(line.from), start_ns_ + std::llround(line.to),
                             base_ns_ + std::llround(line.at(line.from)), line.slope,
                             line.drift_error()});
    if (!both) continue;
    if (!line.bounded()) {
      error = INFINITY;
      continue;
    }
    error = std::max({error, line.error(line.from, slack), line.error(line.to, slack)});
    const double width = std::max(0.0, line.stretch.strip.width(line.slope));
    round_trip = i == 0 ? width : std::min(round_trip, width);
    if (i == 0) continue;
    const Line& before = lines[i - 1];
    if (!before.bounded()) {
      result.bends++;
      continue;
    }
    const Moment moment = moment_of_step(before, line, cells, slack);
    const double when = (moment.from + moment.to) / 2;
    const ClockStep step{start_ns_ + std::llround(when),
                         static_cast<std::int64_t>(std::ceil((moment.to - moment.from) / 2)),
                         std::llround(line.at(when) - before.at(when)),
                         std::llround(before.error(when, slack) + line.error(when, slack))};
    if (std::abs(step.size_ns) <= step.error_ns) {
      result.bends++;
      continue;
    }
    result.steps.push_back(step);
    Alignment::Piece &piece = result.pieces[i], &piece_before = result.pieces[i - 1];
    piece_before.to_ns = std::min(piece_before.to_ns, step.at_ns - step.within_ns);
    const std::int64_t from_ns = std::max(piece.from_ns, step.at_ns + step.within_ns);
    piece.offset_ns += std::llround(line.slope * static_cast<double>(from_ns - piece.from_ns));
    piece.from_ns = from_ns;
  }
  result.round_trip_ns = std::llround(round_trip);
  if (both && !result.error_ns && std::isfinite(error)) result.error_ns = std::llround(error);
  return result;
}

}  // namespace tscope
