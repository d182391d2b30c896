// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>

namespace tscope {

/// Natural logarithm of a positive number, the same bits on every IEEE machine.
double portable_log(double x);

/// Random gaps by inverse transform (Devroye, Non-Uniform Random Variate Generation, 1986, II.2).
class GapSource {
 public:
  explicit GapSource(std::uint64_t seed) : random_(seed) {}

  /// Exponential: -mean * ln(U).
  double exponential(double mean);
  /// Geometric on 1, 2, ...: 1 + floor(ln(U) / ln(1 - probability)).
  double geometric(double probability);

 private:
  /// In (0, 1], steps of 2^-53.
  double uniform();

  std::mt19937_64 random_;
};

}  // namespace tscope
