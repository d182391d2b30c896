// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "tscope/base/error.hpp"
#include "tscope/live/bpf_source.hpp"
#include "tscope/live/kmod_source.hpp"

namespace {

std::unique_ptr<tscope::LiveSource> open_bpf(tscope::CaptureOptions& options, bool vantages_given) {
  if (vantages_given) return tscope::open_bpf(options);
  // Of a default, what can be had will do.
  tscope::BpfLacking lacking;
  auto source = tscope::open_bpf(options, &lacking);
  std::string names;
  for (const tscope::Vantage vantage : lacking.vantages) {
    std::erase(options.vantages, vantage);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", tscope::vantage_name(vantage));
  }
  if (!names.empty()) {
    fmt::print(stderr, "tscope: warning: without {}: {}\n", names, lacking.why);
  }
  return source;
}

std::string without_module(const std::string& why) {
  return fmt::format("the module is not loaded (no " TSCOPE_DEVICE
                     "): load it with insmod build/kmod/$(uname -r)/tscope.ko; and without it: {}",
                     why);
}

}  // namespace

EngineChoice parse_engine(const std::string& text) {
  if (text == "auto") return EngineChoice::automatic;
  if (text == "kmod") return EngineChoice::kmod;
  if (text == "bpf") return EngineChoice::bpf;
  throw tscope::UsageError(fmt::format("'{}' is no engine; give kmod, bpf or auto", text));
}

std::unique_ptr<tscope::LiveSource> open_engine(EngineChoice choice,
                                                tscope::CaptureOptions& options,
                                                bool vantages_given) {
  const bool module = access(TSCOPE_DEVICE, F_OK) == 0;
  if (choice == EngineChoice::kmod || (choice == EngineChoice::automatic && module)) {
    return tscope::open_kmod(options);
  }
  if (choice == EngineChoice::bpf) return open_bpf(options, vantages_given);
  try {
    return open_bpf(options, vantages_given);
  } catch (const tscope::UsageError&) {
    throw;
  } catch (const tscope::LackingVantage& error) {
    throw tscope::LackingVantage(without_module(error.why()), error.instead());
  } catch (const tscope::Error& error) {
    throw tscope::Error(without_module(error.what()));
  }
}

std::string engine_text(const std::map<std::string, std::string>& facts) {
  const auto engine = facts.find("engine");
  const auto clock = facts.find("clock");
  if (engine == facts.end() || engine->second == "kmod") return "the module";
  return clock != facts.end() && clock->second == "tsc" ? "BPF programs with the module's clock"
                                                        : "BPF programs";
}
