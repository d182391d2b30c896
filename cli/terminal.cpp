// SPDX-License-Identifier: MIT
#include "terminal.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstring>

bool ascii_only() {
  std::setlocale(LC_CTYPE, "");
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void Progress::packet() {
  constexpr std::uint64_t step = 1 << 16;
  if (++packets_ % step == 0) show(packets_);
}

void Progress::show(std::uint64_t packets) {
  if (isatty(STDERR_FILENO) != 1 ||
      std::chrono::steady_clock::now() - begun_ < std::chrono::seconds(2)) {
    return;
  }
  fmt::print(stderr, "\r{:>12} packets read ", packets);
  shown_ = true;
}

void Progress::end() const {
  if (shown_) fmt::print(stderr, "\n");
}
