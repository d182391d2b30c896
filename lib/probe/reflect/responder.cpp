// SPDX-License-Identifier: MIT
#include "probe/reflect/responder.hpp"

#include <boost/container_hash/hash.hpp>
#include <cmath>

namespace tscope {

namespace {

constexpr std::uint16_t first_free_port = 1024;

std::int64_t ns(std::chrono::nanoseconds duration) {
  return duration.count();
}

}  // namespace

std::size_t Responder::AddressHash::operator()(const Endpoint& address) const noexcept {
  std::size_t seed = boost::hash_range(address.address.begin(), address.address.end());
  boost::hash_combine(seed, address.family);
  boost::hash_combine(seed, address.port);
  return seed;
}

std::size_t Responder::KeyHash::operator()(const Key& key) const noexcept {
  std::size_t seed = AddressHash{}(key.sender);
  boost::hash_combine(seed, key.session);
  return seed;
}

Responder::Responder(const ReflectOptions& options)
    : options_(options),
      port_(options.port),
      sessions_(options.sessions_max, ns(options.expiry)),
      senders_(options.sessions_max, ns(options.expiry)) {
}

// An answer holds, where a sender's packet has zeros, the time its own probe was sent. If that is
// a time at which this session ran, the probe was an answer of ours.
bool Responder::echoes_an_answer(const Arrival& arrival, const Session& session) const {
  const auto packet = stamp::decode_reflector(arrival.payload);
  if (!packet || packet->sender_timestamp.bits == 0 || packet->received.bits == 0) return false;
  const std::int64_t sent = stamp::from_ntp(packet->sender_timestamp, arrival.received_ns);
  return session.received > 0 && sent >= session.first_ns && sent <= arrival.received_ns;
}

std::optional<stamp::ReflectorPacket> Responder::answer(const Arrival& arrival) {
  counts_.received++;
  if (!arrival.unicast) {
    counts_.not_unicast++;
    return std::nullopt;
  }
  if (arrival.sender.port == port_) {
    counts_.own_kind++;
    return std::nullopt;
  }
  if (arrival.sender.port < first_free_port) {
    counts_.privileged_port++;
    return std::nullopt;
  }
  const auto probe = stamp::decode_sender(arrival.payload);
  if (!probe) {
    counts_.malformed++;
    return std::nullopt;
  }
  Session& session = sessions_.at({arrival.sender, probe->session}, arrival.received_ns);
  if (echoes_an_answer(arrival, session)) {
    counts_.own_kind++;
    return std::nullopt;
  }
  if (session.received++ == 0) session.first_ns = arrival.received_ns;
  session.last_ns = arrival.received_ns;
  session.sequences.add(probe->sequence, probe->timestamp.bits);

  Endpoint address = arrival.sender;
  address.port = 0;
  if (!senders_.at(address, arrival.received_ns).take(options_.sender_rate, arrival.received_ns)) {
    counts_.limited_sender++;
    session.limited++;
    return std::nullopt;
  }
  if (!total_.take(options_.total_rate, arrival.received_ns)) {
    counts_.limited_total++;
    session.limited++;
    return std::nullopt;
  }
  counts_.reflected++;
  stamp::ReflectorPacket packet;
  packet.sequence = session.next++;
  packet.error = error_;
  packet.session = probe->session;
  packet.received = stamp::to_ntp(arrival.received_ns);
  packet.sender_sequence = probe->sequence;
  packet.sender_timestamp = probe->timestamp;
  packet.sender_error = probe->error;
  packet.sender_ttl = arrival.ttl;
  return packet;
}

ReflectReport Responder::report() const {
  ReflectReport report = counts_;
  report.expired = sessions_.expired();
  report.evicted = sessions_.evicted();
  sessions_.for_each([&](const Key& key, const Session& s) {
    if (s.received == 0) return;
    report.sessions.push_back({key.sender, key.session, s.received, s.next,
                               s.sequences.duplicates(), s.sequences.missing(),
                               s.sequences.reordered(), s.sequences.restarts(), s.limited,
                               s.first_ns, s.last_ns});
  });
  return report;
}

}  // namespace tscope
