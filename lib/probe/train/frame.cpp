// SPDX-License-Identifier: MIT
#include "probe/train/frame.hpp"

#include <netinet/in.h>

#include <algorithm>

namespace tscope {

namespace {

constexpr std::uint32_t ethernet_bytes = 14, vlan_bytes = 4, udp_bytes = 8;
constexpr std::uint32_t v4_bytes = 20, v6_bytes = 40;
constexpr std::uint8_t hops =
    255;  // RFC 5357 section 4.1.2: so that a receiver sees the hops taken

// RFC 1071; the sum of big-endian words, not yet folded.
std::uint64_t sum_words(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i++) {
    sum += static_cast<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  return sum;
}

std::uint32_t fold(std::uint64_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint32_t>(~sum & 0xffff);
}

}  // namespace

ProbeFrame::ProbeFrame(const FrameAddresses& a, const stamp::SenderPacket& packet,
                       std::uint32_t size_max)
    : ip_at_(ethernet_bytes + (a.vlan ? vlan_bytes : 0)),
      udp_at_(ip_at_ + (a.source.family == AF_INET6 ? v6_bytes : v4_bytes)),
      payload_at_(udp_at_ + udp_bytes),
      v6_(a.source.family == AF_INET6) {
  bytes_.resize(payload_at_ + size_max);
  std::ranges::copy(a.destination_mac, bytes_.begin());
  std::ranges::copy(a.source_mac, bytes_.begin() + 6);
  if (a.vlan) {
    put16(12, 0x8100);
    put16(14, *a.vlan);
  }
  put16(ip_at_ - 2, v6_ ? 0x86dd : 0x0800);

  std::uint8_t* ip = &bytes_[ip_at_];
  if (v6_) {
    ip[0] = 0x60;
    ip[6] = IPPROTO_UDP;
    ip[7] = hops;
    std::ranges::copy(a.source.bytes, ip + 8);
    std::ranges::copy(a.destination.bytes, ip + 24);
  } else {
    ip[0] = 0x45;
    ip[6] = 0x40;  // don't fragment
    ip[8] = hops;
    ip[9] = IPPROTO_UDP;
    std::copy_n(a.source.bytes.begin(), 4, ip + 12);
    std::copy_n(a.destination.bytes.begin(), 4, ip + 16);
  }
  put16(udp_at_, a.source_port);
  put16(udp_at_ + 2, a.destination_port);
  std::ranges::copy(stamp::encode(packet), &bytes_[payload_at_]);
  set(packet.sequence, packet.timestamp, size_max);
}

void ProbeFrame::put16(std::size_t at, std::uint32_t value) {
  bytes_[at] = static_cast<std::uint8_t>(value >> 8);
  bytes_[at + 1] = static_cast<std::uint8_t>(value);
}

void ProbeFrame::set(std::uint32_t sequence, stamp::NtpTime time, std::uint32_t size) {
  const std::uint32_t udp_length = udp_bytes + size;
  for (std::size_t i = 0; i < 4; i++) {
    bytes_[payload_at_ + stamp::sequence_at + i] =
        static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
  }
  for (std::size_t i = 0; i < 8; i++) {
    bytes_[payload_at_ + stamp::timestamp_at + i] =
        static_cast<std::uint8_t>(time.bits >> (56 - 8 * i));
  }
  put16(udp_at_ + 4, udp_length);
  put16(udp_at_ + 6, 0);
  const std::span<const std::uint8_t> all(bytes_);
  std::span<const std::uint8_t> addresses;
  if (v6_) {
    put16(ip_at_ + 4, udp_length);
    addresses = all.subspan(ip_at_ + 8, 32);
  } else {
    put16(ip_at_ + 2, v4_bytes + udp_length);
    put16(ip_at_ + 10, 0);
    put16(ip_at_ + 10, fold(sum_words(all.subspan(ip_at_, v4_bytes))));
    addresses = all.subspan(ip_at_ + 12, 8);
  }
  const std::uint32_t sum = fold(sum_words(addresses) + IPPROTO_UDP + udp_length +
                                 sum_words(all.subspan(udp_at_, udp_length)));
  put16(udp_at_ + 6, sum == 0 ? 0xffff : sum);  // 0 would say that there is none (RFC 768)
}

}  // namespace tscope
