// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "report/census_text.hpp"
#include "report/counter_check_text.hpp"
#include "report/delay_tables.hpp"
#include "report/source_text.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/record/time_window.hpp"
#include "tscope/report/delay.hpp"

namespace tscope {

namespace {

constexpr std::size_t name_width = 24;

std::string reason_text(Unmatched reason, Vantage where) {
  switch (reason) {
    case Unmatched::begin:
      return "at the capture's begin";
    case Unmatched::end:
      return "at the capture's end";
    case Unmatched::unread:
      return "never read by the process";
    case Unmatched::dropped:
      return "dropped in between";
    case Unmatched::no_socket:
      return is_receive(where) ? "for a socket that was closed" : "sent without a full socket";
    case Unmatched::lost:
      return "records that the capture lost";
    case Unmatched::evicted:
      return "given up (too many waited)";
    case Unmatched::no_stamp:
      return "without a stamp of the NIC";
    case Unmatched::unexplained:
      return "unexplained";
    case Unmatched::unknown:
      return "dropped, or lost by the capture (not known)";
    case Unmatched::copied:
      return "copies made in between";
    case Unmatched::buffer_full:
      return "dropped at the full receive buffer, it seems: the process read later, but not these";
    case Unmatched::no_call:
      return is_receive(where)
                 ? "whose receive call has no record (splice, MPTCP, ...), or never read"
                 : "whose send call has no record (fast open, MPTCP, ...)";
  }
  return "";
}

// What a packet goes through between two neighbouring vantage points.
std::string what_lies_between(Vantage from, Vantage to) {
  if (from == Vantage::app_tx && to == Vantage::socket_tx) return "lock, buffer, window";
  if (from == Vantage::socket_tx && to == Vantage::qdisc_tx) return "IP output, netfilter";
  if (from == Vantage::qdisc_tx && to == Vantage::driver_tx) return "queue";
  if (from == Vantage::driver_tx && to == Vantage::hw_tx) return "driver, NIC's queue";
  if (from == Vantage::hw_rx && to == Vantage::driver_rx) return "NIC, interrupt, NAPI";
  if (from == Vantage::driver_rx && to == Vantage::socket_rx) return "GRO, IP input, backlog";
  if (from == Vantage::socket_rx && to == Vantage::app_rx) return "order, wake-up, reading";
  return "";
}

std::string error_text(const DelayStage& stage) {
  return stage.error_ns ? fmt::format("± {}", format_duration(*stage.error_ns)) : "";
}

std::string table(const DelayChain& chain) {
  std::string text = stage_head(name_width);
  for (const DelayStage& stage : chain.stages) {
    const std::string error = error_text(stage);
    text += stage_row(stage, stage_name(stage), name_width,
                      fmt::format("{}{}{}", error, error.empty() ? "" : "  ",
                                  what_lies_between(stage.from, stage.to)));
  }
  return text + stage_row(chain.total, "whole way", name_width, error_text(chain.total));
}

// As Wireshark shows it.
std::string longest_text(const DelayStage& total) {
  if (total.max_packets[0] == 0) return "";
  return fmt::format("  longest whole way: at {}, packet {} to packet {} of the file\n",
                     time_of_day(total.max_at_ns), total.max_packets[0], total.max_packets[1]);
}

std::string cdf(const DelayChain& chain, bool ascii) {
  std::vector<CdfColumn> columns;
  for (const DelayStage& stage : chain.stages) {
    columns.push_back({fmt::format("> {}", vantage_name(stage.to)), &stage});
  }
  if (columns.size() > 1) columns.push_back({"whole way", &chain.total});
  return cdf_table(columns, ascii);
}

// Namespaces may have devices of one name.
std::string device_text(const DelayChain& chain, const DelayReport& report) {
  const bool elsewhere_too = std::ranges::any_of(report.chains, [&](const DelayChain& other) {
    return other.device == chain.device && other.netns != chain.netns;
  });
  return elsewhere_too ? fmt::format("{} in namespace {}", chain.device, chain.netns)
                       : chain.device;
}

std::string chain_text(const DelayChain& chain, const DelayReport& report, bool ascii) {
  std::string text = fmt::format(
      "\n{} delay, {}, {}: {}", chain.way == Way::send ? "Send" : "Receive",
      device_text(chain, report), kind_text(chain.kind), counted(chain.packets, "packet"));
  if (chain.partial) {
    text += fmt::format(", only from {} to {}", vantage_name(chain.total.from),
                        vantage_name(chain.total.to));
  }
  if (chain.segments != chain.packets) {
    text += fmt::format(" of {}", counted(chain.segments, "segment"));
  }
  text += "\n\n";
  if (chain.negative + chain.inconsistent < chain.packets) {
    text += table(chain) + longest_text(chain.total) + cdf(chain, ascii);
  }
  if (chain.negative > 0) {
    text += fmt::format("  {} with a stage below zero, in no figure\n",
                        counted(chain.negative, "packet"));
  }
  if (chain.inconsistent > 0) {
    text += fmt::format("  {} whose stamps contradict each other, in no figure\n",
                        counted(chain.inconsistent, "packet"));
  }
  return text;
}

std::string reasons_text(const std::array<std::uint64_t, unmatched_reasons>& counts,
                         Vantage where) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i],
                        reason_text(static_cast<Unmatched>(i), where));
  }
  return text.empty() ? "" : fmt::format("; only at {}: {}", vantage_name(where), text);
}

