// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace tscope {

/// What CPUID answers for a leaf: eax, ebx, ecx, edx. Replaceable, so that made-up machines can be
/// tested.
using Cpuid = std::function<std::array<std::uint32_t, 4>(std::uint32_t leaf)>;

/// The CPU's own answers.
std::array<std::uint32_t, 4> cpuid(std::uint32_t leaf);

/// The TSC runs at a constant rate in every sleep state (CPUID 8000_0007H, EDX bit 8).
bool has_invariant_tsc(const Cpuid& ask = cpuid);

/// The hypervisor this machine runs under by its CPUID signature ("KVM", "Xen", "QEMU TCG", ... or
/// the signature itself); nothing on bare metal.
std::optional<std::string> hypervisor(const Cpuid& ask = cpuid);

/// First line of a file such as /sys/devices/system/clocksource/clocksource0/current_clocksource,
/// without blanks at its end; "" if unreadable.
std::string first_line(const std::string& path);

/// Facts for a capture file: "kernel", "cpu", "cpus", "hypervisor", "clocksource", "tool".
std::map<std::string, std::string> host_facts();

}  // namespace tscope
