// SPDX-License-Identifier: MIT
#include "report/ack_events_text.hpp"

#include <fmt/format.h>

#include "report/table.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/record/time_window.hpp"

namespace tscope {

namespace {

constexpr Table layout{17, 20};

std::string packets_text(const std::array<std::uint64_t, 2>& packets) {
  return packets[0] == 0 ? "?" : fmt::format("{} to {}", packets[0], packets[1]);
}

std::string left_out_line(std::uint64_t count) {
  return count == 0 ? "" : fmt::format("  and {} more, too many to be listed\n", count);
}

}  // namespace

std::string longest_gap_text(const AckDistribution& d) {
  if (d.max_packets[0] == 0) return "";
  return fmt::format("{}, from {} on, packet {} to packet {}", format_duration(d.max_ns),
                     time_of_day(d.max_at_ns), d.max_packets[0], d.max_packets[1]);
}

std::string events_text(const AckDistribution& d) {
  const std::string where =
      fmt::format("{} of {}", vantage_name(d.interface.vantage), d.interface.device);
  if (d.rate_bps == 0) {
    return fmt::format("\n  Compression events at {}: unknown without the bottleneck's rate\n",
                       where);
  }
  if (d.events.empty()) return fmt::format("\n  Compression events at {}: none\n", where);
  std::string text =
      fmt::format("\n  Compression events at {}: {}\n", where, d.events.size() + d.events_left_out);
  text += layout.row("from", {"packets", "ACKs", "gaps", "of service time"});
  for (const AckEvent& event : d.events) {
    const std::string shortest = format_duration(event.shortest_ns);
    text += layout.row(
        time_of_day(event.from_ns),
        {packets_text(event.packets), std::to_string(event.acks),
         event.acks == 2 ? shortest
                         : fmt::format("{} to {}", shortest, format_duration(event.longest_ns)),
         percent(event.of_service_time)});
  }
  return text + left_out_line(d.events_left_out);
}

std::string events_text(const CompressionEvents& xi) {
  if (xi.list.empty()) return "";
  std::string text = "\n  Compression events, by each file's own clock and packet numbers:\n";
  text += layout.row("at the first", {"packets", "at the second", "packets", ""});
  for (const CompressionEvent& event : xi.list) {
    text += layout.row(time_of_day(event.at[0].from_ns),
                       {packets_text(event.at[0].packets), time_of_day(event.at[1].from_ns),
                        packets_text(event.at[1].packets),
                        fmt::format("{}, xi {:.2f}", counted(event.acks, "ACK"), event.xi)});
  }
  return text + left_out_line(xi.left_out);
}

}  // namespace tscope
