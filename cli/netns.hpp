// SPDX-License-Identifier: MIT
#pragma once

#include <string>

/// Moves the process into a network namespace: a NAME of ip netns, or a process's PID. Throws
/// Error.
void enter_netns(const std::string& which);
