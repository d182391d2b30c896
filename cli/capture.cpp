// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "capture_run.hpp"
#include "commands.hpp"
#include "netns.hpp"
#include "number.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/record/protocol_names.hpp"

namespace {

struct Arguments {
  std::string port, protocols, device, address, at, duration, engine, netns;
  std::string output = "tscope.pcapng";
  std::uint64_t count = 0;
  std::uint32_t ring_slots = 0;
  bool sessions = false, all_netns = false, json = false, at_given = false;
};

constexpr const char* netns_all = "all";
constexpr const char* default_vantages = "driver,socket";
constexpr const char* default_protocols = "tcp";

// "tcp,udp,icmp", any of them.
std::uint8_t parse_protocols(const std::string& list) {
  unsigned bits = 0;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string name = list.substr(at, end - at);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto known = std::ranges::find(tscope::protocol_names, name, &tscope::ProtocolName::name);
    if (known == tscope::protocol_names.end()) {
      throw tscope::UsageError(fmt::format(
          "'{}' is no protocol to capture; give tcp, udp, icmp or several with commas", name));
    }
    bits |= static_cast<unsigned>(known->protocol);
    at = end + 1;
  }
  return static_cast<std::uint8_t>(bits);
}

// "5201", "src:5201", "dst:5201".
void set_port(const std::string& text, tscope::CaptureFilter& filter) {
  std::string digits = text;
  if (text.starts_with("src:") || text.starts_with("dst:")) {
    filter.port_side = text.starts_with("src:") ? TSCOPE_PORT_SOURCE : TSCOPE_PORT_DESTINATION;
    digits = text.substr(4);
  }
  const auto port = number_within<std::uint16_t>(digits, 1, 65535);
  if (!port) {
    throw tscope::UsageError(
        fmt::format("'{}' is no port; give one from 1 to 65535, or src:PORT or dst:PORT", text));
  }
  filter.port = *port;
}

void run(const Arguments& arguments) {
  CaptureRun run;
  run.engine = parse_engine(arguments.engine);
  if (!arguments.netns.empty() && arguments.netns != netns_all) {
    run.source.netns = find_netns(arguments.netns);
  }
  run.source.filter.protocols = parse_protocols(arguments.protocols);
  const bool tcp = (run.source.filter.protocols & TSCOPE_PROTO_TCP) != 0;
  if (!arguments.port.empty()) {
    if (run.source.filter.protocols == TSCOPE_PROTO_ICMP) {
      throw tscope::UsageError("ICMP has no ports; leave out -p, or add udp or tcp to --proto");
    }
    set_port(arguments.port, run.source.filter);
  }
  if (arguments.sessions && !tcp) {
    throw tscope::UsageError(
        "only TCP has connections; add tcp to --proto, or leave out --sessions");
  }
  run.source.filter.device = arguments.device;
  run.source.filter.address = arguments.address;
  run.source.all_netns = arguments.all_netns || arguments.netns == netns_all;
  run.source.slots = arguments.ring_slots;
  run.source.vantages = arguments.sessions ? std::vector{tscope::Vantage::session}
                                           : tscope::parse_vantages(arguments.at);
  run.vantages_given = arguments.sessions || arguments.at_given;
  if (!arguments.duration.empty()) {
    run.limits.duration = std::chrono::nanoseconds(tscope::parse_duration(arguments.duration));
  }
  run.limits.records = arguments.count;
  run.output = arguments.output;
  run.json = arguments.json;
  if (run.output == "-" && isatty(STDOUT_FILENO) == 1) {
    throw tscope::UsageError(
        "-o - would write the capture, which is binary, to this terminal: pipe it into a program, "
        "or "
        "name a file");
  }
  if (run.json && run.output == "-") {
    throw tscope::UsageError(
        "--json and -o - both want standard output; write the capture to a file");
  }
  run_capture(run);
}

}  // namespace

void add_capture(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("capture", "record packets at every vantage point");
  command->alias("tcpmon");
  command->add_option("-p,--port", arguments->port,
                      "TCP or UDP port on either side; src:PORT or dst:PORT for one side");
  command
      ->add_option("--proto", arguments->protocols,
                   "protocols, with commas: tcp, udp, icmp (echo requests and replies)")
      ->default_val(default_protocols);
  command->add_option("-i,--interface", arguments->device, "only packets of this interface");
  command->add_option("--address", arguments->address,
                      "only packets from or to this address (or ADDRESS/PREFIX)");
  command
      ->add_option("-o,--output", arguments->output, "pcapng file to write, - for standard output")
      ->capture_default_str();
  auto* at = command->add_option(
      "--at", arguments->at,
      "vantage points, with commas: hw-rx driver-rx socket-rx app-rx app-tx socket-tx qdisc-tx "
      "driver-tx hw-tx, or a layer for both directions");
  at->default_val(default_vantages);
  command->add_option("--duration", arguments->duration, "end after this time (10s, 2m)");
  auto* count = command->add_option("--count", arguments->count,
                                    "end after this many records, all vantage points together");
  command
      ->add_flag("--sessions", arguments->sessions, "only the opening and closing of connections")
      ->excludes(at);
  command
      ->add_option("--engine", arguments->engine,
                   "what stamps: kmod (the module), bpf (BPF programs, no module needed), or auto: "
                   "the module if it is loaded, else bpf")
      ->default_val("auto");
  auto* netns = command->add_option(
      "--netns", arguments->netns,
      "network namespace: a NAME of ip netns, a process's PID, or all (default: one's own)");
  command->add_flag("--all-netns", arguments->all_netns, "the same as --netns all")
      ->excludes(netns);
  auto* slots = command->add_option(
      "--ring-slots", arguments->ring_slots,
      "records that each CPU's ring holds, a power of two (default: 64 MiB for all)");
  command->add_flag("--json", arguments->json, "the summary as JSON on standard output");
  command->footer(
      "Needs the module (insmod build/kmod/$(uname -r)/tscope.ko) and CAP_NET_RAW, or a kernel "
      "with "
      "BTF and the right to load BPF programs. ^C ends it with everything saved.\n"
      "Example: tscope capture -p 5201 -o transfer.pcapng, then: tscope acks transfer.pcapng");
  command->callback([arguments, at, count, slots] {
    arguments->at_given = at->count() > 0;
    if (count->count() > 0 && arguments->count == 0) {
      throw tscope::UsageError("--count must be 1 or more; leave it out for no limit");
    }
    if (slots->count() > 0 && arguments->ring_slots == 0) {
      throw tscope::UsageError(
          "--ring-slots must be a power of two from 16; leave it out for 64 MiB");
    }
    run(*arguments);
  });
}
