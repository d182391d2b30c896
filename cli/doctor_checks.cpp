// SPDX-License-Identifier: MIT
#include "doctor_checks.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/live/nic_devices.hpp"

namespace doctor {

namespace {

constexpr const char* clocksources = "/sys/devices/system/clocksource/clocksource0/";

// linux/capability.h
constexpr unsigned cap_net_admin = 12, cap_net_raw = 13;

std::uint64_t effective_capabilities() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("CapEff:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return 0;
}

bool emulated(const tscope::Cpuid& ask) {
  return tscope::hypervisor(ask).value_or("") == "QEMU TCG";
}

// Every usable CPU against the first, within about a second in all.
struct OrderTest {
  std::size_t pairs = 0;
  std::size_t silent = 0;
  tscope::HandOffs sum;
};

OrderTest compare_all(const std::vector<int>& cpus) {
  constexpr std::uint64_t hand_offs = 20000;
  OrderTest test;
  const std::chrono::milliseconds limit(std::clamp<std::size_t>(2000 / cpus.size(), 20, 500));
  for (std::size_t i = 1; i < cpus.size(); i++) {
    const auto seen = tscope::compare_tsc(cpus[0], cpus[i], hand_offs, limit);
    test.pairs++;
    if (seen.count < 2) test.silent++;
    test.sum.count += seen.count;
    test.sum.backward += seen.backward;
    test.sum.worst_ticks = std::max(test.sum.worst_ticks, seen.worst_ticks);
  }
  return test;
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::warn:
      return "warn";
    case State::fail:
      return "fail";
  }
  return "";
}

std::string_view hook_state_name(std::uint32_t state) {
  switch (state) {
    case TSCOPE_HOOK_ABSENT:
      return "absent";
    case TSCOPE_HOOK_PRESENT:
      return "present";
    case TSCOPE_HOOK_ATTACHED:
      return "attached";
    case TSCOPE_HOOK_UNNEEDED:
      return "unneeded";
    case TSCOPE_HOOK_DIFFERS:
      return "its prototype differs on this kernel";
    default:
      return "unknown";
  }
}

Check check_privilege() {
  const std::uint64_t capabilities = effective_capabilities();
  const bool raw = (capabilities & 1ULL << cap_net_raw) != 0;
  const bool admin = (capabilities & 1ULL << cap_net_admin) != 0;
  Check check;
  check.name = "privilege";
  check.what =
      fmt::format("{}, {}CAP_NET_RAW, {}CAP_NET_ADMIN", geteuid() == 0 ? "root" : "not root",
                  raw ? "" : "no ", admin ? "" : "no ");
  if (!raw) {
    check.state = State::fail;
    check.why = "capturing in a network namespace needs CAP_NET_RAW there";
    check.fix = "run tscope as root";
  } else if (!admin) {
    check.state = State::warn;
    check.why = "--all-netns needs CAP_NET_ADMIN";
    check.fix = "run tscope as root to use it";
  }
  return check;
}

Check check_module(std::optional<tscope::KmodStatus>& status) {
  Check check;
  check.name = "module";
  try {
    status = tscope::kmod_status();
  } catch (const tscope::Error& error) {
    check.state = State::warn;
    check.what = error.what();
    check.why = "stamps of the TSC, at every vantage point, come from the module";
    if (!std::filesystem::exists(TSCOPE_DEVICE)) {
      check.fix = "where it is not built yet: make kmod KERNELS=running";
    }
    return check;
  }
  const tscope_info& info = status->info;
  check.what =
      fmt::format("loaded: interface {}, record {}; rings: {}; TSC at {:.3f} MHz by the kernel",
                  info.interface_version, info.record_version, info.cpus, info.tsc_khz / 1e3);
  return check;
}

Check check_bpf(std::optional<tscope::BpfStatus>& status) {
  Check check;
  check.name = "BPF programs";
  try {
    status = tscope::bpf_status(TSCOPE_PROTO_TCP);
  } catch (const tscope::Error& error) {
    check.state = State::warn;
    check.what = error.what();
    check.why = "without the module a capture needs them (--engine bpf)";
    return check;
  }
  check.what = fmt::format("loaded: {}; stamps by {}",
                           status->functions ? "tracepoints and functions" : "tracepoints",
                           status->clock == "tsc" ? "the module's clock" : "CLOCK_MONOTONIC");
  if (status->functions) return check;
  check.state = State::warn;
  check.why = status->why_no_functions;
  check.fix = "load the module for the vantage points that are lacking";
  return check;
}

namespace {

std::vector<VantagePoint> in_path_order(std::vector<VantagePoint> points) {
  std::ranges::sort(points, {},
                    [](const VantagePoint& p) { return tscope::path_order(p.vantage); });
  return points;
}

}  // namespace

std::vector<VantagePoint> vantage_points(const tscope::KmodStatus& status) {
  std::vector<VantagePoint> points;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    if (tscope::is_hardware(static_cast<tscope::Vantage>(i))) continue;
    VantagePoint point{static_cast<tscope::Vantage>(i), (status.info.vantages & 1U << i) != 0, {}};
    for (const tscope_hook& hook : status.hooks) {
      if (hook.vantage == i) point.places.push_back(hook);
    }
    points.push_back(point);
  }
  return in_path_order(points);
}

