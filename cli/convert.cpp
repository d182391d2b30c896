// SPDX-License-Identifier: MIT
#include "tscope/file/convert.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "captures_given.hpp"
#include "commands.hpp"
#include "terminal.hpp"
#include "tscope/base/error.hpp"

namespace {

struct Arguments {
  std::string input, output, at, flow, from, to;
  tscope::ConvertOptions options;
  bool json = false;
};

void run(Arguments& arguments) {
  arguments.options.vantages = tscope::parse_vantages(arguments.at);
  arguments.options.window = tscope::TimeWindow(arguments.from, arguments.to);
  if (!arguments.flow.empty()) arguments.options.flow = arguments.flow;
  Progress progress;
  arguments.options.progress = [&progress](std::uint64_t packets) { progress.show(packets); };
  const auto result = tscope::convert(arguments.input, arguments.output, arguments.options);
  progress.end();
  if (result.truncated) {
    fmt::print(stderr, "tscope: warning: {} is cut off; every whole block of it was converted\n",
               arguments.input);
  }
  if (arguments.json) {
    const nlohmann::json json{
        {"schema", "tscope-convert-1"}, {"tool", {{"name", "tscope"}, {"version", TSCOPE_VERSION}}},
        {"file", arguments.input},      {"output", arguments.output},
        {"packets", result.packets},    {"truncated", result.truncated}};
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print(stderr, "tscope: {} packets at {} written to {}\n", result.packets, arguments.at,
               arguments.output == "-" ? "standard output" : arguments.output);
  }
}

}  // namespace

void add_convert(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "convert", "take one vantage point out of a capture, for tshark, tcptrace and the like");
  command->add_option("FILE", arguments->input, "capture file that tscope wrote")->required();
  command
      ->add_option("-o,--output", arguments->output, "pcapng file to write, - for standard output")
      ->required();
  command
      ->add_option("--at", arguments->at,
                   "vantage point, or a layer for both its directions: driver, socket-rx, ...")
      ->required();
  command->add_option("-i,--interface", arguments->options.device, "only packets of this device");
  command->add_option("--flow", arguments->flow,
                      "only flows with this text in SRC:PORT > DST:PORT, either direction");
  add_window_options(*command, arguments->from, arguments->to);
  command->add_flag("--force", arguments->options.force,
                    "even if packets show more than once in the result");
  command->add_flag("--json", arguments->json, "print the outcome as one JSON object");
  command->footer(
      "A file with several vantage points shows each packet several times; other tools take that "
      "for\n"
      "retransmissions. The new file shows each once.\n"
      "Example: tscope convert transfer.pcapng --at driver -o driver.pcapng");
  command->callback([arguments] {
    if (arguments->json && arguments->output == "-") {
      throw tscope::UsageError("--json and -o - both want standard output; name a file with -o");
    }
    run(*arguments);
  });
}
