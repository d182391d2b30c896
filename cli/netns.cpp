// SPDX-License-Identifier: MIT
#include "netns.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "tscope/base/error.hpp"

std::shared_ptr<const tscope::VisitedNetns> find_netns(const std::string& which) {
  const bool pid = std::ranges::all_of(which, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (which.find('/') != std::string::npos) {
    throw tscope::UsageError(
        fmt::format("'{}' names no network namespace; give a name that ip netns lists, a PID, or "
                    "all",
                    which));
  }
  const std::string path = pid ? "/proc/" + which + "/ns/net" : "/run/netns/" + which;
  struct stat status {};
  if (stat(path.c_str(), &status) < 0 && errno == ENOENT) {
    throw tscope::Error(fmt::format("there is no {} {}; ip netns list shows the names",
                                    pid ? "process" : "network namespace", which));
  }
  return std::make_shared<tscope::VisitedNetns>(path);
}
