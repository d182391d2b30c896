// SPDX-License-Identifier: MIT
#include "tscope/reflect.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "tscope/error.hpp"
#include "tscope/units.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  tscope::ReflectOptions reflect;
  std::int64_t port = 862;
  std::string duration;
  bool json = false;
};

volatile std::sig_atomic_t asked_to_end = 0;

void ask_to_end(int) {
  asked_to_end = 1;
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = ask_to_end;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

std::string places(const std::vector<tscope::Endpoint>& endpoints) {
  std::string text;
  for (const tscope::Endpoint& endpoint : endpoints) {
    text += (text.empty() ? "" : " and ") + endpoint.to_string();
  }
  return text;
}

void run(Arguments arguments) {
  if (arguments.port < 1 || arguments.port > 65535) {
    throw tscope::UsageError(
        fmt::format("{} is no UDP port; give one from 1 to 65535", arguments.port));
  }
  arguments.reflect.port = static_cast<std::uint16_t>(arguments.port);
  std::optional<Clock::time_point> end;
  if (!arguments.duration.empty()) {
    end = Clock::now() + std::chrono::nanoseconds(tscope::parse_duration(arguments.duration));
  }
  catch_signals();
  tscope::Reflector reflector(arguments.reflect);
  fmt::print(stderr, "tscope: reflecting on {} with the kernel's stamps{}\n",
             places(reflector.endpoints()),
             end ? " for " + arguments.duration : std::string(", ^C ends it"));
  reflector.run([&] { return asked_to_end != 0 || (end && Clock::now() >= *end); });
  const tscope::ReflectReport report = reflector.report();
  if (arguments.json) {
    fmt::print("{}\n", tscope::reflect_json(report));
  } else {
    fmt::print(stderr, "{}", tscope::reflect_text(report));
  }
}

}  // namespace

void add_reflect(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("reflect", "answer the probes of tscope train and other STAMP senders");
  command->add_option("--port", arguments->port, "UDP port to answer at")->capture_default_str();
  command->add_option("--address", arguments->reflect.address,
                      "answer at this address alone (default: all, IPv4 and IPv6)");
  command->add_option("--rate", arguments->reflect.sender_rate, "answers a second to one address")
      ->capture_default_str();
  command->add_option("--total-rate", arguments->reflect.total_rate, "answers a second to all")
      ->capture_default_str();
  command
      ->add_option("--sessions", arguments->reflect.sessions_max,
                   "senders remembered; the one silent longest goes first")
      ->capture_default_str();
  command->add_option("--duration", arguments->duration, "end after this time (10s, 2m)");
  command->add_flag("--json", arguments->json, "the summary as JSON on standard output");
  command->footer(
      "Port 862 is STAMP's and needs root. Example: tscope reflect, and elsewhere: tscope train "
      "HOST");
  command->callback([arguments] { run(*arguments); });
}
