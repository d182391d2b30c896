// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tscope/probe/ping_report.hpp"

namespace tscope {

/// Returns iputils' first line.
std::string ping_header(const PingOptions& options, const PingTarget& target);

/// Returns iputils' line of a reply, followed by socket=, driver=, hw=, send= and recv= in ms and
/// the verdict. from: the sender of the reply as the user is to see it.
std::string ping_line(const PingSample& sample, PingProtocol protocol, const std::string& from);

/// Returns iputils' line of what is no sample.
std::string ping_line(const PingNote& note, PingProtocol protocol);

/// Returns iputils' two lines of statistics, then the table of layers and the verdicts.
std::string ping_text(const PingReport& report);

/// Returns one JSON object, schema "tscope-ping-1" (docs/ping.md).
std::string ping_json(const PingReport& report);

}  // namespace tscope
