// SPDX-License-Identifier: MIT
#include "tscope/record/loss.hpp"

namespace tscope {

Loss::Count Loss::at(Vantage vantage) const {
  Count sum;
  if (static_cast<std::size_t>(vantage) >= dropped.size()) return sum;
  for (const Count& count : dropped[static_cast<std::size_t>(vantage)]) {
    sum.records += count.records;
    sum.segments += count.segments;
  }
  return sum;
}

std::uint64_t Loss::by_cause(tscope_loss cause) const {
  std::uint64_t sum = 0;
  for (const auto& causes : dropped) sum += causes[cause].records;
  return sum;
}

std::uint64_t Loss::lost() const {
  return by_cause(TSCOPE_LOST_FULL) + by_cause(TSCOPE_LOST_CONTENDED) + missed + invalid +
         elsewhere;
}

}  // namespace tscope