std::string stage_counts_text(const StageCounts& pair) {
  const std::uint64_t all = pair.matched + pair.unmatched();
  std::string text =
      fmt::format("{} > {}{}: {} of {} found at both ({})", vantage_name(pair.first),
                  vantage_name(pair.second), pair.datagrams ? " (datagrams)" : "", pair.matched,
                  counted(all, "packet"), percent_of(pair.matched, all, 3));
  if (pair.merged > 0) text += fmt::format(", {} of them merged on the way", pair.merged);
  text += reasons_text(pair.only_first, pair.first) + reasons_text(pair.only_second, pair.second);
  return wrapped(text + ".", page_width, "  ");
}

std::string quality(const DelayReport& report) {
  std::string text = loss_text(report.loss);
  if (report.loss.late > 0) text += fmt::format(", {} came late", report.loss.late);
  text += "; " + clock_text(report.clock);
  for (const NicStamps& stamps : report.nics) text += "; " + nic_text(stamps);
  if (report.unclaimed_nic_stamps > 0) {
    text += fmt::format("; {} of packets without a record at the driver",
                        counted(report.unclaimed_nic_stamps, "NIC stamp"));
  }
  if (report.peeks > 0)
    text += fmt::format("; {} that left the bytes queued", counted(report.peeks, "receive call"));
  if (report.foreign_calls + report.foreign_segments > 0) {
    text += fmt::format(
        "; {} and {} of connections with kTLS or sockmap, whose calls move other "
        "bytes than TCP's: their stages at the application are missing",
        counted(report.foreign_calls, "receive call"), counted(report.foreign_segments, "segment"));
  }
  if (report.mptcp_segments > 0) {
    text += fmt::format("; {} of MPTCP subflows, whose stages at the application are missing",
                        counted(report.mptcp_segments, "segment"));
  }
  if (report.forwarded > 0) {
    text += fmt::format("; {} of flows without a socket here", counted(report.forwarded, "packet"));
  }
  if (report.untracked_flows > 0) {
    text += fmt::format("; {} of further flows not analysed",
                        counted(report.untracked_flows, "record"));
  }
  return text + ".";
}

}  // namespace

std::string delay_text(const DelayReport& report, const std::string& file, bool ascii, bool all) {
  std::string text = fmt::format("{}: {}\n", file, counted(report.used, "record"));
  std::size_t left_out = 0;
  for (const DelayChain& chain : report.chains) {
    if (all || chain.packets >= packets_to_show || report.chains.size() == 1) {
      text += chain_text(chain, report, ascii);
    } else {
      left_out++;
    }
  }
  text +=
      left_out_text(left_out, "table", fmt::format("of fewer than {} packets", packets_to_show));
  if (report.per_flow) text += flow_table(report, all);
  text += "\nThe same packets at neighbouring vantage points:\n";
  for (const StageCounts& pair : report.stages) text += stage_counts_text(pair);
  text += "\n" + absences_text(report);
  text += wrapped(quality(report), page_width, "");
  text += census_text(report.census);
  text += counter_check_text(report.counter_check);
  return ascii ? to_ascii(std::move(text)) : text;
}

}  // namespace tscope
