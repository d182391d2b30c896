// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "commands.hpp"
#include "terminal.hpp"
#include "tscope/between_report.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"

namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string flow, align;
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

void warn_if_cut_off(bool truncated, const std::string& file) {
  if (!truncated) return;
  fmt::print(stderr, "tscope: warning: {} is cut off; this is what its whole blocks hold\n", file);
}

void compare(const Arguments& arguments, const tscope::DelayOptions& delay) {
  Progress progress;
  tscope::BetweenOptions options;
  options.delay = delay;
  if (!arguments.align.empty()) options.align = tscope::parse_align_method(arguments.align);
  options.progress = [&progress](std::uint64_t packets) { progress.show(packets); };
  const tscope::BetweenReport report =
      tscope::delays_between(arguments.files[0], arguments.files[1], options);
  progress.end();
  for (std::size_t i = 0; i < 2; i++) {
    warn_if_cut_off(report.reports[i].truncated, report.files[i]);
  }
  if (arguments.json) {
    fmt::print("{}\n", tscope::between_json(report));
    return;
  }
  if (report.chains.empty()) {
    throw tscope::Error(fmt::format("no delays between {} and {}: {}", report.files[0],
                                    report.files[1], report.why_nothing));
  }
  fmt::print("{}", tscope::between_text(report, ascii_only(), arguments.all));
}

void run(const Arguments& arguments) {
  if (arguments.files.size() > 2) {
    throw tscope::UsageError("one capture, or two of the same packets: the host's and the guest's");
  }
  tscope::DelayOptions options;
  if (!arguments.flow.empty()) options.flow = arguments.flow;
  if (arguments.files.size() == 2) {
    compare(arguments, options);
    return;
  }
  if (!arguments.align.empty()) {
    throw tscope::UsageError("--align is for two captures; name the second one");
  }
  const std::string& file = arguments.files.front();
  const tscope::DelayReport report = analyse(file, options);
  warn_if_cut_off(report.truncated, file);
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
                   "standard input. Two: captures of the same packets, the host's and the "
                   "guest's, for the way between them")
      ->required();
  command->add_option("--flow", arguments->flow,
                      "only flows with this text in SRC:PORT > DST:PORT");
  command->add_option("--align", arguments->align,
                      "clocks of two captures: envelope (of the delays), at-rest (least squares), "
                      "none, shared (one counter)");
  command->add_flag("--all", arguments->all, "also kinds of packets of which there are few");
  command->add_flag("--json", arguments->json, "one JSON object instead (docs/delay-report.md)");
  command->footer(
      "Example: tscope capture -p 5201 --at app,socket,qdisc,driver -o transfer.pcapng\n"
      "         tscope delay transfer.pcapng\n"
      "         tscope delay host.pcapng guest.pcapng");
  command->callback([arguments] { run(*arguments); });
}
