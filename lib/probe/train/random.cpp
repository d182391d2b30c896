// SPDX-License-Identifier: MIT
#include "probe/train/random.hpp"

#include <cmath>

namespace tscope {

// x = m * 2^e with m near 1, ln m = 2 artanh((m - 1) / (m + 1)) by its series (Abramowitz and
// Stegun 4.1.27): with |s| < 0.172 the first term left out is below 2^-60.
double portable_log(double x) {
  constexpr double ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
  constexpr int terms = 13;
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0x1.6a09e667f3bcdp-1) {  // sqrt(1/2)
    mantissa *= 2;
    exponent--;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (int i = terms - 1; i >= 0; i--) {
    sum *= square;
    sum += 1.0 / (2 * i + 1);
  }
  return exponent * ln2_high + (exponent * ln2_low + 2 * s * sum);
}

double GapSource::uniform() {
  return (static_cast<double>(random_() >> 11) + 1) * 0x1p-53;
}

double GapSource::exponential(double mean) {
  return -mean * portable_log(uniform());
}

double GapSource::geometric(double probability) {
  if (probability >= 1) return 1;
  return 1 + std::floor(portable_log(uniform()) / portable_log(1 - probability));
}

}  // namespace tscope