std::vector<VantagePoint> vantage_points(const tscope::BpfStatus& status) {
  std::vector<VantagePoint> points;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    const auto vantage = static_cast<tscope::Vantage>(i);
    if (tscope::is_hardware(vantage)) continue;
    points.push_back(
        {vantage, std::ranges::find(status.vantages, vantage) != status.vantages.end(), {}});
  }
  return in_path_order(points);
}

Check check_vantage_points(const std::vector<VantagePoint>& points) {
  Check check;
  check.name = "vantage points";
  std::string there, lacking;
  for (const VantagePoint& point : points) {
    std::string& list = point.available ? there : lacking;
    list += fmt::format("{}{}", list.empty() ? "" : " ", tscope::vantage_name(point.vantage));
  }
  check.what = there.empty() ? "none" : there;
  if (lacking.empty()) return check;
  check.what += fmt::format("; absent: {}", lacking);
  check.state = there.empty() ? State::fail : State::warn;
  const bool module =
      std::ranges::any_of(points, [](const VantagePoint& point) { return !point.places.empty(); });
  check.why = module ? "this kernel lacks the places where the module would stamp"
                     : "BPF programs can't be put there";
  check.fix = there.empty() ? "use a kernel with tracepoints and CONFIG_FUNCTION_TRACER"
                            : "choose among the others with capture --at";
  return check;
}

Check check_anchor(const tscope::KmodStatus& status) {
  Check check;
  check.name = "anchor";
  if (status.anchors.empty()) {
    check.state = State::fail;
    check.what = "the module gives no clock anchor";
    check.why = "ticks could not be turned into time";
    check.fix = "load the module of this build";
    return check;
  }
  std::vector<double> widths_ns;
  for (const tscope::Anchor& anchor : status.anchors) {
    widths_ns.push_back(static_cast<double>(anchor.width) * 1e6 /
                        std::max(1U, status.info.tsc_khz));
  }
  std::ranges::sort(widths_ns);
  const double median = widths_ns[widths_ns.size() / 2];
  check.what =
      fmt::format("TSC and kernel clock read together within {} (median of {}), best {}",
                  tscope::format_duration(static_cast<std::int64_t>(median)), widths_ns.size(),
                  tscope::format_duration(static_cast<std::int64_t>(widths_ns.front())));
  constexpr double wide_ns = 20e3;
  if (median > wide_ns) {
    check.state = State::warn;
    check.why =
        "half of that is the least error of a time against the kernel's clock (gaps are not "
        "affected)";
    check.fix = "see the clocksource; give this machine less to do or more CPU";
  }
  return check;
}

namespace {

std::string on_or_off(const std::optional<bool>& on) {
  return !on ? "unknown" : *on ? "on" : "off";
}

// What keeps a NIC's stamps from being used; empty if nothing does.
std::string nic_problem(const tscope::NicDevice& device) {
  try {
    return tscope::nic_clock_stands_still(device.phc)
               ? fmt::format("the clock of {} (/dev/ptp{}) stands still", device.name, device.phc)
               : "";
  } catch (const tscope::Error& error) {
    return error.what();
  }
}

}  // namespace

Check check_nics() {
  Check check;
  check.name = "NIC clocks";
  for (const tscope::NicDevice& device : tscope::nic_devices()) {
    check.what += fmt::format("{}{}: /dev/ptp{}, stamps of received frames {}, of sent {}",
                              check.what.empty() ? "" : "; ", device.name, device.phc,
                              device.can_rx ? on_or_off(device.rx_on) : "can't be had",
                              device.can_tx ? on_or_off(device.tx_on) : "can't be had");
    const std::string problem = nic_problem(device);
    if (!problem.empty()) {
      check.state = State::warn;
      check.why += fmt::format("{}{}", check.why.empty() ? "" : "; ", problem);
      check.fix = "leave hw out of capture --at: its stamps would count as absent";
    } else if (device.rx_on == false || device.tx_on == false) {
      check.what += fmt::format(" (to switch on: {})", tscope::nic_switch_on(device));
    }
  }
  if (check.what.empty()) check.what = "none: no device has one, so nothing is stamped at hw";
  return check;
}

