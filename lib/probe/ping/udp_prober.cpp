// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_map>

#include "probe/ping/stamped_socket.hpp"
#include "probe/wire/ancillary.hpp"
#include "probe/wire/clock_state.hpp"
#include "probe/wire/stamp.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::uint64_t remembered = 65536;

class UdpProber final : public Prober {
 public:
  UdpProber(const PingOptions& options, const PingWay& way, Descriptor socket)
      : socket_((connect_to(socket.get(), way, options), std::move(socket)), way.to.family()),
        packet_(std::max<std::size_t>(options.size, stamp::packet_bytes)) {
    port_ = local().port();
  }

  int fd() const override { return socket_.fd(); }
  bool stamps() const override { return socket_.stamps(); }
  std::string name() const override { return "udp"; }
  std::uint16_t id() const override { return port_; }
  std::optional<std::uint64_t> index_of(std::uint32_t key) const override {
    const std::uint64_t back = static_cast<std::uint32_t>(last_) - key;
    if (back >= last_) return std::nullopt;
    return last_ - back;
  }

  SocketAddress local() const override { return local_address(fd()); }

  void prepare_next() override { error_ = realtime_error(); }

  int send(std::uint64_t index) override {
    stamp::SenderPacket packet;
    packet.error = error_;
    packet.sequence = static_cast<std::uint32_t>(index);
    packet.timestamp = stamp::to_ntp(realtime_ns());
    std::ranges::copy(stamp::encode(packet), packet_.begin());
    sent_[packet.sequence] = packet.timestamp.bits;
    if (index > remembered) sent_.erase(static_cast<std::uint32_t>(index - remembered));
    last_ = index;
    return socket_.send(index, packet_);
  }

  bool receive(PingEvents& events) override {
    const auto datagram = socket_.receive();
    if (!datagram) return false;
    Reply reply;
    reply.bytes = datagram->length;
    reply.from = datagram->from;
    reply.ttl = datagram->ttl;
    reply.app_rx_ns = datagram->app_rx_ns;
    reply.driver_rx_ns = datagram->driver_rx_ns;
    reply.hw_rx_ns = datagram->hw_rx_ns;
    reply.head.size = std::min(datagram->bytes.size(), reply.head.bytes.size());
    std::copy_n(datagram->bytes.begin(), reply.head.size, reply.head.bytes.begin());
    reply.index = answered(datagram->bytes);
    if (!reply.index) {
      reply.fault = ReplyFault::forged;
    } else if (datagram->length < packet_.size()) {
      reply.fault = ReplyFault::truncated;
    } else if (datagram->length > packet_.size()) {
      reply.fault = ReplyFault::corrupted;
    }
    events.emplace_back(reply);
    return true;
  }

  void read_errors(PingEvents& events) override {
    socket_.read_errors(events, [this](auto payload) -> std::optional<std::uint64_t> {
      if (payload.size() < 4) return last_;
      std::uint32_t sequence = 0;
      for (std::size_t i = 0; i < 4; i++) sequence = sequence << 8 | payload[i];
      return index_of(sequence).value_or(last_);
    });
  }

 private:
  // The probe whose number and time are in it: only who got the probe knows the latter.
  std::optional<std::uint64_t> answered(std::span<const std::uint8_t> bytes) const {
    if (bytes.size() < stamp::repeated_bytes) return std::nullopt;
    std::array<std::uint8_t, stamp::packet_bytes> whole{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), whole.size())), whole.begin());
    const auto packet = stamp::decode_reflector(whole);
    if (!packet) return std::nullopt;
    const auto sent = sent_.find(packet->sender_sequence);
    if (sent == sent_.end() || sent->second != packet->sender_timestamp.bits) return std::nullopt;
    return index_of(packet->sender_sequence);
  }

  StampedSocket socket_;
  std::vector<std::uint8_t> packet_;
  stamp::ErrorEstimate error_ = realtime_error();
  std::unordered_map<std::uint32_t, std::uint64_t> sent_;
  std::uint64_t last_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace

std::unique_ptr<Prober> make_udp_prober(const PingOptions& options, const PingWay& way) {
  Descriptor socket(::socket(way.to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    throw Error(fmt::format("can't open a UDP socket: {}; is IPv{} there?", std::strerror(errno),
                            way.to.family() == AF_INET ? 4 : 6));
  }
  return std::make_unique<UdpProber>(options, way, std::move(socket));
}

}  // namespace tscope
