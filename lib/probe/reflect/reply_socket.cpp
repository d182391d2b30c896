// SPDX-License-Identifier: MIT
#include "probe/reflect/reply_socket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "probe/wire/address.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr int buffer_bytes = 8 << 20;
constexpr std::uint8_t dscp_bits = 0xfc;  // the rest is ECN's, which is the network's to set

std::string where(const std::string& address, std::uint16_t port) {
  return address.empty()                          ? fmt::format("port {}", port)
         : address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                  : fmt::format("[{}]:{}", address, port);
}

[[noreturn]] void refuse(const std::string& address, std::uint16_t port) {
  switch (errno) {
    case EADDRINUSE:
      throw Error(fmt::format("{} is taken by another program: end it or give another --port",
                              where(address, port)));
    case EACCES:
      throw Error(fmt::format("{} is root's: run as root, or give a --port above 1023",
                              where(address, port)));
    case EADDRNOTAVAIL:
      throw Error(fmt::format("no interface has the address {}: `ip address` shows those there are",
                              address));
    default:
      throw Error(fmt::format("can't answer at {}: {}; give another --address or --port",
                              where(address, port), std::strerror(errno)));
  }
}

template <typename T>
cmsghdr* put(msghdr& message, cmsghdr* at, int level, int type, const T& value) {
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
  return reinterpret_cast<cmsghdr*>(reinterpret_cast<char*>(at) + CMSG_SPACE(sizeof value));
}

}  // namespace

ReplySocket::ReplySocket(int family, const std::string& address, std::uint16_t port)
    : family_(family) {
  const auto own = address.empty() ? any_address(family, port) : parse_address(address, port);
  if (!own || own->family() != family) {
    throw UsageError(
        fmt::format("'{}' is no IPv4 or IPv6 address; give one of this machine's", address));
  }
  socket_ = Descriptor(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) refuse(address, port);
  const int on = 1, ttl = 255;
  if (family == AF_INET6) {
    setsockopt(fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl);
  } else {
    setsockopt(fd(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
  }
  ask_for_ancillary(fd(), family, true);
  ask_for_buffer(fd(), buffer_bytes);
  if (bind(fd(), own->get(), own->length) < 0) refuse(address, port);
  for (Slot& slot : slots_) slot.payload.resize(datagram_bytes);
}

Endpoint ReplySocket::local() const {
  return endpoint_of(local_address(fd()).storage);
}

Arrival ReplySocket::arrival_of(const Slot& slot, const Ancillary& ancillary, std::size_t length,
                                DriverStamps* stamps) {
  Arrival arrival;
  arrival.sender = endpoint_of(slot.sender);
  arrival.payload = std::span(slot.payload).first(length);
  arrival.received_ns = ancillary.received_ns.value_or(realtime_ns());
  std::optional<std::int64_t> at_driver;
  if (stamps != nullptr) {
    at_driver = stamps->take(arrival.sender, arrival.payload, arrival.received_ns);
    (at_driver ? driver_stamps_ : driver_absent_)++;
  }
  if (!at_driver && !ancillary.received_ns) user_stamps_++;
  arrival.received_ns = at_driver.value_or(arrival.received_ns);
  arrival.ttl = ancillary.ttl.value_or(255);
  // A broadcast's or group's own address is not the one that would answer it.
  if (ancillary.to4) {
    arrival.unicast = ancillary.to4->ipi_addr.s_addr == ancillary.to4->ipi_spec_dst.s_addr;
  } else if (ancillary.to6) {
    arrival.unicast = ancillary.to6->ipi6_addr.s6_addr[0] != 0xff;
  }
  return arrival;
}

// From the address that was asked, with the class it was asked in.
void ReplySocket::answer_from(Slot& slot, msghdr& message, const Ancillary& ancillary) const {
  slot.control.fill(0);
  message.msg_control = slot.control.data();
  message.msg_controllen = 0;
  auto* at = reinterpret_cast<cmsghdr*>(slot.control.data());
  const int traffic_class = ancillary.traffic_class & dscp_bits;
  if (ancillary.to4) {
    in_pktinfo from{};
    from.ipi_spec_dst = ancillary.to4->ipi_addr;
    at = put(message, at, IPPROTO_IP, IP_PKTINFO, from);
  } else if (ancillary.to6) {
    in6_pktinfo from{};
    from.ipi6_addr = ancillary.to6->ipi6_addr;
    at = put(message, at, IPPROTO_IPV6, IPV6_PKTINFO, from);
  }
  if (traffic_class != 0) {
    put(message, at, family_ == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
        family_ == AF_INET6 ? IPV6_TCLASS : IP_TOS, traffic_class);
  }
}

bool ReplySocket::turn(Responder& responder, DriverStamps* stamps) {
  for (std::size_t i = 0; i < batch; i++) {
    Slot& slot = slots_[i];
    slot.part = {slot.payload.data(), slot.payload.size()};
    msghdr& message = received_[i].msg_hdr;
    message = {};
    message.msg_name = &slot.sender;
    message.msg_namelen = sizeof slot.sender;
    message.msg_iov = &slot.part;
    message.msg_iovlen = 1;
    message.msg_control = slot.control.data();
    message.msg_controllen = slot.control.size();
  }
  const int count = recvmmsg(fd(), received_.data(), batch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return false;
  std::size_t answers = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); i++) {
    Slot& slot = slots_[i];
    const Ancillary ancillary = read_ancillary(received_[i].msg_hdr);
    if (ancillary.overflow) {
      dropped_ += *ancillary.overflow - overflow_;
      overflow_ = *ancillary.overflow;
    }
    const std::size_t length = received_[i].msg_len;
    const auto packet = responder.answer(arrival_of(slot, ancillary, length, stamps));
    if (!packet) continue;
    // As long as the probe, and what follows the packet as it came (RFC 8762, section 4.3).
    const auto bytes = stamp::encode(*packet);
    std::ranges::copy(bytes, slot.payload.begin());
    slot.part.iov_len = length;
    mmsghdr& answer = answers_[answers++];
    answer = {};
    answer.msg_hdr = received_[i].msg_hdr;
    answer_from(slot, answer.msg_hdr, ancillary);
    if (answers == sent_together) {
      send(answers);
      answers = 0;
    }
  }
  send(answers);
  return true;
}

void ReplySocket::send(std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    for (std::size_t i = done; i < count; i++) {
      auto* payload = static_cast<std::uint8_t*>(answers_[i].msg_hdr.msg_iov->iov_base);
      const std::uint64_t time = stamp::to_ntp(realtime_ns()).bits;
      for (std::size_t b = 0; b < 8; b++) {
        payload[stamp::timestamp_at + b] = static_cast<std::uint8_t>(time >> (56 - 8 * b));
      }
    }
    const int sent = sendmmsg(fd(), &answers_[done], static_cast<unsigned>(count - done), 0);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      // This one's; the others may still go.
      send_failed_++;
      done++;
    }
  }
}

}  // namespace tscope
