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
  CapturesGiven given;
  std::string output, at;
  tscope::ConvertOptions options;
};

tscope::Converted converted(const Arguments& arguments) {
  const CapturesGiven& given = arguments.given;
  if (given.rotated) {
    return tscope::convert_rotated(given.files, arguments.output, arguments.options);
  }
  if (given.files.size() > 1) {
    throw tscope::UsageError(
        "convert reads one capture: name one file, or the files of a rotated one with --rotated");
  }
  return tscope::convert(given.files.front(), arguments.output, arguments.options);
}

void run(Arguments& arguments) {
  const CapturesGiven& given = arguments.given;
  arguments.options.vantages = tscope::parse_vantages(arguments.at);
  arguments.options.window = tscope::TimeWindow(given.from, given.to);
  if (!given.flow.empty()) arguments.options.flow = given.flow;
  Progress progress;
  arguments.options.progress = [&progress](std::uint64_t packets) { progress.show(packets); };
  const auto result = converted(arguments);
  progress.end();
  const std::string input = given.name_of_one();
  if (result.truncated) {
    fmt::print(stderr, "tscope: warning: {} is cut off; every whole block of it was converted\n",
               input);
  }
  if (given.json) {
    const nlohmann::json json{{"schema", "tscope-convert-1"},
                              {"tool", {{"name", "tscope"}, {"version", TSCOPE_VERSION}}},
                              {"file", input},
                              {"output", arguments.output},
                              {"packets", result.packets},
                              {"truncated", result.truncated}};
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
  arguments->given.add_files(*command, "capture file that tscope wrote");
  command
      ->add_option("-o,--output", arguments->output, "pcapng file to write, - for standard output")
      ->required();
  command
      ->add_option("--at", arguments->at,
                   "vantage point, or a layer for both its directions: driver, socket-rx, ...")
      ->required();
  command->add_option("-i,--interface", arguments->options.device, "only packets of this device");
  command->add_option("--flow", arguments->given.flow,
                      "only flows with this text in SRC:PORT > DST:PORT, either direction");
  command->add_flag("--rotated", arguments->given.rotated,
                    "the files are parts of one capture, as editcap -c or -i cuts it");
  add_window_options(*command, arguments->given.from, arguments->given.to);
  command->add_flag("--force", arguments->options.force,
                    "even if packets show more than once in the result");
  command->add_flag("--json", arguments->given.json, "print the outcome as one JSON object");
  command->footer(
      "A file with several vantage points shows each packet several times; other tools take that "
      "for\n"
      "retransmissions. The new file shows each once.\n"
      "Example: tscope convert transfer.pcapng --at driver -o driver.pcapng");
  command->callback([arguments] {
    if (arguments->given.json && arguments->output == "-") {
      throw tscope::UsageError("--json and -o - both want standard output; name a file with -o");
    }
    run(*arguments);
  });
}
