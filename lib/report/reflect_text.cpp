// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/reflect.hpp"

namespace tscope {

std::string reflect_text(const ReflectReport& r) {
  std::string text;
  if (!r.sessions.empty()) {
    text += fmt::format("\n{}", padded("sender", 30));
    for (const char* const name :
         {"received", "reflected", "duplicates", "missing", "reordered", "limited"}) {
      text += fmt::format("{:>12}", name);
    }
    text += "\n";
  }
  for (const ReflectSession& s : r.sessions) {
    std::string who = s.sender.to_string();
    if (s.session != 0) who += fmt::format(" #{}", s.session);
    text += padded(who, 30);
    for (const std::uint64_t n :
         {s.received, s.reflected, s.duplicates, s.missing, s.reordered, s.limited}) {
      text += fmt::format("{:>12}", n);
    }
    if (s.restarts > 0) text += fmt::format("  ({})", counted(s.restarts, "restart"));
    text += "\n";
  }
  text += fmt::format("{}, {} reflected", counted(r.received, "datagram"), r.reflected);
  const auto add = [&](std::uint64_t count, const std::string& what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(r.malformed, "no STAMP");
  add(r.own_kind, "from a reflector");
  add(r.privileged_port, "from a port below 1024");
  add(r.not_unicast, "sent to a group");
  add(r.limited_sender, "above a sender's rate");
  add(r.limited_total, "above the rate of all");
  add(r.send_failed, "answers that could not be sent");
  add(r.dropped, "dropped at a full socket");
  add(r.driver_stamps, "stamped at the driver");
  add(r.driver_absent, "without the driver's stamp");
  add(r.user_stamps, "without a kernel stamp");
  add(r.expired, "sessions ended by silence");
  add(r.evicted, "sessions gone for newer ones");
  return text + "\n";
}

}  // namespace tscope
