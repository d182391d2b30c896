// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tscope/record/headers.hpp"

namespace tscope {

/// The data sender's clock, as ACKs echo it (RFC 7323): how long data and its ACK were on their
/// way, apart from a constant. It is taken to count milliseconds, as most systems' does.
class EchoedClock {
 public:
  static constexpr std::int64_t step_ns = 1'000'000;

  /// Returns the ACK's time less the time echoed in it; nothing without timestamps.
  std::optional<std::int64_t> lag(const TcpHeaders& tcp, std::int64_t time_ns) {
    if (!tcp.has_timestamps) return {};
    if (!seen_) first_ = {time_ns, tcp.tsecr};
    seen_ = true;
    last_ = {time_ns, tcp.tsecr};
    return time_ns - first_.time_ns - elapsed(last_) * step_ns;
  }

  /// Returns false if the clock did not count milliseconds, or was not seen.
  bool usable() const {
    if (!seen_) return false;
    const std::int64_t real_ns = last_.time_ns - first_.time_ns;
    const std::int64_t off_ns = elapsed(last_) * step_ns - real_ns;
    const std::int64_t allowed = real_ns / 32 + few_steps * step_ns;
    return off_ns < allowed && off_ns > -allowed;
  }

 private:
  struct Echo {
    std::int64_t time_ns = 0;
    std::uint32_t value = 0;
  };

  static constexpr std::int64_t few_steps = 50;  // a queue may fill up meanwhile

  std::int64_t elapsed(const Echo& echo) const {
    return static_cast<std::int32_t>(echo.value - first_.value);
  }

  bool seen_ = false;
  Echo first_, last_;
};

}  // namespace tscope
