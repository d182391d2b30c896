// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "tscope/live/visited_netns.hpp"

/// Finds a network namespace by a NAME of ip netns, or a process's PID. Throws Error.
std::shared_ptr<const tscope::VisitedNetns> find_netns(const std::string& which);
