// SPDX-License-Identifier: MIT
#include "delay/datagram.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <span>

namespace tscope {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t udp = 17, icmp = 1, icmp6 = 58;
constexpr std::size_t header_length = 8;

std::uint16_t be16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

struct Ip {
  std::uint8_t family, protocol;
  std::size_t header, source, destination, address;
  std::uint16_t id;
};

std::optional<Ip> decode_ip(Bytes bytes) {
  if (bytes.size() >= 20 && bytes[0] >> 4 == 4) {
    const std::size_t header = std::size_t{4} * (bytes[0] & 0x0fU);
    if (header < 20 || (be16(bytes, 6) & 0x1fff) != 0) return std::nullopt;
    return Ip{4, bytes[9], header, 12, 16, 4, be16(bytes, 4)};
  }
  if (bytes.size() >= 40 && bytes[0] >> 4 == 6) return Ip{6, bytes[6], 40, 8, 24, 16, 0};
  return std::nullopt;
}

Flow by_destination(const Datagram& datagram) {
  Flow flow;
  flow.dst = datagram.flow.dst;
  if (datagram.icmp) flow.dst.port = 0;
  return flow;
}

bool can_be(const Endpoint& source, const Endpoint& of_call, bool ports) {
  const bool any_address = std::ranges::all_of(of_call.address, [](auto b) { return b == 0; });
  return (any_address || of_call.address == source.address) &&
         (!ports || of_call.port == 0 || of_call.port == source.port);
}

}  // namespace

std::optional<Datagram> decode_datagram(const Packet& packet) {
  const tscope_record& record = packet.record;
  const Bytes bytes(record.header, std::min<std::size_t>(record.header_len, TSCOPE_HEADER_MAX));
  const auto ip = decode_ip(bytes);
  if (!ip || bytes.size() < ip->header + header_length) return std::nullopt;
  if (ip->protocol != udp && ip->protocol != (ip->family == 4 ? icmp : icmp6)) return std::nullopt;
  const Bytes transport = bytes.subspan(ip->header);

  Datagram result;
  result.stamp = {packet.time_ns, record.tsc, record.clock};
  result.icmp = ip->protocol != udp;
  result.request = result.icmp && transport[0] == (ip->family == 4 ? 8 : 128);
  result.length = record.wire_len;
  result.segs = std::max<std::uint16_t>(1, record.segs);
  result.flow.src.family = result.flow.dst.family = ip->family;
  std::ranges::copy(bytes.subspan(ip->source, ip->address), result.flow.src.address.begin());
  std::ranges::copy(bytes.subspan(ip->destination, ip->address), result.flow.dst.address.begin());
  result.flow.src.port = be16(transport, result.icmp ? 4 : 0);
  result.flow.dst.port = be16(transport, result.icmp ? 4 : 2);

  const std::size_t checksum = result.icmp ? 2 : 6;
  std::size_t seed = ip->id;
  for (std::size_t i = 0; i < transport.size(); i++) {
    if (i != checksum && i != checksum + 1) boost::hash_combine(seed, transport[i]);
  }
  result.key = seed;
  return result;
}

void DatagramCalls::add(const Datagram& call) {
  const Flow destination = by_destination(call);
  if (calls_.size() >= destinations_max && !calls_.contains(destination)) return;
  std::deque<Call>& calls = calls_[destination];
  calls.push_back({call.stamp, call.length, call.flow.src});
  if (calls.size() > calls_max) calls.pop_front();
}

std::optional<Stamp> DatagramCalls::take(const Datagram& sent) {
  const auto found = calls_.find(by_destination(sent));
  if (found == calls_.end()) return std::nullopt;
  std::deque<Call>& calls = found->second;
  const auto call = std::find_if(calls.rbegin(), calls.rend(), [&](const Call& each) {
    return each.length == sent.length && each.stamp.time_ns <= sent.stamp.time_ns &&
           can_be(sent.flow.src, each.source, !sent.icmp);
  });
  if (call == calls.rend()) return std::nullopt;
  const Stamp stamp = call->stamp;
  calls.erase(std::next(call).base());
  return stamp;
}

}  // namespace tscope
