// SPDX-License-Identifier: MIT
#include "signals.hpp"

#include <csignal>

namespace {

std::atomic<bool> asked_to_end = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

}  // namespace

const std::atomic<bool>& catch_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    handle(signal, [](int) { asked_to_end = true; });
  return asked_to_end;
}

void outlive_closed_pipes() {
  handle(SIGPIPE, SIG_IGN);
}
