// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tscope/base/facts.hpp"
#include "tscope/base/tsc_check.hpp"
#include "tscope/live/bpf_source.hpp"
#include "tscope/live/kmod_source.hpp"

namespace doctor {

enum class State { ok, warn, fail };

struct Check {
  State state = State::ok;
  std::string name;
  std::string what;  // what was found
  std::string why;   // why it matters; empty if ok
  std::string fix;   // what to do; empty if ok or if there is nothing
};

/// A vantage point and the places in the kernel that serve it.
struct VantagePoint {
  tscope::Vantage vantage = tscope::Vantage::tap;
  bool available = false;
  std::vector<tscope_hook> places;
};

std::string_view state_name(State state);
std::string_view hook_state_name(std::uint32_t state);

Check check_privilege();
/// Fills status if the module answers.
Check check_module(std::optional<tscope::KmodStatus>& status);
/// Fills status if BPF programs can be loaded.
Check check_bpf(std::optional<tscope::BpfStatus>& status);
/// All but the NIC's: these depend on the NIC and not on the kernel, see check_nics().
std::vector<VantagePoint> vantage_points(const tscope::KmodStatus& status);
std::vector<VantagePoint> vantage_points(const tscope::BpfStatus& status);
Check check_vantage_points(const std::vector<VantagePoint>& points);
Check check_anchor(const tscope::KmodStatus& status);
/// Whose NICs have a clock, whether they stamp now, and whether the clock runs.
Check check_nics();

Check check_hypervisor(const tscope::Cpuid& ask = tscope::cpuid);
Check check_invariant(const tscope::Cpuid& ask = tscope::cpuid);
Check check_clocksource();
Check check_order();
Check check_read_cost(const tscope::Cpuid& ask = tscope::cpuid);

}  // namespace doctor