Check check_hypervisor(const tscope::Cpuid& ask) {
  Check check;
  check.name = "hypervisor";
  const auto hypervisor = tscope::hypervisor(ask);
  const std::string vendor = tscope::first_line("/sys/class/dmi/id/sys_vendor");
  const std::string product = tscope::first_line("/sys/class/dmi/id/product_name");
  const std::string xen = tscope::first_line("/sys/hypervisor/type");
  check.what = hypervisor.value_or(xen.empty() ? "none seen" : xen);
  if (!vendor.empty() || !product.empty()) {
    check.what += fmt::format(" ({}{}{})", vendor, vendor.empty() ? "" : " ", product);
  }
  if (emulated(ask)) {
    check.state = State::warn;
    check.why = "the CPU is emulated: stamps are in order, but durations are the emulator's";
    check.fix = "compare within one run only";
  }
  return check;
}

Check check_invariant(const tscope::Cpuid& ask) {
  Check check;
  check.name = "invariant TSC";
  check.what = "yes (CPUID 8000_0007H)";
  if (tscope::has_invariant_tsc(ask)) return check;
  check.state = State::warn;
  check.what = "the CPU does not promise it (CPUID 8000_0007H, EDX bit 8)";
  check.why = "the TSC may change its rate or stop in sleep states";
  check.fix = tscope::hypervisor(ask) ? "let the hypervisor pass it on (QEMU: -cpu host,+invtsc)"
                                      : "keep CPU frequency and idle states fixed while capturing";
  return check;
}

Check check_clocksource() {
  Check check;
  check.name = "clocksource";
  const std::string current = tscope::first_line(std::string(clocksources) + "current_clocksource");
  const std::string available =
      tscope::first_line(std::string(clocksources) + "available_clocksource");
  check.what = fmt::format("{} (available: {})", current.empty() ? "unknown" : current,
                           available.empty() ? "unknown" : available);
  if (current == "tsc") return check;
  check.state = State::warn;
  check.why =
      "the kernel keeps time by another clock: it may have found the TSC unstable, and times "
      "drift against it between anchors";
  check.fix =
      available.find("tsc") != std::string::npos
          ? fmt::format("echo tsc > {}current_clocksource", clocksources)
          : "look for 'tsc' in dmesg; tsc=reliable on the kernel's command line if you know better";
  return check;
}

Check check_order() {
  Check check;
  check.name = "TSC across CPUs";
  const std::vector<int> cpus = tscope::usable_cpus();
  if (cpus.size() < 2) {
    check.what = "one CPU: nothing to compare";
    return check;
  }
  const OrderTest test = compare_all(cpus);
  check.what =
      fmt::format("{} hand-offs between CPU {} and {}, {} backward", test.sum.count, cpus[0],
                  test.pairs > 1 ? fmt::format("each of {} others", test.pairs)
                                 : fmt::format("CPU {}", cpus[1]),
                  test.sum.backward);
  if (test.sum.backward > 0) {
    check.state = State::fail;
    check.what += fmt::format(", by up to {} ticks", test.sum.worst_ticks);
    check.why = "stamps of different CPUs can't be compared, nor merged in order";
    check.fix =
        "pin the traffic and its interrupts to one CPU, or use a machine whose TSCs are in step";
  } else if (test.silent > 0) {
    check.state = State::warn;
    check.what += fmt::format("; {} CPUs did not answer in time", test.silent);
    check.why = "a CPU that the host does not run proves nothing";
    check.fix = "try again when the machine is less busy";
  }
  return check;
}

Check check_read_cost(const tscope::Cpuid& ask) {
  Check check;
  check.name = "TSC read";
  int mode = PR_TSC_ENABLE;
  if (prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV) {
    check.state = State::fail;
    check.what = "RDTSC is forbidden to this process (prctl PR_SET_TSC)";
    check.why = "the reader orders records by it";
    check.fix = "start tscope from a shell that may read the TSC";
    return check;
  }
  const tscope::ReadCost cost = tscope::measure_read_cost();
  check.what = fmt::format("{} ticks, {:.0f} ns (median {} ticks, {:.0f} ns) at {:.3f} MHz{}; {}",
                           cost.min_ticks, cost.min_ns(), cost.median_ticks, cost.median_ns(),
                           cost.tsc_hz / 1e6, emulated(ask) ? ", emulated" : "",
                           looks_trapped(cost) ? "RDTSC traps" : "RDTSC does not trap");
  check.what += fmt::format(" (a trapped read costs over {:.0f} ns)", tscope::trapped_read_ns);
  if (looks_trapped(cost)) {
    check.state = State::warn;
    check.why =
        "each stamp costs an exit to the hypervisor, and that much time is added to what is "
        "measured";
    check.fix =
        "let the guest read the TSC itself (Xen: tsc_mode=\"native\"; KVM and others: no TSC "
        "offset trapping)";
  }
  return check;
}

}  // namespace doctor
