// SPDX-License-Identifier: MIT
#include "ping_args.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

#include "number.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"

namespace {

using tscope::UsageError;

constexpr std::int64_t second_ns = 1'000'000'000, user_interval_ns = 2'000'000;
constexpr std::uint64_t default_times_clean = 10;
constexpr std::uint32_t icmp_size_max = 65507, stamp_size_min = 44;

template <typename T>
T number(const std::string& text, const char* option, T least, T most) {
  if (const auto value = number_within(text, least, most)) return *value;
  throw UsageError(fmt::format("{} {}: give {} to {}", option, text, least, most));
}

std::chrono::nanoseconds seconds(const std::string& text, const char* option, double least) {
  constexpr double most = 1e6;
  return std::chrono::nanoseconds(
      std::llround(number<double>(text, option, least, most) * static_cast<double>(second_ns)));
}

void set_protocol(const PingArguments& arguments, tscope::PingOptions& options) {
  constexpr std::uint16_t port_max = 65535;
  if (arguments.udp && !arguments.tcp_port.empty()) {
    throw UsageError("--udp and --tcp at once; give one");
  }
  if (!arguments.port.empty()) {
    if (!arguments.udp) throw UsageError("-p is --udp's port; give --udp, or --tcp PORT");
    options.port = number<std::uint16_t>(arguments.port, "-p", 1, port_max);
  }
  if (arguments.udp) options.protocol = tscope::PingProtocol::udp;
  if (!arguments.tcp_port.empty()) {
    options.protocol = tscope::PingProtocol::tcp;
    options.port = number<std::uint16_t>(arguments.tcp_port, "--tcp", 1, port_max);
    if (!arguments.size.empty()) throw UsageError("a SYN has no payload; leave out -s or --tcp");
  }
  if (!arguments.size.empty()) {
    options.size = number<std::uint32_t>(arguments.size, "-s", arguments.udp ? stamp_size_min : 0,
                                         icmp_size_max);
  }
}

void set_pace(const PingArguments& arguments, tscope::PingOptions& options) {
  if (!arguments.interval.empty()) options.interval = seconds(arguments.interval, "-i", 0);
  if (arguments.flood && arguments.interval.empty()) options.interval = {};
  if (options.interval.count() < user_interval_ns && getuid() != 0) {
    throw UsageError(
        "without root the interval is at least 2 ms: use -i 0.002 (or higher), also with -f");
  }
  // -f leaves a given interval alone, and -i 0 is as fast without it: as iputils.
  options.flood = options.interval.count() == 0;
  if (options.flood) options.interval = std::chrono::milliseconds(10);
}

void set_end(const PingArguments& arguments, tscope::PingOptions& options) {
  constexpr std::uint64_t most = INT64_MAX;
  if (!arguments.count.empty()) {
    options.count = number<std::uint64_t>(arguments.count, "-c", 1, most);
  }
  if (!arguments.linger.empty()) options.linger = seconds(arguments.linger, "-W", 0);
  if (!arguments.deadline.empty()) {
    options.deadline = seconds(arguments.deadline, "-w", 0);
    options.count_replies = options.count > 0 && options.deadline.count() > 0;
  }
  if (arguments.clean.empty()) {
    if (!arguments.max.empty()) throw UsageError("--max bounds --clean; give both, or -c");
    return;
  }
  if (options.count > 0) throw UsageError("--clean counts by itself: give --max in place of -c");
  options.clean_wanted = number<std::uint64_t>(arguments.clean, "--clean", 1, 1'000'000);
  options.count = arguments.max.empty()
                      ? options.clean_wanted * default_times_clean
                      : number<std::uint64_t>(arguments.max, "--max", options.clean_wanted, most);
}

}  // namespace

tscope::PingOptions ping_options(const PingArguments& arguments) {
  tscope::PingOptions options;
  options.host = arguments.destination;
  options.source = arguments.source;
  if (arguments.v4 && arguments.v6) throw UsageError("-4 and -6 at once; give one");
  options.family = arguments.v4 ? 4 : arguments.v6 ? 6 : 0;
  set_protocol(arguments, options);
  set_pace(arguments, options);
  set_end(arguments, options);
  if (!arguments.ttl.empty()) {
    options.ttl = static_cast<std::uint8_t>(number<unsigned>(arguments.ttl, "-t", 1, 255));
  }
  if (!arguments.spin.empty()) {
    options.spin = std::chrono::nanoseconds(
        arguments.spin == "0" ? 0 : tscope::parse_duration(arguments.spin));
  }
  return options;
}

void add_ping_options(CLI::App& command, PingArguments& arguments) {
  command.add_option("destination", arguments.destination, "name, IPv4 or IPv6 address")
      ->required();
  command.add_option("-c", arguments.count, "probes to send (with -w: replies to wait for)");
  command.add_option("-i", arguments.interval, "seconds between probes (default: 1)");
  command.add_option("-s", arguments.size, "bytes of payload (default: 56; at least 44 for --udp)");
  command.add_option("-W", arguments.linger,
                     "seconds to wait for a reply at the end, if there was none (default: 10)");
  command.add_option("-w", arguments.deadline,
                     "end after these seconds, whatever was sent, or at the first error");
  command.add_option("-t", arguments.ttl, "TTL or hop limit");
  command.add_option("-I", arguments.source, "interface or address to send from");
  command.add_flag("-q", arguments.quiet, "only the first line and the summary");
  command.add_flag("-n", arguments.numeric, "no names for addresses");
  command.add_flag("-4", arguments.v4, "IPv4 only");
  command.add_flag("-6", arguments.v6, "IPv6 only");
  command.add_flag("-D", arguments.timestamps, "the time before each line");
  command.add_flag("-f", arguments.flood,
                   "flood: without -i the next probe when the reply is there, 100 a second at "
                   "least; a dot for each without reply");
  command.add_flag("--udp", arguments.udp, "STAMP probes (RFC 8762) instead of ICMP echo");
  command.add_option("-p,--port", arguments.port, "UDP port (default: 862)");
  command.add_option("--tcp", arguments.tcp_port, "SYNs to this port instead of ICMP echo");
  command.add_option("--clean", arguments.clean, "send until there are so many clean samples");
  command.add_option("--max", arguments.max, "with --clean: probes at most (default: 10 times N)");
  command.add_option("--spin", arguments.spin,
                     "look for the reply without sleeping for this long (default: 100us; 0: sleep "
                     "at once)");
  command
      .add_option("--engine", arguments.engine,
                  "what stamps: kmod (the module), bpf, sockets (SO_TIMESTAMPING), or auto: the "
                  "module if it is loaded, else BPF programs if they may run and stamp more than "
                  "sockets do, else sockets; the summary says which")
      ->default_val("auto");
  command.add_flag("--json", arguments.json, "one JSON object at the end, no lines");
}
