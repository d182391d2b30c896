// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "commands.hpp"
#include "tscope/convert.hpp"
#include "tscope/error.hpp"

void add_convert(CLI::App& app) {
  struct Arguments {
    std::string input, output, at;
    bool force = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "convert", "one vantage point of a capture, for tshark, tcptrace and the like");
  command->add_option("FILE", arguments->input, "capture file")->required();
  command->add_option("-o,--output", arguments->output, "pcapng file to write, - for standard output")->required();
  command->add_option("--at", arguments->at, "vantage point, or a layer for both its directions: driver, socket-rx, ...")
      ->required();
  command->add_flag("--force", arguments->force, "even if a packet will show more than once");
  command->footer(
      "A file with several vantage points shows each packet several times, and other tools take that for\n"
      "retransmissions. Example: tscope convert transfer.pcapng --at driver -o driver.pcapng");
  command->callback([arguments] {
    const auto result = tscope::convert(arguments->input, arguments->output,
                                        tscope::parse_vantages(arguments->at), arguments->force);
    if (result.truncated) {
      fmt::print(stderr, "tscope: {} was cut off; every whole block of it was converted\n", arguments->input);
    }
    fmt::print(stderr, "{} packets of {}\n", result.packets, arguments->at);
  });
}
