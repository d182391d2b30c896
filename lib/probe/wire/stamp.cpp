// SPDX-License-Identifier: MIT
#include "probe/wire/stamp.hpp"

#include <algorithm>

namespace tscope::stamp {

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t unix_epoch = 2'208'988'800;  // in seconds since 1900 (RFC 5905, figure 4)
constexpr Wide era_ns = Wide{second_ns} << 32;
constexpr unsigned scale_max = 63, multiplier_max = 255;

// Offsets that both formats share, then the reflector's alone.
constexpr std::size_t error_at = 12, session_at = 14, received_at = 16, sender_sequence_at = 24,
                      sender_timestamp_at = 28, sender_error_at = 36, sender_ttl_at = 40;

template <typename T>
void put(std::span<std::uint8_t> packet, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); i++) {
    packet[at + i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
  }
}

template <typename T>
T get(std::span<const std::uint8_t> packet, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); i++) {
    value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 | packet[at + i]);
  }
  return value;
}

// multiplier * 2^(scale - 32) s, in ns, rounded up.
Wide estimate_ns(unsigned scale, unsigned multiplier) {
  const Wide scaled = Wide{second_ns} * multiplier << scale;
  return (scaled + (Wide{1} << 32) - 1) >> 32;
}

bool usable(std::span<const std::uint8_t> payload) {
  return payload.size() >= packet_bytes && payload[error_at + 1] != 0;
}

}  // namespace

NtpTime to_ntp(std::int64_t unix_ns) {
  std::int64_t seconds = unix_ns / second_ns;
  std::int64_t rest = unix_ns % second_ns;
  if (rest < 0) {
    rest += second_ns;
    seconds--;
  }
  const auto fraction = static_cast<std::uint64_t>((Wide{rest} << 32) / second_ns);
  return {static_cast<std::uint64_t>(seconds + unix_epoch) << 32 | fraction};
}

std::int64_t from_ntp(NtpTime time, std::int64_t near_unix_ns) {
  const auto seconds = static_cast<std::int64_t>(time.bits >> 32);
  const Wide fraction = time.bits & 0xffff'ffff;
  const Wide ns = (fraction * second_ns + (Wide{1} << 31)) >> 32;
  const Wide in_era_0 = Wide{seconds - unix_epoch} * second_ns + ns;
  const Wide away = Wide{near_unix_ns} - in_era_0;
  const Wide eras = (away + (away >= 0 ? era_ns : -era_ns) / 2) / era_ns;
  return static_cast<std::int64_t>(in_era_0 + eras * era_ns);
}

ErrorEstimate error_estimate(std::int64_t error, bool synchronized) {
  ErrorEstimate estimate;
  estimate.synchronized = synchronized;
  const Wide wanted = std::max<std::int64_t>(error, 1);
  for (unsigned scale = 0; scale <= scale_max; scale++) {
    if (estimate_ns(scale, multiplier_max) < wanted) continue;
    const Wide fine = (wanted << 32) / (Wide{second_ns} << scale);
    auto multiplier = static_cast<unsigned>(std::clamp<Wide>(fine, 1, multiplier_max));
    while (multiplier < multiplier_max && estimate_ns(scale, multiplier) < wanted) multiplier++;
    estimate.scale = static_cast<std::uint8_t>(scale);
    estimate.multiplier = static_cast<std::uint8_t>(multiplier);
    return estimate;
  }
  estimate.scale = scale_max;
  estimate.multiplier = multiplier_max;
  return estimate;
}

std::int64_t error_ns(const ErrorEstimate& estimate) {
  const Wide ns = estimate_ns(estimate.scale & scale_max, estimate.multiplier);
  return static_cast<std::int64_t>(std::min(ns, Wide{INT64_MAX}));
}

std::uint16_t encode(const ErrorEstimate& estimate) {
  return static_cast<std::uint16_t>((estimate.synchronized ? 0x8000U : 0U) |
                                    (estimate.ptp ? 0x4000U : 0U) |
                                    (estimate.scale & scale_max) << 8 | estimate.multiplier);
}

ErrorEstimate decode_error(std::uint16_t bits) {
  ErrorEstimate estimate;
  estimate.synchronized = (bits & 0x8000) != 0;
  estimate.ptp = (bits & 0x4000) != 0;
  estimate.scale = static_cast<std::uint8_t>(bits >> 8 & scale_max);
  estimate.multiplier = static_cast<std::uint8_t>(bits);
  return estimate;
}

std::array<std::uint8_t, packet_bytes> encode(const SenderPacket& packet) {
  std::array<std::uint8_t, packet_bytes> bytes{};
  put(bytes, sequence_at, packet.sequence);
  put(bytes, timestamp_at, packet.timestamp.bits);
  put(bytes, error_at, encode(packet.error));
  put(bytes, session_at, packet.session);
  return bytes;
}

std::array<std::uint8_t, packet_bytes> encode(const ReflectorPacket& packet) {
  std::array<std::uint8_t, packet_bytes> bytes{};
  put(bytes, sequence_at, packet.sequence);
  put(bytes, timestamp_at, packet.timestamp.bits);
  put(bytes, error_at, encode(packet.error));
  put(bytes, session_at, packet.session);
  put(bytes, received_at, packet.received.bits);
  put(bytes, sender_sequence_at, packet.sender_sequence);
  put(bytes, sender_timestamp_at, packet.sender_timestamp.bits);
  put(bytes, sender_error_at, encode(packet.sender_error));
  put(bytes, sender_ttl_at, packet.sender_ttl);
  return bytes;
}

std::optional<SenderPacket> decode_sender(std::span<const std::uint8_t> payload) {
  if (!usable(payload)) return std::nullopt;
  SenderPacket packet;
  packet.sequence = get<std::uint32_t>(payload, sequence_at);
  packet.timestamp.bits = get<std::uint64_t>(payload, timestamp_at);
  packet.error = decode_error(get<std::uint16_t>(payload, error_at));
  packet.session = get<std::uint16_t>(payload, session_at);
  return packet;
}

std::optional<ReflectorPacket> decode_reflector(std::span<const std::uint8_t> payload) {
  if (!usable(payload)) return std::nullopt;
  ReflectorPacket packet;
  packet.sequence = get<std::uint32_t>(payload, sequence_at);
  packet.timestamp.bits = get<std::uint64_t>(payload, timestamp_at);
  packet.error = decode_error(get<std::uint16_t>(payload, error_at));
  packet.session = get<std::uint16_t>(payload, session_at);
  packet.received.bits = get<std::uint64_t>(payload, received_at);
  packet.sender_sequence = get<std::uint32_t>(payload, sender_sequence_at);
  packet.sender_timestamp.bits = get<std::uint64_t>(payload, sender_timestamp_at);
  packet.sender_error = decode_error(get<std::uint16_t>(payload, sender_error_at));
  packet.sender_ttl = get<std::uint8_t>(payload, sender_ttl_at);
  return packet;
}

}  // namespace tscope::stamp
