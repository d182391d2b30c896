// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "probe/ping/prober.hpp"

namespace tscope {

/// Echo requests of one run, and what makes a reply to one of them a good one. ICMP and ICMPv6 have
/// the same fields at the same places (RFC 792 page 14, RFC 4443 section 4.1).
class Echo {
 public:
  static constexpr std::size_t header_bytes = 8, cookie_bytes = 8;

  /// size: payload bytes. secret: what nobody knows who did not see the requests.
  Echo(bool v6, std::uint16_t id, std::size_t size, std::uint64_t secret);

  /// Valid until the next call. Without checksum: the kernel fills that of ICMPv6 and of ping
  /// sockets; with it for raw IPv4.
  std::span<const std::uint8_t> request(std::uint64_t index, bool checksum);

  /// `message`: from the ICMP header on, perhaps cut; length: the whole. Nothing for what is no
  /// echo reply or another's. last: the newest probe sent.
  std::optional<Reply> read(std::span<const std::uint8_t> message, std::size_t length,
                            std::uint64_t last) const;

  /// Of the probe that an ICMP error quotes, from the IP or ICMP header on.
  std::optional<std::uint64_t> quoted(std::span<const std::uint8_t> packet,
                                      std::uint64_t last) const;

  static std::optional<std::uint64_t> index_of(std::uint16_t sequence, std::uint64_t last);

  void set_id(std::uint16_t id) { id_ = id; }
  std::uint16_t id() const { return id_; }

 private:
  void fill(std::span<std::uint8_t> payload, std::uint64_t index) const;

  std::uint8_t request_type_, reply_type_;
  std::uint16_t id_;
  std::uint64_t secret_;
  std::vector<std::uint8_t> request_;
};

}  // namespace tscope
