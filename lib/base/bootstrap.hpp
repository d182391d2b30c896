// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tscope {

/// A 95 % confidence interval.
struct Interval {
  double low = 0;
  double high = 0;
};

/// How much a mean's error grows because the values of a sequence depend on their neighbours.
///
/// By the circular block bootstrap (D. Politis and J. Romano, 1992): blocks of consecutive values
/// are drawn, so what comes in clusters is drawn in clusters. The variance over all drawings has a
/// closed form, so nothing is drawn. The block's length is the one of D. Politis and H. White
/// (2004), corrected by A. Patton (2009).
struct Clustering {
  double factor = 1;      ///< variance of the mean, divided by that of independent values
  double blocks = 1;      ///< how many blocks, or clusters, of the sequence tell that
  std::size_t block = 1;  ///< values in a block
};

/// Returns the clustering of a sequence of small numbers, such as 0 and 1.
Clustering clustering_of(std::span<const std::int8_t> values);

/// Returns the interval of a share: E. B. Wilson's (1927) with so many values as are independent.
Interval share_interval(std::uint64_t part, std::uint64_t whole, const Clustering& clustering);

/// Returns the interval of the difference of two shares of the same values (second less first):
/// adjusted as D. Bonett and R. Price do (2012). `gained` are in the second alone, `lost` in the
/// first alone.
Interval rise_interval(std::uint64_t gained, std::uint64_t lost, std::uint64_t whole,
                       const Clustering& clustering);

}  // namespace tscope
