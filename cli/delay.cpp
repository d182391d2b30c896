// SPDX-License-Identifier: MIT
#include "tscope/report/delay.hpp"

#include <fmt/format.h>

#include "captures_given.hpp"
#include "commands.hpp"
#include "tscope/base/error.hpp"
#include "tscope/report/delay_between.hpp"

namespace {

struct Arguments {
  CapturesGiven given;
  bool per_flow = false;
};

void compare(const CapturesGiven& given, const tscope::DelayOptions& delay) {
  tscope::DelayBetweenOptions options;
  options.delay = delay;
  const tscope::DelayBetweenReport report = compare_files(given, options, tscope::delays_between);
  if (given.json) {
    fmt::print("{}\n", tscope::delay_between_json(report));
    return;
  }
  if (report.chains.empty()) {
    throw tscope::Error(fmt::format("no delays between {} and {}: {}", report.files[0],
                                    report.files[1], report.why_nothing));
  }
  fmt::print("{}", tscope::delay_between_text(report, ascii_only(), given.all));
}

void run(const Arguments& arguments) {
  const CapturesGiven& given = arguments.given;
  const bool two = given.are_two();
  tscope::DelayOptions options;
  options.per_flow = arguments.per_flow;
  if (!given.flow.empty()) options.flow = given.flow;
  if (two) {
    if (options.per_flow) {
      throw tscope::UsageError("--per-flow is for one capture; with two, --flow leaves one flow");
    }
    compare(given, options);
    return;
  }
  const std::string file = given.name_of_one();
  const tscope::DelayReport report = analyse_one(given, tscope::DelayAnalysis(options));
  if (given.json) {
    fmt::print("{}\n", tscope::delay_json(report, file));
    return;
  }
  if (report.chains.empty()) {
    const bool matches_none = report.used == 0 && report.other_flows > 0;
    const std::string message =
        fmt::format("no delays found in {}: {}", file,
                    none_of_flow(given, tscope::why_no_delays(report), matches_none));
    if (!report.truncated) throw tscope::Error(message);
    fmt::print("{}\n", message);
    return;
  }
  fmt::print("{}", tscope::delay_text(report, file == "-" ? "standard input" : file, ascii_only(),
                                      given.all));
}

}  // namespace

void add_delay(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CapturesGiven& given = arguments->given;
  CLI::App* command =
      app.add_subcommand("delay", "send and receive delay of a capture's packets, layer by layer");
  given.add_files(*command,
                  "capture with several vantage points (--at app,socket,qdisc,driver); - for "
                  "standard input. Two: captures of the same packets, the host's and the "
                  "guest's, for the way between them");
  given.add_options(*command, "also kinds of packets of which there are few",
                    "docs/delay-report.md");
  command->add_flag("--per-flow", arguments->per_flow, "a table of flows too, most packets first");
  command->footer(
      "Example: tscope capture -p 5201 --at app,socket,qdisc,driver -o transfer.pcapng\n"
      "         tscope delay transfer.pcapng\n"
      "         tscope delay host.pcapng guest.pcapng");
  command->callback([arguments] { run(*arguments); });
}
