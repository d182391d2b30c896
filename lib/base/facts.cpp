// SPDX-License-Identifier: MIT
#include "tscope/base/facts.hpp"

#include <cpuid.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <boost/algorithm/string/trim.hpp>
#include <cstring>
#include <fstream>

namespace tscope {

namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string signature_at(const Cpuid& ask, std::uint32_t leaf) {
  const auto answer = ask(leaf);
  char signature[13] = {};
  std::memcpy(signature, &answer[1], 12);
  return signature;
}

}  // namespace

std::array<std::uint32_t, 4> cpuid(std::uint32_t leaf) {
  std::array<std::uint32_t, 4> answer{};
  __cpuid_count(leaf, 0, answer[0], answer[1], answer[2], answer[3]);
  return answer;
}

bool has_invariant_tsc(const Cpuid& ask) {
  constexpr std::uint32_t highest_extended = 0x80000000, power_management = 0x80000007;
  if (ask(highest_extended)[0] < power_management) return false;
  return (ask(power_management)[3] & 1U << 8) != 0;
}

std::optional<std::string> hypervisor(const Cpuid& ask) {
  constexpr std::uint32_t base = 0x40000000;
  if ((ask(1)[2] & 1U << 31) == 0) return std::nullopt;
  const std::string signature = signature_at(ask, base);
  // Xen puts Hyper-V's interface in front of its own for Windows guests.
  if (signature_at(ask, base + 0x100) == "XenVMMXenVMM") return "Xen";
  const std::map<std::string, std::string> names{
      {"KVMKVMKVM", "KVM"},     {"Microsoft Hv", "Hyper-V"},    {"VMwareVMware", "VMware"},
      {"XenVMMXenVMM", "Xen"},  {"TCGTCGTCGTCG", "QEMU TCG"},   {"bhyve bhyve ", "bhyve"},
      {"ACRNACRNACRN", "ACRN"}, {"VBoxVBoxVBox", "VirtualBox"}, {" lrpepyh  vr", "Parallels"},
  };
  const auto name = names.find(signature);
  if (name != names.end()) return name->second;
  return signature.empty() ? "unnamed hypervisor" : signature;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  boost::trim_right(line);
  return line;
}

std::map<std::string, std::string> host_facts() {
  utsname system{};
  uname(&system);
  return {
      {"kernel", fmt::format("{} {}", system.sysname, system.release)},
      {"cpu", cpu_model()},
      {"cpus", std::to_string(sysconf(_SC_NPROCESSORS_ONLN))},
      {"hypervisor", hypervisor().value_or("none")},
      {"clocksource",
       first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
      {"tool", "tscope " TSCOPE_VERSION},
  };
}

}  // namespace tscope
