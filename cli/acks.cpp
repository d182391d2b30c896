// SPDX-License-Identifier: MIT
#include "tscope/report/acks.hpp"

#include <fmt/format.h>

#include "captures_given.hpp"
#include "commands.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/acks_between.hpp"

namespace {

constexpr double link_rate_min = 1e3, link_rate_max = 1e13;

struct Arguments {
  CapturesGiven given;
  std::string link_rate, bin;
  std::uint32_t mtu = 1500;
  std::optional<std::uint32_t> overhead;
  bool advancing = false, events = false;
};

tscope::AckOptions options_of(const Arguments& arguments) {
  tscope::AckOptions options;
  if (!arguments.link_rate.empty()) {
    options.link_rate_bps = tscope::parse_rate(arguments.link_rate);
    if (*options.link_rate_bps < link_rate_min || *options.link_rate_bps > link_rate_max) {
      throw tscope::UsageError(
          fmt::format("a link rate of {} is none; give bits a second, such as 100M or 2.5Gbit",
                      arguments.link_rate));
    }
  }
  if (!arguments.bin.empty()) options.bin_ns = tscope::parse_duration(arguments.bin);
  if (!arguments.given.flow.empty()) options.flow = arguments.given.flow;
  if (arguments.mtu < 68 || arguments.mtu > 65535) {
    throw tscope::UsageError(fmt::format("an MTU of {} is none; give 68 to 65535", arguments.mtu));
  }
  options.mtu = arguments.mtu;
  if (arguments.overhead.value_or(0) > 1000) {
    throw tscope::UsageError(
        fmt::format("invalid overhead of {} bytes: give 0 to 1000", *arguments.overhead));
  }
  options.overhead = arguments.overhead;
  options.advancing_only = arguments.advancing;
  options.events = arguments.events;
  return options;
}

void compare(const CapturesGiven& given, const tscope::AckOptions& acks) {
  tscope::AcksBetweenOptions options;
  options.acks = acks;
  const tscope::AcksBetweenReport report = compare_files(given, options, tscope::acks_between);
  if (given.json) {
    fmt::print("{}\n", tscope::acks_between_json(report));
    return;
  }
  if (report.flows.empty()) {
    throw tscope::Error(fmt::format("nothing to compare in {} and {}: {}", report.files[0],
                                    report.files[1], report.why_nothing));
  }
  fmt::print("{}", tscope::acks_between_text(report, ascii_only(), given.all));
}

// Without --link-rate the rate is known only at the end of the file, which is read again then.
tscope::AckReport analyse(const CapturesGiven& given, tscope::AckOptions options) {
  if (options.events && !options.link_rate_bps) {
    if (given.files.front() == "-") {
      throw tscope::UsageError(
          "--events reads the file twice unless the rate is given: give --link-rate, or a file "
          "instead of standard input");
    }
    options.events = false;
    options.event_rates_bps = tscope::rates_of(analyse_one(given, tscope::AckAnalysis(options)));
    options.events = true;
  }
  return analyse_one(given, tscope::AckAnalysis(options));
}

void run(const Arguments& arguments) {
  const CapturesGiven& given = arguments.given;
  const bool two = given.are_two();
  const tscope::AckOptions options = options_of(arguments);
  if (two) {
    compare(given, options);
    return;
  }
  const std::string file = given.name_of_one();
  const tscope::AckReport report = analyse(given, options);
  if (given.json) {
    fmt::print("{}\n", tscope::ack_json(report, file));
    return;
  }
  if (report.flows.empty()) {
    const std::string message =
        fmt::format("no ACKs found in {}: {}", file == "-" ? "standard input" : file,
                    none_of_flow(given, tscope::why_no_acks(report),
                                 report.packets > 0 && report.other_flows == report.packets));
    if (!report.truncated) throw tscope::Error(message);
    fmt::print("{}\n", message);
    return;
  }
  fmt::print("{}", tscope::ack_text(report, file == "-" ? "standard input" : file, ascii_only(),
                                    given.all));
}

}  // namespace

void add_acks(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("acks", "ACK inter-arrival distribution and compression of a capture");
  arguments->given.add_files(
      *command,
      "pcapng or pcap file, tscope's or anybody's; - for standard input. Two: captures of one "
      "stream, the host's and the guest's, to be compared");
  command->add_option("--link-rate", arguments->link_rate,
                      "rate of the bottleneck link (100M, 1G), which gives the segment time");
  command->add_option("--mtu", arguments->mtu, "of that link")->capture_default_str();
  command->add_option("--overhead", arguments->overhead,
                      "bytes that the link counts for a frame beside its IP packet: 38 on the "
                      "cable, 14 in a token bucket, 0 for a rate of IP packets");
  command->add_option("--bin", arguments->bin,
                      "histogram bin (10us); default a twelfth of the segment time");
  command->add_flag("--advancing", arguments->advancing, "only ACKs that acknowledge new data");
  command->add_flag("--events", arguments->events,
                    "list each compression event: time of day, packet numbers, ACKs, gaps");
  arguments->given.add_options(*command, "also flows with few ACKs", "docs/ack-report.md");
  command->footer(
      "Example: tscope acks transfer.pcapng --link-rate 100M\n"
      "         tscope acks host.pcapng guest.pcapng --link-rate 100M");
  command->callback([arguments] { run(*arguments); });
}
