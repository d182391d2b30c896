// SPDX-License-Identifier: MIT
#include "tscope/align/alignment.hpp"

#include <fmt/format.h>

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

std::optional<double> Alignment::drift_error_ppm() const {
  if (pieces.empty() || !pieces.front().drift_error) return std::nullopt;
  return *pieces.front().drift_error * 1e6;
}

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

}  // namespace tscope
