// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "probe/wire/netlink.hpp"
#include "probe/wire/stamp.hpp"

namespace tscope {

/// What a probe's headers are made from.
struct FrameAddresses {
  MacAddress source_mac{}, destination_mac{};
  std::optional<std::uint16_t> vlan;
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
};

/// A probe as it goes out, from the Ethernet header on: UDP over IP with a STAMP session-sender's
/// packet and zeros behind it. TTL or hop limit 255, don't fragment.
class ProbeFrame {
 public:
  /// size_max: bytes of UDP payload of the largest probe.
  ProbeFrame(const FrameAddresses& addresses, const stamp::SenderPacket& packet,
             std::uint32_t size_max);

  /// Lengths and checksums are those of the largest probe; sequence and timestamp are the packet's.
  std::span<const std::uint8_t> bytes() const { return bytes_; }
  std::uint32_t ip_at() const { return ip_at_; }
  std::uint32_t payload_at() const { return payload_at_; }
  std::uint32_t length_of(std::uint32_t size) const { return payload_at_ + size; }
  /// From the IP header on.
  std::uint32_t ip_length_of(std::uint32_t size) const { return payload_at_ - ip_at_ + size; }

  /// Makes it the probe of this index, time and size.
  void set(std::uint32_t sequence, stamp::NtpTime time, std::uint32_t size);

 private:
  void put16(std::size_t at, std::uint32_t value);

  std::vector<std::uint8_t> bytes_;
  std::uint32_t ip_at_, udp_at_, payload_at_;
  bool v6_;
};

}  // namespace tscope
