// SPDX-License-Identifier: MIT
#include "tscope/file/flow_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "tscope/record/headers.hpp"

namespace tscope {

namespace {

constexpr std::size_t flows_max = 65536;

}  // namespace

std::string flow_list(FileSource& source, std::size_t shown) {
  std::unordered_map<Flow, std::uint64_t, FlowHash> counts;
  Packet packet;
  bool more = false;
  while (source.next(packet) == Source::Next::packet) {
    const auto flow = packet.record.kind == TSCOPE_PACKET ? flow_of(packet.record) : std::nullopt;
    if (!flow) continue;
    if (counts.size() < flows_max || counts.contains(*flow)) {
      counts[*flow]++;
    } else {
      more = true;
    }
  }
  std::vector<std::pair<std::uint64_t, Flow>> flows;
  flows.reserve(counts.size());
  for (const auto& [flow, packets] : counts) flows.emplace_back(packets, flow);
  std::ranges::sort(flows, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, flows.size()); i++) {
    text += fmt::format("{}{} > {} ({} {})", i == 0 ? "" : ", ", flows[i].second.src.to_string(),
                        flows[i].second.dst.to_string(), flows[i].first,
                        flows[i].first == 1 ? "packet" : "packets");
  }
  if (flows.size() > shown) {
    text += fmt::format(" and {}{} more", more ? "at least " : "", flows.size() - shown);
  }
  return text;
}

}  // namespace tscope
