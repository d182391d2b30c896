// SPDX-License-Identifier: MIT
#include "probe/ping/live_matcher.hpp"

#include <utility>

namespace tscope {

namespace {

constexpr std::size_t answers_max = 8192;  // stamps of answers not matched yet

CaptureOptions capture_options(const PingOptions& options, const PingTarget& target) {
  CaptureOptions capture;
  capture.filter.address = target.address;
  capture.filter.protocols =
      static_cast<std::uint8_t>(options.protocol == PingProtocol::icmp  ? TSCOPE_PROTO_ICMP
                                : options.protocol == PingProtocol::udp ? TSCOPE_PROTO_UDP
                                                                        : TSCOPE_PROTO_TCP);
  if (options.protocol != PingProtocol::icmp) capture.filter.port = options.port;
  capture.vantages = {Vantage::driver_rx, Vantage::socket_rx, Vantage::socket_tx, Vantage::qdisc_tx,
                      Vantage::driver_tx};
  capture.reorder_window = std::chrono::milliseconds(5);
  return capture;
}

}  // namespace

void LiveMatcher::take(const Prober& prober, PingBook& book) {
  for (const LiveStamp& stamp : stamps_.take()) {
    if (is_receive(stamp.vantage)) {
      if (answers_.size() >= answers_max) answers_.pop_front();
      answers_.push_back(stamp);
      continue;
    }
    const auto index = prober.index_of(stamp.key);
    PingBook::Entry* entry = index ? book.find(*index) : nullptr;
    // A capture sees more than our socket's packets; only this one left after we began to send it.
    if (entry == nullptr || stamp.ns < *entry->stamps.app_tx) continue;
    // Of devices on top of each other the first counts, in place of what the socket had of it.
    const unsigned seen = 1U << static_cast<unsigned>(stamp.vantage);
    if ((entry->live_seen & seen) != 0) continue;
    entry->live_seen |= seen;
    if (stamp.vantage == Vantage::socket_tx) entry->stamps.socket_tx = stamp.ns;
    if (stamp.vantage == Vantage::qdisc_tx) entry->stamps.qdisc_tx = stamp.ns;
    if (stamp.vantage == Vantage::driver_tx) entry->stamps.driver_tx = stamp.ns;
  }
}

// The last before the reply was read of those that look like it: a duplicate comes later.
void LiveMatcher::add_answer(PingBook::Entry& entry) const {
  const Reply& reply = *entry.reply;
  PingStamps& stamps = entry.stamps;
  bool driver = false, socket = false;
  for (auto answer = answers_.rbegin(); answer != answers_.rend(); ++answer) {
    if (answer->key != reply.key || answer->head != reply.head || answer->ns > reply.app_rx_ns ||
        answer->ns < *stamps.app_tx) {
      continue;
    }
    if (answer->vantage == Vantage::driver_rx && !std::exchange(driver, true)) {
      stamps.driver_rx = answer->ns;
    }
    if (answer->vantage == Vantage::socket_rx && !std::exchange(socket, true)) {
      stamps.socket_rx = answer->ns;
    }
  }
}

std::unique_ptr<LiveMatcher> open_live_matcher(const PingEngine& engine, const PingOptions& options,
                                               const PingTarget& target, const Prober& prober,
                                               PingAbilities& abilities) {
  CaptureOptions capture = capture_options(options, target);
  // A raw socket has its copy of an echo before the protocol's handler sees it.
  if (prober.name() == "raw") {
    std::erase(capture.vantages, Vantage::socket_rx);
    abilities.lacking.emplace_back(
        "socket-rx: a raw socket gets echoes before that place; ping sockets are behind it (sysctl "
        "net.ipv4.ping_group_range)");
  }
  std::string why_not;
  auto source = engine(capture, why_not);
  if (!why_not.empty()) abilities.lacking.push_back("stamps of an engine: " + why_not);
  if (!source) return nullptr;
  const auto& facts = source->facts();
  const auto name = facts.find("engine");
  abilities.stamps = name == facts.end() ? "kmod" : name->second;
  return std::make_unique<LiveMatcher>(std::move(source), options.protocol, prober.id());
}

}  // namespace tscope
