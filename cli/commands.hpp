// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

// Each subcommand adds itself to the application; its callback runs it. What fails throws
// tscope::Error (exit code 1) or tscope::UsageError (exit code 2), caught in main.
void add_acks(CLI::App& app);
void add_capture(CLI::App& app);
void add_convert(CLI::App& app);
void add_delay(CLI::App& app);
void add_doctor(CLI::App& app);
void add_reflect(CLI::App& app);
void add_train(CLI::App& app);
