// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tscope {

/// The figures at which the verdicts on ACK streams change their words, for one capture and for
/// two. docs/ack-report.md says where they come from.
namespace ack_verdict {

inline constexpr std::uint64_t gaps_to_judge = 100;
inline constexpr std::int64_t steps_in_service_time = 8;  // at least so many steps of the clock
inline constexpr double shared_from = 0.05;  // others' delivery, for a path to count as shared
inline constexpr double excess_from = 0.02;  // delivered above the rate, over a second

// Shares of a file's packets. Of fewer, the gaps that they would spoil are left out.
inline constexpr double back_to_withhold = 0.01, cut_to_withhold = 0.01;

// A gap is compressed below this part of the ACK's service time; the word must be the same for
// every cut between the other two.
inline constexpr double compressed_below = 0.75, cut_low = 0.65, cut_high = 0.85;

// Shares of compressed gaps.
inline constexpr double partly_from = 0.10, strongly_from = 0.50;
inline constexpr double grown_from = 0.05;                            // from one place to another
inline constexpr double mildly_from = 0.03, mildly_ratio_from = 1.5;  // likewise; both are needed

inline constexpr double batched_from = 0.50;  // share of gaps within one NAPI poll
inline constexpr double merged_from = 0.10;   // share of ACKs that the kernel merged
inline constexpr double events_from = 0.10;   // share of ACKs in compression events
inline constexpr double mostly_from = 0.50;   // share of events that arose in one stage

}  // namespace ack_verdict

}  // namespace tscope
