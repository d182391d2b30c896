// SPDX-License-Identifier: MIT
#include "probe/reflect/driver_stamps.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>

#include "probe/wire/clock_state.hpp"

namespace tscope {

namespace {

// From the driver to the socket's stamp it is microseconds, and a stopped CPU's time at worst; a
// record farther away is another datagram's with the same bytes, or a clock was set.
constexpr std::int64_t apart_max_ns = 1'000'000'000;
// Between reads of CLOCK_REALTIME and CLOCK_MONOTONIC_RAW, beside the session's own error.
constexpr std::int64_t clock_noise_ns = 10'000;

}  // namespace

std::optional<DatagramMark> datagram_mark(const tscope_record& record) {
  const auto udp = decode_datagram(record);
  if (record.kind != TSCOPE_PACKET || !udp || udp->protocol != Protocol::udp) return std::nullopt;
  return datagram_mark(udp->flow.src, udp->bytes);
}

std::optional<DatagramMark> datagram_mark(const Endpoint& sender,
                                          std::span<const std::uint8_t> payload) {
  if (payload.size() < DatagramMark::bytes) return std::nullopt;
  DatagramMark mark{sender};
  std::ranges::copy(payload.first(DatagramMark::bytes), mark.begin.begin());
  return mark;
}

// Not later than the kernel's stamp, and not long before it.
bool DriverStamps::near(std::int64_t time_ns, std::int64_t socket_ns) const {
  return time_ns <= socket_ns + noise_ns_ && socket_ns - time_ns <= apart_max_ns;
}

DriverStamps::DriverStamps(std::unique_ptr<LiveSource> live)
    : live_(std::move(live)), waiting_(buckets) {
  const Anchor first = live_->take_anchors().at(0);
  base_ = static_cast<std::int64_t>(first.realtime_ns) -
          static_cast<std::int64_t>(first.monotonic_raw_ns);
  look_at_clocks();
}

void DriverStamps::look_at_clocks() {
  moved_ = realtime_less_raw_ns() - base_;
  noise_ns_ = live_->clock().error_ns + clock_noise_ns;
}

// The next record with a mark, into pulled_. False: none for now.
bool DriverStamps::pull() {
  Packet packet;
  // The first idle answer may only mean that the rings have just been looked at.
  for (int idle = 0; idle < 2;) {
    const Source::Next next = live_->next(packet);
    if (next == Source::Next::end) return false;
    if (next == Source::Next::idle) {
      look_at_clocks();
      idle++;
      continue;
    }
    const auto mark = datagram_mark(packet.record);
    if (!mark) continue;
    pulled_ = {*mark, packet.time_ns + moved_};
    return true;
  }
  return false;
}

DriverStamps::Bucket& DriverStamps::bucket_of(const DatagramMark& mark) {
  std::size_t seed = boost::hash_range(mark.begin.begin(), mark.begin.end());
  boost::hash_combine(seed, mark.sender.port);
  return waiting_[seed % buckets];
}

void DriverStamps::keep() {
  *std::ranges::min_element(bucket_of(pulled_.mark), {}, &Waiting::time_ns) = pulled_;
}

std::optional<std::int64_t> DriverStamps::waiting(const DatagramMark& mark,
                                                  std::int64_t socket_ns) {
  Waiting* oldest = nullptr;
  for (Waiting& entry : bucket_of(mark)) {
    if (entry.time_ns == 0 || entry.mark != mark || !near(entry.time_ns, socket_ns)) continue;
    if (oldest == nullptr || entry.time_ns < oldest->time_ns) oldest = &entry;
  }
  if (oldest == nullptr) return std::nullopt;
  const std::int64_t time_ns = oldest->time_ns;
  oldest->time_ns = 0;
  return time_ns;
}

std::optional<std::int64_t> DriverStamps::take(const Endpoint& sender,
                                               std::span<const std::uint8_t> payload,
                                               std::int64_t socket_ns) {
  const auto mark = datagram_mark(sender, payload);
  if (!mark) return std::nullopt;
  if (const auto known = waiting(*mark, socket_ns)) return known;
  while (pull()) {
    if (pulled_.mark == *mark && near(pulled_.time_ns, socket_ns)) return pulled_.time_ns;
    keep();
  }
  return std::nullopt;
}

void DriverStamps::keep_up() {
  while (pull()) keep();
  live_->take_anchors();
}

}  // namespace tscope
