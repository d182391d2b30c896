// SPDX-License-Identifier: MIT
#include "netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"

void enter_netns(const std::string& which) {
  const bool pid = std::ranges::all_of(which, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (which.find('/') != std::string::npos) {
    throw tscope::UsageError(
        fmt::format("'{}' names no network namespace; give a name that ip netns lists, a PID, or "
                    "all",
                    which));
  }
  const std::string path = pid ? "/proc/" + which + "/ns/net" : "/run/netns/" + which;
  const tscope::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw tscope::Error(
        errno == ENOENT
            ? fmt::format("there is no {} {}; ip netns list shows the names",
                          pid ? "process" : "network namespace", which)
            : fmt::format("can't open {}: {}; run it as root", path, std::strerror(errno)));
  }
  if (setns(file.get(), CLONE_NEWNET) < 0) {
    throw tscope::Error(
        fmt::format("can't enter network namespace {}: {}; that needs "
                    "CAP_SYS_ADMIN: run it as root",
                    which, std::strerror(errno)));
  }
}
