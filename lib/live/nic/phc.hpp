// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tscope/base/descriptor.hpp"

namespace tscope {

/// A NIC's clock between two reads of CLOCK_REALTIME, the narrowest of a few.
struct PhcSample {
  std::uint64_t before_ns = 0, nic_ns = 0, after_ns = 0;
};

/// A PTP hardware clock (linux/ptp_clock.h), by the best of the three ways that its driver has.
class Phc {
 public:
  /// Throws Error.
  explicit Phc(int index);

  /// Nothing if the driver gives no time now.
  std::optional<PhcSample> sample();

 private:
  enum class Way { precise, extended, plain };

  std::optional<PhcSample> sample(Way way) const;

  Descriptor fd_;
  std::optional<Way> way_;
};

}  // namespace tscope
