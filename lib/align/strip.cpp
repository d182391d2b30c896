// SPDX-License-Identifier: MIT
#include "align/strip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tscope {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr int search_steps = 90;  // (2/3)^90: below 1e-15 of the range

// Where a convex function is least.
template <typename F>
double least(F&& f, Slopes within) {
  auto [low, high] = within;
  for (int i = 0; i < search_steps && low < high; i++) {
    const double a = low + (high - low) / 3, b = high - (high - low) / 3;
    if (f(a) <= f(b)) {
      high = b;
    } else {
      low = a;
    }
  }
  return (low + high) / 2;
}

double worst_width(std::span<const Strip* const> strips, double slope) {
  double worst = infinite;
  for (const Strip* strip : strips) worst = std::min(worst, strip->width(slope));
  return worst;
}

// Where a monotone condition that holds at `inside` stops to hold on the way to `outside`.
template <typename F>
double border(F&& holds, double inside, double outside) {
  if (holds(outside)) return outside;
  for (int i = 0; i < 60; i++) {
    const double middle = (inside + outside) / 2;
    (holds(middle) ? inside : outside) = middle;
  }
  return inside;
}

double mean_excess(const std::vector<DelayPoint>& points, double slope, double intercept) {
  double sum = 0;
  for (const DelayPoint& p : points) sum += std::abs(p.delay - slope * p.at - intercept);
  return points.empty() ? 0 : sum / static_cast<double>(points.size());
}

}  // namespace

double Strip::upper(double slope) const {
  double result = infinite;
  for (const DelayPoint& p : above) result = std::min(result, p.delay - slope * p.at);
  return result;
}

double Strip::lower(double slope) const {
  double result = -infinite;
  for (const DelayPoint& p : below) result = std::max(result, p.delay - slope * p.at);
  return result;
}

double Strip::width(double slope) const {
  return upper(slope) - lower(slope);
}

double Strip::distance(double slope) const {
  double sum = 0;
  if (!above.empty()) sum += mean_excess(above, slope, upper(slope));
  if (!below.empty()) sum += mean_excess(below, slope, lower(slope));
  return sum;
}

Slopes separating_slopes(std::span<const Strip* const> strips, double slack, Slopes limits) {
  const auto holds = [&](double slope) { return worst_width(strips, slope) >= -slack; };
  const double widest = least([&](double slope) { return -worst_width(strips, slope); }, limits);
  if (!holds(widest)) return {1, 0};
  return {border(holds, widest, limits.low), border(holds, widest, limits.high)};
}

bool separable(const Strip& strip, double slack, double slope_max) {
  if (strip.above.empty() || strip.below.empty()) return true;
  // Most often the level line does.
  if (strip.width(0) >= -slack) return true;
  const Strip* const only[] = {&strip};
  return !separating_slopes(only, slack, {-slope_max, slope_max}).empty();
}

double best_slope(std::span<const Strip* const> strips, Slopes within) {
  return least(
      [&](double slope) {
        double sum = 0;
        for (const Strip* strip : strips) sum += strip->distance(slope);
        return sum;
      },
      within);
}

double farthest(const Strip& strip, double at, double intercept, double slope, double slack,
                Slopes within) {
  const double here = intercept + slope * at;
  const auto up = [&](double s) { return strip.upper(s) + s * at; };
  const auto down = [&](double s) { return strip.lower(s) + s * at; };
  const double highest = up(least([&](double s) { return -up(s); }, within));
  const double lowest = down(least(down, within));
  return std::max(highest - here, here - lowest) + slack;
}

}  // namespace tscope
