// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// STAMP's test packets, unauthenticated (RFC 8762 sections 4.2.1 and 4.3.1), as UDP payloads. Byte
/// 14, which RFC 8762 keeps zero, is the session identifier of RFC 8972; 0 where there is none.
namespace tscope::stamp {

/// Both formats' size; what follows is padding (or RFC 8972's extensions, which are not read).
constexpr std::size_t packet_bytes = 44;
/// Of an answer, up to what it repeats of its probe: number and time.
constexpr std::size_t repeated_bytes = 36;
constexpr std::uint16_t default_port = 862;

/// Where the fields that change from probe to probe stand.
constexpr std::size_t sequence_at = 0;
constexpr std::size_t timestamp_at = 4;

/// A time in NTP's 64-bit format (RFC 5905 section 6): seconds since 1900 and a fraction of 2^-32
/// s. The seconds wrap every 2^32 (2036-02-07): which era it is, the format does not say.
struct NtpTime {
  std::uint64_t bits = 0;
  bool operator==(const NtpTime&) const = default;
};

/// Of nanoseconds since the Unix epoch, any era. Exact: from_ntp() gives the same number back.
NtpTime to_ntp(std::int64_t unix_ns);
/// Nanoseconds since the Unix epoch, in the era that brings it nearest to near_unix_ns (now, as a
/// rule); rounded to the nearest.
std::int64_t from_ntp(NtpTime time, std::int64_t near_unix_ns);

/// RFC 8762 section 4.2.1, from RFC 4656 section 4.1.2: error = multiplier * 2^(scale - 32) s.
struct ErrorEstimate {
  bool synchronized = false;    ///< S: the clock follows UTC by an external source
  bool ptp = false;             ///< Z: timestamps are PTP's truncated format, not NTP's
  std::uint8_t scale = 0;       ///< 6 bits
  std::uint8_t multiplier = 1;  ///< never 0 on the wire
  bool operator==(const ErrorEstimate&) const = default;
};

/// The smallest that is not below error_ns (0 counts as 1).
ErrorEstimate error_estimate(std::int64_t error_ns, bool synchronized);
/// Rounded up.
std::int64_t error_ns(const ErrorEstimate& estimate);
std::uint16_t encode(const ErrorEstimate& estimate);
ErrorEstimate decode_error(std::uint16_t bits);

/// What a session-sender sends.
struct SenderPacket {
  std::uint32_t sequence = 0;
  NtpTime timestamp;  ///< when it was sent
  ErrorEstimate error;
  std::uint16_t session = 0;  ///< SSID, RFC 8972 section 3
  bool operator==(const SenderPacket&) const = default;
};

/// What a session-reflector answers.
struct ReflectorPacket {
  std::uint32_t sequence = 0;  ///< a stateful reflector's own, else the sender's
  NtpTime timestamp;           ///< when it was sent back
  ErrorEstimate error;
  std::uint16_t session = 0;
  NtpTime received;  ///< when the sender's packet arrived
  std::uint32_t sender_sequence = 0;
  NtpTime sender_timestamp;
  ErrorEstimate sender_error;
  std::uint8_t sender_ttl = 0;  ///< TTL or hop limit with which it arrived
  bool operator==(const ReflectorPacket&) const = default;
};

std::array<std::uint8_t, packet_bytes> encode(const SenderPacket& packet);
std::array<std::uint8_t, packet_bytes> encode(const ReflectorPacket& packet);

/// Nothing for what is shorter than 44 bytes or has an error estimate of multiplier 0, which
/// RFC 4656 forbids. A TWAMP-Light sender's shorter packets are not taken.
std::optional<SenderPacket> decode_sender(std::span<const std::uint8_t> payload);
std::optional<ReflectorPacket> decode_reflector(std::span<const std::uint8_t> payload);

}  // namespace tscope::stamp
