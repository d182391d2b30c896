// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>

#include "commands.hpp"
#include "tscope/base/error.hpp"

namespace {

enum ExitCode { done = 0, failed = 1, bad_usage = 2 };

void check_command(const CLI::App& app, const std::string& word) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands(std::function<bool(const CLI::App*)>{})) {
    if (command->check_name(word)) return;
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  throw tscope::UsageError(
      fmt::format("unknown command '{}': give {} (see tscope --help)", word, names));
}

int run(int argc, char** argv) {
  CLI::App app{"tscope: what the kernel, a busy host or a hypervisor does to the timing of packets",
               "tscope"};
  app.set_version_flag("--version", "tscope " TSCOPE_VERSION);
  app.require_subcommand(1);
  app.footer("Start with `tscope doctor`. `tscope COMMAND --help` has an example of each command.");
  add_doctor(app);
  add_capture(app);
  add_acks(app);
  add_delay(app);
  add_convert(app);
  add_ping(app);
  add_reflect(app);
  add_train(app);
  if (argc > 1 && argv[1][0] != '-') check_command(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::ExtrasError&) {
    const auto given = app.get_subcommands();
    // In the order in which they were given, which is not the message's.
    std::string words;
    for (const std::string& word : app.remaining(true)) words += " " + word;
    fmt::print(stderr, "tscope: not expected:{} (see tscope {}--help)\n", words,
               given.empty() ? "" : given[0]->get_name() + " ");
    return bad_usage;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "tscope: {} (see tscope {}--help)\n", error.what(),
               app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " ");
    return bad_usage;
  }
  return done;
}

// What a full device did not take shows at the end at the latest.
int checked(int code) {
  errno = 0;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return code;
  fmt::print(stderr,
             "tscope: can't write standard output{}{}: free some space or write elsewhere\n",
             errno == 0 ? "" : ": ", errno == 0 ? "" : std::strerror(errno));
  return code == done ? failed : code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return checked(run(argc, argv));
  } catch (const tscope::UsageError& error) {
    fmt::print(stderr, "tscope: {}\n", error.what());
    return bad_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tscope: {}\n", error.what());
    return failed;
  }
}
