// SPDX-License-Identifier: MIT
#include "tscope/probe/reflect.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "engine.hpp"
#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/reflect.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  tscope::ReflectOptions reflect;
  std::int64_t port = 862;
  std::string duration, engine = "auto";
  bool json = false;
};

std::string places(const std::vector<tscope::Endpoint>& endpoints) {
  std::string text;
  for (const tscope::Endpoint& endpoint : endpoints) {
    text += (text.empty() ? "" : " and ") + endpoint.to_string();
  }
  return text;
}

// A session that stamps the probes at the driver; null: the kernel's stamps will do.
std::unique_ptr<tscope::LiveSource> open_driver(const Arguments& arguments) {
  if (arguments.engine == "none") return nullptr;
  constexpr std::uint32_t slots = 16384;  // what the socket's buffer holds, and more
  tscope::CaptureOptions options;
  options.vantages = {tscope::Vantage::driver_rx};
  options.filter.protocols = TSCOPE_PROTO_UDP;
  options.filter.port = arguments.reflect.port;
  options.filter.port_side = TSCOPE_PORT_DESTINATION;
  options.slots = slots;
  options.reorder_window = options.nap = std::chrono::milliseconds(0);
  const EngineChoice engine = parse_engine(arguments.engine);
  if (engine != EngineChoice::automatic) return open_engine(engine, options, true);
  if (access(TSCOPE_DEVICE, F_OK) != 0) return nullptr;
  try {
    return open_engine(EngineChoice::kmod, options, true);
  } catch (const tscope::Error& error) {
    fmt::print(stderr, "tscope: warning: without stamps at the driver: {}\n", error.what());
    return nullptr;
  }
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
  const std::atomic<bool>& asked_to_end = catch_signals();
  auto driver = open_driver(arguments);
  const std::string stamps =
      driver ? "stamps at the driver by " + engine_text(driver->facts()) : "the kernel's stamps";
  tscope::Reflector reflector(arguments.reflect, std::move(driver));
  fmt::print(stderr, "tscope: reflecting on {} with {}{}\n", places(reflector.endpoints()), stamps,
             end ? " for " + arguments.duration : std::string(", ^C ends it"));
  reflector.run([&] { return asked_to_end || (end && Clock::now() >= *end); });
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
  command
      ->add_option("--engine", arguments->engine,
                   "what stamps probes at the driver: kmod (the module), bpf, none (the kernel's "
                   "stamps as they enter the stack), or auto: the module if it is loaded")
      ->capture_default_str();
  command->add_option("--duration", arguments->duration, "end after this time (10s, 2m)");
  command->add_flag("--json", arguments->json, "the summary as JSON on standard output");
  command->footer(
      "Port 862 is STAMP's and needs root. Example: tscope reflect, and elsewhere: tscope train "
      "HOST");
  command->callback([arguments] { run(*arguments); });
}
