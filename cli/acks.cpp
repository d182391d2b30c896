// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "commands.hpp"
#include "terminal.hpp"
#include "tscope/ack_report.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"
#include "tscope/pair_report.hpp"
#include "tscope/units.hpp"

namespace {

constexpr double link_rate_min = 1e3, link_rate_max = 1e13;

struct Arguments {
  std::vector<std::string> files;
  std::string link_rate, bin, flow, align;
  std::uint32_t mtu = 1500;
  bool advancing = false, json = false, all = false;
};

tscope::AckOptions options_of(const Arguments& arguments) {
  tscope::AckOptions options;
  if (arguments.files.size() > 2) {
    throw tscope::UsageError("one capture, or two of one stream: the host's and the guest's");
  }
  if (!arguments.link_rate.empty()) {
    options.link_rate_bps = tscope::parse_rate(arguments.link_rate);
    if (*options.link_rate_bps < link_rate_min || *options.link_rate_bps > link_rate_max) {
      throw tscope::UsageError(
          fmt::format("a link rate of {} is none; give bits a second, such as 100M or 2.5Gbit",
                      arguments.link_rate));
    }
  }
  if (!arguments.bin.empty()) options.bin_ns = tscope::parse_duration(arguments.bin);
  if (!arguments.flow.empty()) options.flow = arguments.flow;
  if (arguments.mtu < 68 || arguments.mtu > 65535) {
    throw tscope::UsageError(fmt::format("an MTU of {} is none; give 68 to 65535", arguments.mtu));
  }
  options.mtu = arguments.mtu;
  options.advancing_only = arguments.advancing;
  return options;
}

tscope::AckReport analyse(const std::string& file, const tscope::AckOptions& options) {
  tscope::AckAnalysis analysis(options);
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

void warn_if_cut_off(const tscope::AckReport& report, const std::string& file) {
  if (!report.truncated) return;
  fmt::print(stderr, "tscope: warning: {} is cut off; this is what its whole blocks hold\n", file);
}

void compare(const Arguments& arguments, const tscope::AckOptions& acks) {
  Progress progress;
  tscope::PairOptions options;
  options.acks = acks;
  if (!arguments.align.empty()) options.align = tscope::parse_align_method(arguments.align);
  options.progress = [&progress](std::uint64_t packets) { progress.show(packets); };
  const tscope::PairReport report =
      tscope::compare_captures(arguments.files[0], arguments.files[1], options);
  progress.end();
  for (std::size_t i = 0; i < report.files.size(); i++) {
    warn_if_cut_off(report.reports[i], report.files[i]);
  }
  if (arguments.json) {
    fmt::print("{}\n", tscope::pair_json(report));
    return;
  }
  if (report.pairs.empty()) {
    throw tscope::Error(fmt::format("nothing to compare in {} and {}: {}", report.files[0],
                                    report.files[1], report.why_no_pairs));
  }
  fmt::print("{}", tscope::pair_text(report, ascii_only(), arguments.all));
}

void run(const Arguments& arguments) {
  const tscope::AckOptions options = options_of(arguments);
  if (arguments.files.size() == 2) {
    compare(arguments, options);
    return;
  }
  if (!arguments.align.empty()) {
    throw tscope::UsageError("--align is for two captures; name the second one");
  }
  const std::string& file = arguments.files.front();
  const tscope::AckReport report = analyse(file, options);
  warn_if_cut_off(report, file);
  if (arguments.json) {
    fmt::print("{}\n", tscope::ack_json(report, file));
    return;
  }
  if (report.flows.empty()) {
    const std::string message =
        fmt::format("no ACKs found in {}: {}", file, tscope::why_no_acks(report));
    if (!report.truncated) throw tscope::Error(message);
    fmt::print("{}\n", message);
    return;
  }
  fmt::print("{}", tscope::ack_text(report, file, ascii_only(), arguments.all));
}

}  // namespace

void add_acks(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("acks", "ACK inter-arrival distribution and compression of a capture");
  command
      ->add_option("FILE", arguments->files,
                   "pcapng or pcap file, tscope's or anybody's; - for standard input. Two: "
                   "captures of one stream, the host's and the guest's, to be compared")
      ->required();
  command->add_option("--link-rate", arguments->link_rate,
                      "rate of the bottleneck link (100M, 1G), which gives the segment time");
  command->add_option("--mtu", arguments->mtu, "of that link; 38 bytes of Ethernet come on top")
      ->capture_default_str();
  command->add_option("--bin", arguments->bin,
                      "histogram bin (10us); default a twelfth of the segment time");
  command->add_option("--flow", arguments->flow,
                      "only flows with this text in SRC:PORT > DST:PORT");
  command->add_option("--align", arguments->align,
                      "clocks of two captures: envelope (of the delays), at-rest (least squares), "
                      "none, shared (one counter)");
  command->add_flag("--advancing", arguments->advancing, "only ACKs that acknowledge new data");
  command->add_flag("--all", arguments->all, "also flows with few ACKs");
  command->add_flag("--json", arguments->json, "one JSON object instead (docs/ack-report.md)");
  command->footer(
      "Example: tscope acks transfer.pcapng --link-rate 100M\n"
      "         tscope acks host.pcapng guest.pcapng --link-rate 100M");
  command->callback([arguments] { run(*arguments); });
}
