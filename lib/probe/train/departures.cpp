// SPDX-License-Identifier: MIT
#include "probe/train/departures.hpp"

#include <algorithm>
#include <bit>

#include "tscope/base/error.hpp"
#include "tscope/live/kmod_source.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

namespace {

constexpr std::uint32_t slots_min = 1024, slots_max = 65536;

std::uint32_t sequence_of(std::span<const std::uint8_t> payload) {
  std::uint32_t sequence = 0;
  for (const std::uint8_t byte : payload.subspan(stamp::sequence_at, 4)) {
    sequence = sequence << 8 | byte;
  }
  return sequence;
}

}  // namespace

std::unique_ptr<Departures> Departures::watch(const ProbePath& path, std::size_t probes) {
  CaptureOptions options;
  options.filter.protocols = TSCOPE_PROTO_UDP;
  options.filter.port = path.addresses.destination_port;
  options.filter.port_side = TSCOPE_PORT_DESTINATION;
  options.filter.device = path.device;
  options.vantages = {Vantage::driver_tx};
  options.reorder_window = std::chrono::milliseconds(0);  // probes tell their order
  options.nap = std::chrono::milliseconds(0);
  options.slots =
      std::bit_ceil(std::clamp(static_cast<std::uint32_t>(probes), slots_min, slots_max));
  try {
    return std::unique_ptr<Departures>(new Departures(open_kmod(options), path.addresses, probes));
  } catch (const Error&) {
    // The probes go out all the same; facts say what stamped them.
    return nullptr;
  }
}

void Departures::take(const tscope_record& record) {
  const auto udp = decode_datagram(record);
  if (!udp || udp->flow.src.port != addresses_.source_port || udp->bytes.size() < 4) return;
  const std::uint32_t probe = sequence_of(udp->bytes);
  if (probe >= ticks_.size() || ticks_[probe] != 0) return;
  ticks_[probe] = record.tsc;
  stamped_++;
}

void Departures::look() {
  Packet packet;
  // The first idle answer may only mean that the rings have just been looked at.
  for (int idle = 0; idle < 2;) {
    if (live_->next(packet) == Source::Next::packet) {
      take(packet.record);
    } else {
      idle++;
    }
  }
  live_->take_anchors();
}

void Departures::stop() {
  live_->stop();
  Packet packet;
  for (Source::Next next{}; (next = live_->next(packet)) != Source::Next::end;) {
    if (next == Source::Next::packet) take(packet.record);
  }
}

}  // namespace tscope
