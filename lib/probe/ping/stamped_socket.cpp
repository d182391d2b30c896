// SPDX-License-Identifier: MIT
#include "probe/ping/stamped_socket.hpp"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "probe/ping/clock.hpp"
#include "probe/ping/icmp_text.hpp"
#include "probe/wire/ancillary.hpp"
#include "probe/wire/clock_state.hpp"

namespace tscope {

namespace {

constexpr std::size_t buffer_bytes = 65536, control_bytes = 512;
constexpr int receive_buffer = 1 << 20, tries = 4;

template <typename T>
T data_of(const cmsghdr* control) {
  T value;
  std::memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

// What stands beside a datagram or an error.
struct Beside {
  std::optional<std::int64_t> software_realtime_ns, hardware_ns;
  std::optional<std::uint8_t> ttl;
  std::optional<sock_extended_err> error;
  IpAddress offender;
};

Beside read_control(msghdr& message) {
  Beside beside;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    const auto is = [c](int level, int type) {
      return c->cmsg_level == level && c->cmsg_type == type;
    };
    if (is(SOL_SOCKET, SCM_TIMESTAMPING)) {
      const auto stamps = data_of<scm_timestamping>(c);
      if (const auto ns = to_ns(stamps.ts[0]); ns != 0) beside.software_realtime_ns = ns;
      if (const auto ns = to_ns(stamps.ts[2]); ns != 0) beside.hardware_ns = ns;
    } else if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
      beside.ttl = static_cast<std::uint8_t>(data_of<int>(c));
    } else if (is(IPPROTO_IP, IP_RECVERR) || is(IPPROTO_IPV6, IPV6_RECVERR)) {
      beside.error = data_of<sock_extended_err>(c);
      sockaddr_storage offender{};
      const std::size_t length = c->cmsg_len - CMSG_LEN(sizeof(sock_extended_err));
      std::memcpy(&offender, CMSG_DATA(c) + sizeof(sock_extended_err),
                  std::min(length, sizeof offender));
      if (offender.ss_family == AF_INET || offender.ss_family == AF_INET6) {
        beside.offender = ip_of(offender);
      }
    }
  }
  return beside;
}

}  // namespace

StampedSocket::StampedSocket(Descriptor socket, int family)
    : socket_(std::move(socket)), family_(family), buffer_(buffer_bytes) {
  const int on = 1;
  if (family == AF_INET6) {
    setsockopt(fd(), IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    setsockopt(fd(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
  } else {
    setsockopt(fd(), IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    setsockopt(fd(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  }
  ask_for_buffer(fd(), receive_buffer);
  stamps_ = ask_for_stamps();
}

// Numbers begin at 0 again when they are asked for anew.
bool StampedSocket::ask_for_stamps() {
  key_ = 0;
  constexpr unsigned stamps =
      SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE |
      SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_SOFTWARE |
      SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_TX_SWHW;
  for (const unsigned flags : {stamps, stamps | SOF_TIMESTAMPING_OPT_ID}) {
    if (setsockopt(fd(), SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) < 0) return false;
  }
  return true;
}

int StampedSocket::send(std::uint64_t index, std::span<const std::uint8_t> bytes) {
  for (int i = 0; i < 2; i++) {
    if (::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      index_of_key_[key_++ % unstamped_max] = index;
      return 0;
    }
    const int error = errno;
    // The kernel may have spent a number on it or not.
    if (stamps_) ask_for_stamps();
    // An ICMP error that came in is told to whoever calls next; it is no refusal of this send.
    int pending = 0;
    socklen_t length = sizeof pending;
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &pending, &length);
    const bool theirs = error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
                        error == EHOSTDOWN || error == ENOPROTOOPT || error == EPROTO;
    if (!theirs || i == 1) return error;
  }
  return 0;
}

std::optional<ReceivedDatagram> StampedSocket::receive() {
  alignas(cmsghdr) std::array<std::uint8_t, control_bytes> control{};
  sockaddr_storage from{};
  iovec part{buffer_.data(), buffer_.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t length = -1;
  // Errors that stand in the error queue as well are told here once, instead of a datagram.
  for (int i = 0; i < tries && length < 0; i++) {
    length = recvmsg(fd(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0 && errno == EAGAIN) break;
  }
  if (length < 0) return std::nullopt;
  ReceivedDatagram datagram;
  datagram.app_rx_ns = raw_ns();
  const Beside beside = read_control(message);
  datagram.length = static_cast<std::size_t>(length);
  datagram.bytes = std::span(buffer_).first(std::min(datagram.length, buffer_.size()));
  datagram.from = ip_of(from);
  datagram.ttl = beside.ttl;
  if (beside.software_realtime_ns) {
    datagram.driver_rx_ns = *beside.software_realtime_ns - realtime_less_raw_ns();
  }
  datagram.hw_rx_ns = beside.hardware_ns;
  return datagram;
}

void StampedSocket::read_errors(PingEvents& events, const Quoted& index_of) {
  while (read_one_error(events, index_of)) {
  }
}

bool StampedSocket::read_one_error(PingEvents& events, const Quoted& index_of) {
  alignas(cmsghdr) std::array<std::uint8_t, control_bytes> control{};
  sockaddr_storage to{};
  iovec part{buffer_.data(), buffer_.size()};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof to;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(fd(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (length < 0) return false;
  const Beside beside = read_control(message);
  if (!beside.error) return true;
  const sock_extended_err& error = *beside.error;
  if (error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
    if (key_ - error.ee_data > unstamped_max || key_ == error.ee_data) return true;
    TransmitStamp stamp;
    stamp.index = index_of_key_[error.ee_data % unstamped_max];
    if (beside.hardware_ns) {
      stamp.at = TransmitStamp::At::hw;
      stamp.ns = *beside.hardware_ns;
    } else if (beside.software_realtime_ns) {
      stamp.at =
          error.ee_info == SCM_TSTAMP_SCHED ? TransmitStamp::At::qdisc : TransmitStamp::At::driver;
      stamp.ns = *beside.software_realtime_ns - realtime_less_raw_ns();
    } else {
      return true;
    }
    events.emplace_back(stamp);
    return true;
  }
  Refusal refusal;
  const auto quoted = std::span(buffer_).first(
      std::min<std::size_t>(static_cast<std::size_t>(length), buffer_.size()));
  refusal.index = index_of(quoted);
  // Raw sockets also get the errors of other programs' probes.
  if (!refusal.index) return true;
  refusal.from = beside.offender;
  refusal.text = error.ee_origin == SO_EE_ORIGIN_LOCAL
                     ? std::string(std::strerror(static_cast<int>(error.ee_errno)))
                     : icmp_text(family_, error.ee_type, error.ee_code, error.ee_info);
  events.emplace_back(refusal);
  return true;
}

}  // namespace tscope
