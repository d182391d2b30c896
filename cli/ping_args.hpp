// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tscope/probe/ping.hpp"

/// As typed.
struct PingArguments {
  std::string destination, count, interval, size, linger, deadline, ttl, source, tcp_port, port,
      spin, clean, max, engine;
  bool quiet = false, numeric = false, v4 = false, v6 = false, timestamps = false, flood = false,
       udp = false, json = false;
};

void add_ping_options(CLI::App& command, PingArguments& arguments);

/// Checked. Throws UsageError.
tscope::PingOptions ping_options(const PingArguments& arguments);
