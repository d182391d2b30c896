// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <langinfo.h>

#include <clocale>
#include <cstring>

#include "commands.hpp"
#include "tscope/ack_report.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"
#include "tscope/units.hpp"

namespace {

struct Arguments {
  std::string file, link_rate, bin, flow;
  std::uint32_t mtu = 1500;
  bool advancing = false, json = false, all = false;
};

bool ascii_only() {
  std::setlocale(LC_CTYPE, "");
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

tscope::AckOptions options_of(const Arguments& arguments) {
  tscope::AckOptions options;
  if (!arguments.link_rate.empty()) options.link_rate_bps = tscope::parse_rate(arguments.link_rate);
  if (!arguments.bin.empty()) options.bin_ns = tscope::parse_duration(arguments.bin);
  if (!arguments.flow.empty()) options.flow = arguments.flow;
  if (arguments.mtu < 68 || arguments.mtu > 65535) {
    throw tscope::UsageError(fmt::format("an MTU of {} is none; give 68 to 65535", arguments.mtu));
  }
  options.mtu = arguments.mtu;
  options.advancing_only = arguments.advancing;
  return options;
}

void run(const Arguments& arguments) {
  tscope::AckAnalysis analysis(options_of(arguments));
  const auto source = tscope::open_file(arguments.file);
  tscope::Packet packet;
  while (source->next(packet) == tscope::Source::Next::packet) {
    analysis.add(packet, source->interfaces()[packet.interface]);
  }
  const tscope::AckReport report = analysis.finish(*source);
  if (report.truncated) {
    fmt::print(stderr, "tscope: {} was cut off; this is what its whole blocks hold\n",
               arguments.file);
  }
  if (arguments.json) {
    fmt::print("{}\n", tscope::ack_json(report, arguments.file));
    return;
  }
  if (report.flows.empty() && !report.truncated) {
    throw tscope::Error(
        fmt::format("no ACKs in {} ({} TCP packets): did the capture see a transfer's ACKs, and "
                    "does --flow match?",
                    arguments.file, report.packets));
  }
  fmt::print("{}", tscope::ack_text(report, arguments.file, ascii_only(), arguments.all));
}

}  // namespace

void add_acks(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("acks", "ACK inter-arrival distribution and compression of a capture");
  command
      ->add_option("FILE", arguments->file,
                   "pcapng or pcap file, tscope's or anybody's; - for standard input")
      ->required();
  command->add_option("--link-rate", arguments->link_rate,
                      "rate of the bottleneck link (100M, 1G), which gives the segment time");
  command->add_option("--mtu", arguments->mtu, "of that link; 38 bytes of Ethernet come on top")
      ->capture_default_str();
  command->add_option("--bin", arguments->bin,
                      "histogram bin (10us); default a twelfth of the segment time");
  command->add_option("--flow", arguments->flow,
                      "only flows with this text in SRC:PORT > DST:PORT");
  command->add_flag("--advancing", arguments->advancing, "only ACKs that acknowledge new data");
  command->add_flag("--all", arguments->all, "also flows with few ACKs");
  command->add_flag("--json", arguments->json, "one JSON object instead (docs/ack-report.md)");
  command->footer("Example: tscope acks transfer.pcapng --link-rate 100M");
  command->callback([arguments] { run(*arguments); });
}
