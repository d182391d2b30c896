// SPDX-License-Identifier: MIT
#include "file/source_sums.hpp"

#include <algorithm>

namespace tscope {

void add(Loss& sum, const Loss& loss) {
  for (std::size_t vantage = 0; vantage < sum.dropped.size(); vantage++) {
    for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
      sum.dropped[vantage][cause].records += loss.dropped[vantage][cause].records;
      sum.dropped[vantage][cause].segments += loss.dropped[vantage][cause].segments;
    }
  }
  sum.missed += loss.missed;
  sum.invalid += loss.invalid;
  sum.late += loss.late;
  sum.elsewhere += loss.elsewhere;
}

void add(ClockInfo& sum, const ClockInfo& clock) {
  if (clock.source != "file") sum.source = clock.source;
  sum.error_ns = std::max(sum.error_ns, clock.error_ns);
  sum.resolution_ns = std::max(sum.resolution_ns, clock.resolution_ns);
  sum.steps += clock.steps;
  if (clock.tsc_hz > 0) sum.tsc_hz = clock.tsc_hz;
}

}  // namespace tscope
