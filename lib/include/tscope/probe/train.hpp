// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tscope {

/// The most probes that a train may have, and its longest duration.
constexpr std::uint64_t train_probes_max = 4'000'000;
constexpr std::int64_t train_duration_max_ns = 7LL * 86400 * 1'000'000'000;

/// Smallest probe: STAMP's 44 bytes of UDP payload; largest: what UDP over IPv4 takes.
constexpr std::uint32_t probe_size_min = 44;
constexpr std::uint32_t probe_size_max = 65507;

constexpr std::uint32_t default_chirp_length = 15;

enum class ScheduleKind {
  periodic,   ///< every gap
  poisson,    ///< exponential gaps of mean `gap` (RFC 2330 section 11.1.1)
  geometric,  ///< in each slot with a probability: gaps of k slots with (1 - p)^(k - 1) p
  pairs,      ///< two probes close together, every gap (first to first)
  chirp,      ///< gaps that shrink by a ratio, from `gap` on (Ribeiro et al., pathChirp, 2003)
  file,       ///< times from a file
};

/// "periodic", "poisson", ...
std::string_view schedule_name(ScheduleKind kind);
/// The reverse; throws UsageError, listing the names.
ScheduleKind parse_schedule(std::string_view name);

/// What a train is made from. A part that is not given takes the default that stands there; one
/// that the kind has no use for must not be given.
struct Schedule {
  ScheduleKind kind = ScheduleKind::periodic;
  std::optional<std::int64_t> gap_ns;         ///< 1 ms; must be above 0
  std::optional<std::uint64_t> count;         ///< probes; 1000, or as many as duration_ns holds
  std::optional<std::int64_t> duration_ns;    ///< probes due at or after it are left out
  std::uint32_t size = probe_size_min;        ///< bytes of UDP payload
  std::uint64_t seed = 1;                     ///< of poisson and geometric
  std::optional<std::int64_t> slot_ns;        ///< geometric: gap * probability
  std::optional<double> probability;          ///< geometric: slot / gap, or 0.1 without a slot
  std::optional<std::int64_t> pair_gap_ns;    ///< pairs: between the two; 10 us
  std::optional<double> chirp_ratio;          ///< chirp: each gap is the one before / ratio; 1.2
  std::optional<std::uint32_t> chirp_length;  ///< chirp: probes in one; 15
  std::string times_path;                     ///< file
};

struct PlannedProbe {
  std::int64_t at_ns = 0;  ///< after the train's start
  std::uint32_t size = 0;  ///< bytes of UDP payload
  bool operator==(const PlannedProbe&) const = default;
};

/// The train's probes: strictly ascending times, not below 0.
///
/// The same schedule gives the same plan on every machine: mt19937_64, whose numbers the standard
/// fixes, an inverse transform of its upper 53 bits, and a logarithm made of IEEE additions,
/// multiplications and divisions alone (a C library's may differ in its last bit). Gaps are rounded
/// to whole ns, a random one to 1 ns at least. Periodic plans, pairs and chirps begin at 0, poisson
/// and geometric ones with a gap.
///
/// Throws UsageError for a schedule that can't be, Error for a file that can't be read.
std::vector<PlannedProbe> plan_train(const Schedule& schedule);

/// A file of times, one `SECONDS [SIZE]` a line; # begins a comment. Digits below the nanosecond
/// are cut off. Throws Error, naming the line.
std::vector<PlannedProbe> read_times(const std::string& path, std::uint32_t default_size);

}  // namespace tscope
