// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace tscope {

/// "100M", "1G", "2.5Gbit", "100Mbit/s", "64000" → bits a second; k, M and G are powers of 1000 as
/// in iperf3 and tc. Throws UsageError.
double parse_rate(const std::string& text);

/// "10us", "0.1ms", "8 ms", "2s", "1m", "10" (seconds) → ns, greater than 0. Throws UsageError.
std::int64_t parse_duration(const std::string& text);

/// "123 ns", "12.3 µs", "4.56 ms", "7.89 s": three digits that count.
std::string format_duration(std::int64_t ns);

/// "512 B", "3.4 MiB".
std::string format_bytes(std::uint64_t bytes);

/// "20 Mbit/s".
std::string format_rate(double bps);

}  // namespace tscope
