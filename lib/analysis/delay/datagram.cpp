// SPDX-License-Identifier: MIT
#include "analysis/delay/datagram.hpp"

#include <algorithm>

namespace tscope {

namespace {

// What a call's record does not know is 0.
bool can_be(const Endpoint& source, const Endpoint& of_call) {
  const bool any_address = std::ranges::all_of(of_call.address, [](auto b) { return b == 0; });
  return (any_address || of_call.address == source.address) &&
         (of_call.port == 0 || of_call.port == source.port);
}

constexpr std::uint8_t more_fragments = 0x20, fragment_header = 44;

// Of IPv6 only where the fragment header comes next to IP's, as it does.
bool is_first_fragment(const tscope_record& record) {
  const std::uint8_t* header = record.header;
  if ((record.flags & TSCOPE_F_SYNTH_IP) != 0) return false;
  if (header[0] >> 4 == 4) return record.header_len >= 20 && (header[6] & more_fragments) != 0;
  return record.header_len >= 48 && header[6] == fragment_header && (header[43] & 1) != 0;
}

// By UDP's own length, which is that of the whole; 0 for more than 16 bits.
std::uint32_t udp_payload(const tscope_record& record, const DatagramHeaders& headers) {
  const std::uint8_t* header = record.header;
  const std::size_t at = header[0] >> 4 == 4 ? 4U * (header[0] & 0x0fU) : 48U;
  if (at + 8 > record.header_len) return headers.payload;
  const std::uint32_t length = static_cast<std::uint32_t>(header[at + 4]) << 8 | header[at + 5];
  return length > 8 ? length - 8 : headers.payload;
}

}  // namespace

std::optional<Datagram> datagram_of(const Packet& packet) {
  auto headers = decode_datagram(packet.record);
  if (!headers) return std::nullopt;
  Datagram result;
  result.stamp = {packet.time_ns, packet.record.tsc, packet.record.clock, 0, packet.number};
  result.flow = headers->flow;
  result.netns = packet.record.netns;
  result.icmp = headers->protocol == Protocol::icmp;
  result.request = headers->request;
  result.fragment = is_first_fragment(packet.record);
  if (result.fragment && !result.icmp) headers->payload = udp_payload(packet.record, *headers);
  result.payload = headers->payload;
  // An echo has numbers of its own, and its first fragment does not tell its length.
  if (result.icmp) headers->payload = 0;
  result.identity = identity_of(*headers, packet.record);
  result.shows_payload = !headers->bytes.empty() || result.payload == 0;
  headers->bytes = {};
  result.bare = identity_of(*headers, packet.record);
  result.segs = std::max<std::uint16_t>(1, packet.record.segs);
  return result;
}

bool Datagram::to_group() const {
  return flow.dst.family == 4 ? flow.dst.address[0] >> 4 == 0xe : flow.dst.address[0] == 0xff;
}

bool same_datagram(const Datagram& a, const Datagram& b) {
  if (!a.shows_payload || !b.shows_payload) return same_packet(a.bare, b.bare);
  return same_packet(a.identity, b.identity);
}

bool part_of(const Datagram& part, const Datagram& whole, bool first) {
  if (whole.segs <= part.segs || part.payload >= whole.payload || whole.icmp) return false;
  const IpId& a = part.identity.ip_id;
  const IpId& b = whole.identity.ip_id;
  if (first && a.real && b.real && a.value != b.value) return false;
  return may_be_cut_from(a, b);
}

void DatagramCalls::add(const Datagram& call) {
  const Destination destination{call.flow.dst, call.netns};
  if (calls_.size() >= destinations_max && !calls_.contains(destination)) return;
  std::deque<Call>& calls = calls_[destination];
  calls.push_back({call.stamp, call.payload, call.flow.src});
  if (calls.size() > calls_max) calls.pop_front();
}

// MSG_MORE: the calls that came one after the other and have its length together.
std::optional<Stamp> DatagramCalls::take_several(std::deque<Call>& calls, const Datagram& sent) {
  auto last = calls.end();
  while (last != calls.begin() && std::prev(last)->stamp.time_ns > sent.stamp.time_ns) --last;
  std::uint32_t left = sent.payload;
  auto first = last;
  while (first != calls.begin() && left > 0 && std::prev(first)->payload <= left &&
         can_be(sent.flow.src, std::prev(first)->source)) {
    left -= (--first)->payload;
  }
  if (left > 0 || last - first < 2) return std::nullopt;
  const Stamp stamp = std::prev(last)->stamp;
  calls.erase(first, last);
  return stamp;
}

std::optional<Stamp> DatagramCalls::take(const Datagram& sent) {
  const auto found = calls_.find({sent.flow.dst, sent.netns});
  if (found == calls_.end()) return std::nullopt;
  std::deque<Call>& calls = found->second;
  const auto call = std::find_if(calls.rbegin(), calls.rend(), [&](const Call& each) {
    return each.payload == sent.payload && each.stamp.time_ns <= sent.stamp.time_ns &&
           can_be(sent.flow.src, each.source);
  });
  if (call == calls.rend()) return take_several(calls, sent);
  const Stamp stamp = call->stamp;
  calls.erase(std::next(call).base());
  return stamp;
}

}  // namespace tscope
