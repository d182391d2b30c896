// SPDX-License-Identifier: MIT
#include <bit>

#include "tscope/report/capture.hpp"

namespace tscope {

void CaptureSummary::add(const Packet& packet) {
  Count& count = vantages[packet.record.vantage];
  count.records++;
  count.segments += packet.record.segs;
  cpus[packet.record.cpu]++;
  // With one protocol asked for, all are of it.
  const auto protocol = std::has_single_bit(protocols_asked)
                            ? static_cast<Protocol>(protocols_asked)
                            : protocol_of(packet.record).value_or(Protocol::tcp);
  Count& of_protocol = protocols[protocol];
  of_protocol.records++;
  of_protocol.segments += packet.record.segs;
}

}  // namespace tscope
