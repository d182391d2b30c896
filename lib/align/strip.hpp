// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

namespace tscope {

/// A delay (second clock less first) at a time, both in ns.
struct DelayPoint {
  double at = 0;
  double delay = 0;
};

/// What lies between the delays of both directions: lines of a given slope have to pass below all
/// of `above` (towards the second file) and above all of `below` (towards the first).
struct Strip {
  std::vector<DelayPoint> above, below;

  /// Highest intercept (delay at time 0) of a line below `above`; lowest of one above `below`.
  double upper(double slope) const;
  double lower(double slope) const;
  /// upper - lower: the least round trip that a slope leaves. Concave in the slope; without points
  /// on one side nothing constrains it and it is infinite.
  double width(double slope) const;
  /// Mean distance of the points from their envelope, summed over both sides. Convex in the slope.
  double distance(double slope) const;
};

struct Slopes {
  double low = 0, high = 0;
  bool empty() const { return low > high; }
};

/// Slopes within `limits` of lines that separate every strip (one offset for each), `slack`
/// allowed; empty if there are none.
Slopes separating_slopes(std::span<const Strip* const> strips, double slack, Slopes limits);

/// True if one straight line separates.
bool separable(const Strip& strip, double slack, double slope_max);

/// The slope of least distance, summed over the strips.
double best_slope(std::span<const Strip* const> strips, Slopes within);

/// How far a separating line of the strip can lie from `line` (intercept and slope) at a time.
double farthest(const Strip& strip, double at, double intercept, double slope, double slack,
                Slopes within);

}  // namespace tscope
