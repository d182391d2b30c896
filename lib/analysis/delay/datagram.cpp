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

}  // namespace

std::optional<Datagram> datagram_of(const Packet& packet) {
  const auto headers = decode_datagram(packet.record);
  if (!headers) return std::nullopt;
  Datagram result;
  result.stamp = {packet.time_ns, packet.record.tsc, packet.record.clock};
  result.flow = headers->flow;
  result.icmp = headers->protocol == Protocol::icmp;
  result.request = headers->request;
  result.payload = headers->payload;
  result.identity = identity_of(*headers, packet.record);
  result.segs = std::max<std::uint16_t>(1, packet.record.segs);
  return result;
}

void DatagramCalls::add(const Datagram& call) {
  const Flow destination = Flow{{}, call.flow.dst};
  if (calls_.size() >= destinations_max && !calls_.contains(destination)) return;
  std::deque<Call>& calls = calls_[destination];
  calls.push_back({call.stamp, call.payload, call.flow.src});
  if (calls.size() > calls_max) calls.pop_front();
}

std::optional<Stamp> DatagramCalls::take(const Datagram& sent) {
  const auto found = calls_.find(Flow{{}, sent.flow.dst});
  if (found == calls_.end()) return std::nullopt;
  std::deque<Call>& calls = found->second;
  const auto call = std::find_if(calls.rbegin(), calls.rend(), [&](const Call& each) {
    return each.payload == sent.payload && each.stamp.time_ns <= sent.stamp.time_ns &&
           can_be(sent.flow.src, each.source);
  });
  if (call == calls.rend()) return std::nullopt;
  const Stamp stamp = call->stamp;
  calls.erase(std::next(call).base());
  return stamp;
}

}  // namespace tscope
