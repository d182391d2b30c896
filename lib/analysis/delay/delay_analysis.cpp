// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "analysis/delay/packet_follower.hpp"
#include "tscope/analysis/delay_report.hpp"

namespace tscope {

struct DelayAnalysis::Impl : PacketFollower {
  using PacketFollower::PacketFollower;
};

DelayAnalysis::DelayAnalysis(DelayOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {
}
DelayAnalysis::~DelayAnalysis() = default;

void DelayAnalysis::add(const Packet& packet, const Interface& interface) {
  impl_->add(packet, interface);
}

DelayReport DelayAnalysis::finish(const Source& source) {
  return impl_->finish(source);
}

std::string why_no_delays(const DelayReport& report) {
  if (report.records == 0) return why_no_packets(report.census);
  if (report.other_flows > 0 && report.used == 0) {
    return fmt::format("none of its {} records is of a flow that --flow names; try without it",
                       report.other_flows);
  }
  if (report.used == 0) {
    return "its packets have no vantage points (another program's capture?); use tscope capture "
           "--at app,socket,qdisc,driver";
  }
  if (!report.changed_addresses.empty()) {
    return "addresses change between driver and socket (NAT), so no packet can be followed from "
           "one "
           "to the other; capture the stages on either side too (--at app,socket,qdisc,driver)";
  }
  if (!report.silent.empty()) {
    return fmt::format("{} was captured and saw nothing of it; see docs/delay-report.md",
                       vantage_name(report.silent.front().vantage));
  }
  return "no packet was found at two vantage points; capture more of them (--at "
         "app,socket,qdisc,driver)";
}

}  // namespace tscope
