// SPDX-License-Identifier: MIT
#include "base/student.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace tscope {

namespace {

constexpr double normal_quantile = 1.959964;  // 97.5 %
constexpr double exact[] = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706};

}  // namespace

// From six degrees on the first terms of the expansion around the normal distribution's quantile
// (M. Abramowitz and I. Stegun, 26.7.5) are right to 0.3 %.
double student_quantile(double degrees) {
  const double df = std::max(1.0, degrees);
  if (df < std::size(exact) + 1) return exact[static_cast<std::size_t>(df) - 1];
  constexpr double z = normal_quantile, z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df);
}

}  // namespace tscope
