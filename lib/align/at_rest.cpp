// SPDX-License-Identifier: MIT
#include "align/at_rest.hpp"

#include <algorithm>
#include <cmath>

#include "base/student.hpp"

namespace tscope {

void AtRestAligner::add(const ClockSample& sample) {
  const bool rests = !any_ || (sample.first_ns - last_first_ns_ >= rest_ns &&
                               sample.second_ns - last_second_ns_ >= rest_ns);
  if (!any_) {
    any_ = true;
    start_ns_ = last_first_ns_ = sample.first_ns;
    last_second_ns_ = sample.second_ns;
    base_ns_ = sample.second_ns - sample.first_ns;
  }
  last_first_ns_ = std::max(last_first_ns_, sample.first_ns);
  last_second_ns_ = std::max(last_second_ns_, sample.second_ns);
  if (!rests) return;
  Sums& sums = towards_[sample.towards_second ? 0 : 1];
  const auto t = static_cast<double>(sample.first_ns - start_ns_);
  const auto d = static_cast<double>(sample.second_ns - sample.first_ns - base_ns_);
  sums.count++;
  sums.t += t;
  sums.d += d;
  sums.tt += t * t;
  sums.td += t * d;
  sums.dd += d * d;
}

std::optional<Alignment> AtRestAligner::fit(std::int64_t resolution_ns) const {
  double tt = 0, td = 0, dd = 0, count = 0;
  for (const Sums& s : towards_) {
    if (s.count == 0) continue;
    count += s.count;
    tt += s.tt - s.t * s.t / s.count;
    td += s.td - s.t * s.d / s.count;
    dd += s.dd - s.d * s.d / s.count;
  }
  if (count < 3) return std::nullopt;
  const double drift = tt > 0 ? td / tt : 0;
  double sum = 0, directions = 0, sign = 0;
  for (int i = 0; i < 2; i++) {
    const Sums& s = towards_[i];
    if (s.count == 0) continue;
    const double intercept = (s.d - drift * s.t) / s.count;
    directions++;
    sum += intercept;
    sign += i == 0 ? intercept : -intercept;
  }
  // A drift, and an offset for each direction, are taken out of the data.
  const double degrees = count - directions - 1;
  const double squares = std::max(0.0, dd - drift * td);
  const double deviation = std::sqrt(squares / count);
  std::optional<double> drift_error;
  if (tt > 0 && degrees >= 1) {
    drift_error = student_quantile(degrees) * std::sqrt(squares / degrees / tt);
  }
  Alignment result;
  result.method = AlignMethod::at_rest;
  result.samples = static_cast<std::uint64_t>(count);
  result.towards_second = towards_[0].count > 0;
  result.towards_first = towards_[1].count > 0;
  constexpr double half = 0.6745, most = 2.5758;  // of a normal distribution, 50 and 99 %
  result.pieces.push_back(
      {start_ns_, last_first_ns_, base_ns_ + std::llround(sum / directions), drift, drift_error});
  result.residual_p50_ns = std::llround(half * deviation);
  result.residual_p99_ns = std::llround(most * deviation);
  if (directions == 2) {
    result.round_trip_ns = std::llround(sign);
    result.error_ns = std::llround(std::abs(sign) / 2) + result.residual_p99_ns + resolution_ns;
  }
  return result;
}

}  // namespace tscope
