// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "live/devices/link_table.hpp"
#include "tscope/live/capture.hpp"

namespace tscope {

namespace {

bool asks(const CaptureOptions& options, Vantage vantage) {
  return std::ranges::find(options.vantages, vantage) != options.vantages.end();
}

// Behind a bridge, a bond or a VRF packets are that device's, for sockets and calls.
std::string upper_layers(const CaptureOptions& options) {
  std::string names;
  for (const Vantage vantage :
       {Vantage::socket_rx, Vantage::app_rx, Vantage::app_tx, Vantage::socket_tx}) {
    if (!asks(options, vantage)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", vantage_name(vantage));
  }
  return names;
}

std::string name_of(const LinkTable& links, std::uint32_t ifindex) {
  const auto link = links.find(ifindex);
  return link == links.end() ? fmt::format("if{}", ifindex) : link->second.name;
}

// The devices whose packets it gets: "eth0" or "eth0, eth1"; empty if they are not known here.
std::string lower_devices(const LinkTable& links, std::uint32_t ifindex, const LinkCounters& link) {
  if (link.lower != 0) return link.lower_elsewhere ? "" : name_of(links, link.lower);
  std::string names;
  for (const auto& [index, other] : links) {
    if (other.master == ifindex) names += (names.empty() ? "" : ", ") + other.name;
  }
  return names;
}

std::string no_receive_text(const LinkCounters& link, const std::string& lower) {
  const std::string text = fmt::format(
      "driver-rx does not see what {} receives: {} is a {}, and gets its packets behind "
      "driver-rx from ",
      link.name, link.name, link.kind);
  if (link.lower_elsewhere) {
    return text + "a device of another network namespace: capture there too, or with --netns all";
  }
  if (lower.empty()) return text + "other devices: capture without -i, or at socket-rx";
  return text + fmt::format("{}: capture with -i {}, or at socket-rx", lower,
                            lower.substr(0, lower.find(',')));
}

std::vector<std::string> blind_spots_here(const CaptureOptions& options) {
  std::vector<std::string> sentences;
  const auto links = read_links();
  if (!links) return sentences;
  const std::string upper = upper_layers(options), &wanted = options.filter.device;
  for (const auto& [ifindex, link] : *links) {
    if (wanted.empty() ? !link.up || options.all_netns : link.name != wanted) continue;
    const bool hidden = link_receives_at_lower_device(link) &&
                        (!wanted.empty() || (link.lower_elsewhere && link.lower != 0));
    if (hidden && asks(options, Vantage::driver_rx)) {
      sentences.push_back(no_receive_text(link, lower_devices(*links, ifindex, link)));
    }
    if (!wanted.empty() && link.master != 0 && !upper.empty()) {
      const std::string master = name_of(*links, link.master);
      sentences.push_back(
          fmt::format("{} may see no packets of {}: it is a part of {}, and behind the driver its "
                      "packets are those of {}: capture these with -i {}, or without -i",
                      upper, link.name, master, master, master));
    }
  }
  return sentences;
}

}  // namespace

std::vector<std::string> blind_spots(const CaptureOptions& options) {
  std::vector<std::string> sentences;
  run_in(options.netns.get(), [&] { sentences = blind_spots_here(options); });
  return sentences;
}

}  // namespace tscope
