// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/replies/reply_order.hpp"

namespace tscope {

/// arrival_ns: of each probe of matched.by_index at the reflector, on the sender's clock; nothing
/// where it is not known. Formulas: docs/train-report.md, "Dispersion".
Dispersion dispersion_of(const MatchedReplies& matched,
                         const std::vector<std::optional<std::int64_t>>& arrival_ns,
                         const ReplyOptions& options);

/// Modes of samples of a rate: windows that hold the most, one after the other.
std::vector<RateMode> rate_modes(std::vector<double> rates);

/// pathChirp's estimate from one chirp (V. Ribeiro, R. Riedi, R. Baraniuk, J. Navratil, L.
/// Cottrell, "pathChirp: efficient available bandwidth estimation for network paths", PAM 2003).
/// gap_ns[k], rate_bps[k]: from probe k to k + 1; queueing_ns[k]: of probe k, one more of these.
struct ChirpShape {
  std::vector<std::int64_t> gap_ns;
  std::vector<double> rate_bps;
  std::vector<std::int64_t> queueing_ns;
};
struct ChirpExcursion {
  std::optional<std::size_t> onset;  ///< probe at which the last excursion, which never ends, began
  double available_bps = 0;
};
ChirpExcursion chirp_excursion(const ChirpShape& chirp);

}  // namespace tscope
