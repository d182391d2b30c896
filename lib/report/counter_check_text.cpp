// SPDX-License-Identifier: MIT
#include "report/counter_check_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "report/text.hpp"

namespace tscope {

namespace {

using Result = CheckVerdict::Result;
using Doubt = CheckVerdict::Doubt;

constexpr std::size_t complete_named = 8;

bool receives(const InterfaceCheck& check) {
  return check.interface.vantage == Vantage::driver_rx;
}

std::string margin_text(const InterfaceCheck& check) {
  return check.margin > 0 ? fmt::format(" ± {}", check.margin) : "";
}

// "eth0 1234 received".
std::string complete_text(const InterfaceCheck& check) {
  return fmt::format("{} {}{} {}", check.interface.device, check.counted, margin_text(check),
                     receives(check) ? "received" : "sent");
}

std::string all_complete_text(const std::vector<const InterfaceCheck*>& checks) {
  std::string text;
  for (std::size_t i = 0; i < std::min(checks.size(), complete_named); i++) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", complete_text(*checks[i]));
  }
  if (checks.size() > complete_named) {
    text += fmt::format(" and {} more", checks.size() - complete_named);
  }
  return fmt::format("All packets that these interfaces counted passed tscope's hooks ({}).", text);
}

// Generic XDP runs behind the hook.
std::string causes_text(const InterfaceCheck& check) {
  if (!receives(check)) {
    return "Packets are sent past this hook by AF_XDP, XDP redirection, pktgen, tscope train and "
           "packet sockets with PACKET_QDISC_BYPASS; or a tracepoint did not fire.";
  }
  if (check.xdp != XdpMode::none && check.xdp != XdpMode::generic) {
    return fmt::format(
        "{} has an XDP program ({}), which can drop or redirect packets before tscope sees them.",
        check.interface.device, xdp_mode_name(check.xdp));
  }
  return "A hardware offload (TC flower, bridge) may have taken them, the driver may have dropped "
         "them after it counted them, or a tracepoint did not fire.";
}

std::string missing_text(const InterfaceCheck& check, const CheckVerdict& verdict) {
  return fmt::format("{}{}{} of the {} packets that {} {} ({}) never passed {}. {}",
                     verdict.at_least ? "At least " : "", verdict.missing, margin_text(check),
                     check.counted, check.interface.device, receives(check) ? "received" : "sent",
                     percent_of(verdict.missing, check.counted, 1),
                     vantage_name(check.interface.vantage), causes_text(check));
}

std::string obstacle_text(CheckObstacle obstacle) {
  switch (obstacle) {
    case CheckObstacle::appeared:
      return "it appeared during the capture";
    case CheckObstacle::disappeared:
      return "it disappeared during the capture";
    case CheckObstacle::reset:
      return "its counter was reset during the capture";
    case CheckObstacle::lower_device:
      return "its packets pass the hook as packets of the device below it";
    case CheckObstacle::not_counted:
      return "there are too many interfaces to count the packets of each; name one with -i";
    case CheckObstacle::none:
    case CheckObstacle::unknown:
      break;
  }
  return "for a reason that this version does not know";
}

std::string seen_text(const InterfaceCheck& check) {
  std::string text = counted(check.frames, "packet");
  if (check.segments != check.frames) {
    text += fmt::format(" ({})", counted(check.segments, "segment"));
  }
  return fmt::format("it counted {}{} and {} passed", check.counted, margin_text(check), text);
}

std::string doubt_text(const InterfaceCheck& check, const CheckVerdict& verdict) {
  switch (verdict.doubt) {
    case Doubt::slow_counter:
      return seen_text(check) + ", but its driver refreshes the counter only about once a second";
    case Doubt::queue:
      return fmt::format(
          "{}, but it counts a packet only when it leaves the interface's queue, where up to {} "
          "may "
          "have waited when the capture began or ended",
          seen_text(check), check.queue);
    case Doubt::counted_fewer:
      return seen_text(check) + ": it does not count all packets, or some passed twice";
    case Doubt::unit:
      return seen_text(check) + ": whether it counts packets or segments is not known";
    case Doubt::obstacle:
    case Doubt::none:
      break;
  }
  return obstacle_text(check.obstacle);
}

// A VLAN, macvlan, bond, ...: what it gets passed the hook before it was this device's.
std::string lower_device_text(const InterfaceCheck& check) {
  return fmt::format(
      "{} saw {} of the {} packets that {} received: {} gets packets from the device below it, "
      "behind this hook, where they passed as that device's. Capture there to see them.",
      vantage_name(check.interface.vantage), check.frames, check.counted, check.interface.device,
      check.interface.device);
}

std::string unknown_text(const InterfaceCheck& check, const CheckVerdict& verdict) {
  if (verdict.doubt == Doubt::obstacle && check.obstacle == CheckObstacle::lower_device) {
    return lower_device_text(check);
  }
  return fmt::format("Whether all packets of {} passed {} is not known: {}.",
                     check.interface.device, vantage_name(check.interface.vantage),
                     doubt_text(check, verdict));
}

// What is missing comes first.
std::vector<std::string> sentences(const std::vector<InterfaceCheck>& checks) {
  std::vector<std::string> missing, unknown;
  std::vector<const InterfaceCheck*> complete;
  for (const InterfaceCheck& check : checks) {
    const CheckVerdict verdict = check_verdict(check);
    if (verdict.result == Result::complete) {
      complete.push_back(&check);
    } else if (verdict.result == Result::missing) {
      missing.push_back(missing_text(check, verdict));
    } else {
      unknown.push_back(unknown_text(check, verdict));
    }
  }
  std::vector<std::string> all = std::move(missing);
  if (!complete.empty()) all.push_back(all_complete_text(complete));
  all.insert(all.end(), unknown.begin(), unknown.end());
  return all;
}

}  // namespace

std::string counter_check_text(const CounterCheck& check) {
  if (check.state == CounterCheck::State::not_applicable) return "";
  if (check.state == CounterCheck::State::absent) {
    return wrapped(
        "Whether all packets passed tscope's hooks is not known: the capture has no comparison "
        "with the interfaces' counters.",
        page_width, "");
  }
  std::string text;
  for (const std::string& sentence : sentences(check.interfaces)) {
    text += wrapped(sentence, page_width, "");
  }
  return text;
}

}  // namespace tscope
