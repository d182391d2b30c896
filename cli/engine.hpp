// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tscope/live/live_source.hpp"

enum class EngineChoice { automatic, kmod, bpf };

/// Throws UsageError.
EngineChoice parse_engine(const std::string& text);

/// The best engine that works, of those allowed. Where the vantage points are only a default, those
/// that the engine lacks are taken out of `options`, with a warning. Throws Error.
std::unique_ptr<tscope::LiveSource> open_engine(EngineChoice choice,
                                                tscope::CaptureOptions& options,
                                                bool vantages_given);

/// "the module", "BPF programs".
std::string engine_text(const std::map<std::string, std::string>& facts);
