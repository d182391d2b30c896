// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "report/delay_tables.hpp"
#include "report/text.hpp"
#include "tscope/base/units.hpp"

namespace tscope {

namespace {

constexpr std::size_t kind_width = 34, flows_to_show = 20;

std::string row(const DelayFlowChain& chain) {
  const std::string kind = fmt::format("{}, {}", kind_text(chain.kind), chain.device);
  if (chain.negative + chain.inconsistent == chain.packets) {
    return fmt::format("    {}{:>9}  in no figure\n", padded(kind, kind_width), chain.packets);
  }
  return fmt::format("    {}{:>9} {:>9} {:>9}  {:>7} {} > {}\n", padded(kind, kind_width),
                     chain.packets, format_duration(chain.p50_ns), format_duration(chain.p99_ns),
                     percent(chain.largest_share), vantage_name(chain.largest_from),
                     vantage_name(chain.largest_to));
}

}  // namespace

std::string flow_table(const DelayReport& report, bool all) {
  std::string text = fmt::format("\n{}{:>9} {:>9} {:>9}  {}\n",
                                 padded("Flow by flow, the whole way", kind_width + 4), "packets",
                                 "median", "99 %", "largest stage's share");
  const std::size_t shown =
      std::min(all ? report.flows.size() : flows_to_show, report.flows.size());
  std::uint64_t rows_left_out = 0, packets_of_rows = 0;
  for (std::size_t at = 0; at < shown; at++) {
    const DelayFlow& flow = report.flows[at];
    const bool elsewhere_too = std::ranges::any_of(report.flows, [&](const DelayFlow& other) {
      return other.flow == flow.flow && other.way == flow.way &&
             other.datagrams == flow.datagrams && other.netns != flow.netns;
    });
    text += fmt::format("  {} > {}, {}{}\n", flow.flow.src.to_string(), flow.flow.dst.to_string(),
                        way_name(flow.way),
                        elsewhere_too ? fmt::format(", in namespace {}", flow.netns) : "");
    if (flow.chains.empty()) text += "    no packet found at every vantage point\n";
    for (const DelayFlowChain& chain : flow.chains) {
      if (all || chain.packets >= packets_to_show || &chain == &flow.chains.front()) {
        text += row(chain);
      } else {
        rows_left_out++;
        packets_of_rows += chain.packets;
      }
    }
  }
  if (rows_left_out > 0) {
    text += fmt::format("  {} of these flows left out, with {} in all; --all shows them.\n",
                        counted(rows_left_out, "kind"), counted(packets_of_rows, "packet"));
  }
  std::uint64_t flows = report.flows_left_out, packets = report.packets_left_out;
  for (std::size_t at = shown; at < report.flows.size(); at++) {
    flows++;
    packets += report.flows[at].packets_of_all_kinds();
  }
  if (flows > 0) {
    text += fmt::format("  {} of fewer packets left out, with {} in all{}.\n",
                        counted(flows, "flow"), counted(packets, "packet"),
                        shown < report.flows.size() ? "; --all shows more" : "");
  }
  return text;
}

}  // namespace tscope
