// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

/// From now on SIGINT, SIGTERM and SIGHUP only set what this returns, and interrupt system calls.
const std::atomic<bool>& catch_signals();

/// A write to a pipe that nobody reads any more fails instead of ending the process.
void outlive_closed_pipes();
