// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "commands.hpp"
#include "terminal.hpp"
#include "tscope/delay_report.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"

namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string flow;
  bool json = false, all = false;
};

tscope::DelayReport analyse(const std::string& file, const tscope::DelayOptions& options) {
  tscope::DelayAnalysis analysis(options);
  const auto source = tscope::open_file(file);
  tscope::Packet packet;
  Progress progress;
  while (source->next(packet) == tscope::Source::Next::packet) {
    analysis.add(packet, source->interfaces()[packet.interface]);
    progress.packet();
  }
  progress.end();
  return analysis.finish(*source);
}

void run(const Arguments& arguments) {
  if (arguments.files.size() != 1) {
    throw tscope::UsageError(
        "one capture: a packet's stamps are compared within one machine; for the way between two "
        "captures see tscope acks FILE FILE");
  }
  tscope::DelayOptions options;
  if (!arguments.flow.empty()) options.flow = arguments.flow;
  const std::string& file = arguments.files.front();
  const tscope::DelayReport report = analyse(file, options);
  if (report.truncated) {
    fmt::print(stderr, "tscope: warning: {} is cut off; this is what its whole blocks hold\n",
               file);
  }
  if (arguments.json) {
    fmt::print("{}\n", tscope::delay_json(report, file));
    return;
  }
  if (report.chains.empty()) {
    const std::string message =
        fmt::format("no delays found in {}: {}", file, tscope::why_no_delays(report));
    if (!report.truncated) throw tscope::Error(message);
    fmt::print("{}\n", message);
    return;
  }
  fmt::print("{}", tscope::delay_text(report, file, ascii_only(), arguments.all));
}

}  // namespace

void add_delay(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("delay", "send and receive delay of a capture's packets, layer by layer");
  command
      ->add_option("FILE", arguments->files,
                   "capture with several vantage points (--at app,socket,qdisc,driver); - for "
                   "standard input")
      ->required();
  command->add_option("--flow", arguments->flow,
                      "only flows with this text in SRC:PORT > DST:PORT");
  command->add_flag("--all", arguments->all, "also kinds of packets of which there are few");
  command->add_flag("--json", arguments->json, "one JSON object instead (docs/delay-report.md)");
  command->footer(
      "Example: tscope capture -p 5201 --at app,socket,qdisc,driver -o transfer.pcapng\n"
      "         tscope delay transfer.pcapng");
  command->callback([arguments] { run(*arguments); });
}
