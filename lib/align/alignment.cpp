// SPDX-License-Identifier: MIT
#include "tscope/align/alignment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tscope/base/error.hpp"

namespace tscope {

std::string_view align_method_name(AlignMethod method) {
  switch (method) {
    case AlignMethod::envelope:
      return "envelope";
    case AlignMethod::at_rest:
      return "at-rest";
    case AlignMethod::none:
      return "none";
    case AlignMethod::shared:
      return "shared";
  }
  return "?";
}

AlignMethod parse_align_method(std::string_view name) {
  for (const AlignMethod method :
       {AlignMethod::envelope, AlignMethod::at_rest, AlignMethod::none, AlignMethod::shared}) {
    if (name == align_method_name(method)) return method;
  }
  throw UsageError(
      fmt::format("'{}' is no way to align clocks; give envelope, at-rest, none or shared", name));
}

namespace {

std::int64_t at(const Alignment::Piece& piece, std::int64_t first_ns) {
  return piece.offset_ns +
         std::llround(piece.drift * static_cast<double>(first_ns - piece.from_ns));
}

}  // namespace

std::optional<std::int64_t> Alignment::offset_at(std::int64_t first_ns) const {
  for (const Piece& piece : pieces) {
    if (first_ns < piece.from_ns && &piece != &pieces.front()) return std::nullopt;
    if (first_ns <= piece.to_ns || &piece == &pieces.back()) return at(piece, first_ns);
  }
  return std::nullopt;
}

std::optional<std::int64_t> Alignment::offset_at_second(std::int64_t second_ns) const {
  for (const Piece& piece : pieces) {
    const auto since = static_cast<double>(second_ns - piece.from_ns - piece.offset_ns);
    const std::int64_t first_ns = piece.from_ns + std::llround(since / (1 + piece.drift));
    const bool begun = first_ns >= piece.from_ns || &piece == &pieces.front();
    const bool over = first_ns > piece.to_ns && &piece != &pieces.back();
    if (begun && !over) return second_ns - first_ns;
  }
  return std::nullopt;
}

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
  const double deviation = std::sqrt(std::max(0.0, dd - drift * td) / count);
  double sum = 0, directions = 0, sign = 0;
  for (int i = 0; i < 2; i++) {
    const Sums& s = towards_[i];
    if (s.count == 0) continue;
    const double intercept = (s.d - drift * s.t) / s.count;
    directions++;
    sum += intercept;
    sign += i == 0 ? intercept : -intercept;
  }
  Alignment result;
  result.method = AlignMethod::at_rest;
  result.samples = static_cast<std::uint64_t>(count);
  result.towards_second = towards_[0].count > 0;
  result.towards_first = towards_[1].count > 0;
  result.pieces.push_back(
      {start_ns_, last_first_ns_, base_ns_ + std::llround(sum / directions), drift});
  result.residual_p50_ns = std::llround(0.6745 * deviation);  // of a normal distribution
  result.residual_p99_ns = std::llround(2.5758 * deviation);
  if (directions == 2) {
    result.round_trip_ns = std::llround(sign);
    result.error_ns = std::llround(std::abs(sign) / 2) + result.residual_p99_ns + resolution_ns;
  }
  return result;
}

}  // namespace tscope
