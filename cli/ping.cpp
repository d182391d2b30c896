// SPDX-License-Identifier: MIT
#include "tscope/probe/ping.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "commands.hpp"
#include "engine.hpp"
#include "ping_args.hpp"
#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/live/bpf_source.hpp"
#include "tscope/report/ping.hpp"

namespace {

using Clock = std::chrono::steady_clock;

enum PingExit { replies = 0, no_reply = 1, failed = 2 };  // iputils'

constexpr std::size_t samples_max = 200'000;

// Asked once, before the first probe: the resolver takes its time.
std::string shown_name(const tscope::PingTarget& target, bool numeric) {
  std::string shown = target.address + target.zone;
  if (numeric || target.host == shown || !target.zone.empty()) return shown;
  sockaddr_storage address{};
  socklen_t length = sizeof(sockaddr_in6);
  if (target.family == 6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
    in6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, target.address.c_str(), &in6.sin6_addr);
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(address);
    in.sin_family = AF_INET;
    inet_pton(AF_INET, target.address.c_str(), &in.sin_addr);
    length = sizeof in;
  }
  char name[NI_MAXHOST];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, name, sizeof name, nullptr,
                  0, NI_NAMEREQD) != 0) {
    return shown;
  }
  return fmt::format("{} ({})", name, shown);
}

class Printer final : public tscope::PingSink {
 public:
  Printer(const PingArguments& arguments, tscope::PingReport& report)
      : arguments_(arguments),
        report_(report),
        shown_(shown_name(report.target, arguments.numeric)),
        lines_(!arguments.quiet && !arguments.json) {}

  void sent() override {
    if (!first_) first_ = Clock::now();
    last_ = Clock::now();
    if (dots()) fmt::print(".");
    std::fflush(stdout);
  }

  void sample(const tscope::PingSample& sample) override {
    last_ = Clock::now();
    if (dots()) {
      fmt::print("\b \b");
    } else if (lines_) {
      const std::string& from = sample.from == report_.target.address ? shown_ : sample.from;
      line(tscope::ping_line(sample, report_.options.protocol, from));
    }
    if (report_.samples.size() < samples_max) {
      report_.samples.push_back(sample);
    } else {
      report_.not_kept++;
    }
  }

  void note(const tscope::PingNote& note) override {
    if (lines_ && !dots()) line(tscope::ping_line(note, report_.options.protocol));
  }

  std::int64_t duration_ns() const { return first_ ? (last_ - *first_).count() : 0; }

 private:
  bool dots() const { return lines_ && arguments_.flood; }

  void line(const std::string& text) const {
    if (arguments_.timestamps) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
      fmt::print("[{}.{:06}] ", us / 1'000'000, us % 1'000'000);
    }
    fmt::print("{}", text);
    std::fflush(stdout);
  }

  const PingArguments& arguments_;
  tscope::PingReport& report_;
  std::string shown_;
  bool lines_;
  std::optional<Clock::time_point> first_;
  Clock::time_point last_;
};

// The module, else BPF programs, else none. Sockets stamp at the driver as well as programs do, but
// not TCP's SYN: other probes are worth the programs' start only where they stamp at the socket
// too.
std::unique_ptr<tscope::LiveSource> best_engine(tscope::CaptureOptions& options,
                                                tscope::PingProtocol protocol,
                                                std::string& why_not) {
  const bool tcp = protocol == tscope::PingProtocol::tcp;
  const bool module = access(TSCOPE_DEVICE, F_OK) == 0;
  std::vector<EngineChoice> choices;
  if (module) choices.push_back(EngineChoice::kmod);
  if (tcp || std::ranges::count(options.vantages, tscope::Vantage::socket_rx) > 0) {
    choices.push_back(module ? EngineChoice::bpf : EngineChoice::automatic);
  }
  for (const EngineChoice choice : choices) {
    try {
      return open_engine(choice, options, !tcp);
    } catch (const tscope::LackingVantage& error) {
      // Without the advice to ask for others: ping chooses itself.
      why_not += (why_not.empty() ? "" : "; ") + error.why();
    } catch (const tscope::Error& error) {
      why_not += (why_not.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  return nullptr;
}

tscope::PingEngine engine_of(const std::string& name, tscope::PingProtocol protocol) {
  if (name == "sockets") return {};
  if (name == "auto") {
    return [protocol](tscope::CaptureOptions& options, std::string& why_not) {
      return best_engine(options, protocol, why_not);
    };
  }
  if (name != "kmod" && name != "bpf") {
    throw tscope::UsageError(
        fmt::format("'{}' is no engine; give kmod, bpf, sockets or auto", name));
  }
  return [engine = parse_engine(name)](tscope::CaptureOptions& options, std::string&) {
    return open_engine(engine, options, false);
  };
}

int run(const PingArguments& arguments) {
  tscope::PingReport report;
  report.options = ping_options(arguments);
  tscope::Ping ping(report.options, engine_of(arguments.engine, report.options.protocol));
  report.target = ping.target();
  report.abilities = ping.abilities();
  report.calibration = ping.calibration();
  report.thresholds = ping.thresholds();
  if (!arguments.json) {
    fmt::print("{}", tscope::ping_header(report.options, report.target));
    std::fflush(stdout);
  }
  Printer printer(arguments, report);
  // Only now: until here, while names are looked up, ^C just ends it.
  const std::atomic<bool>& asked_to_end = catch_signals();
  report.counts = ping.run(printer, asked_to_end);
  report.duration_ns = printer.duration_ns();
  fmt::print("{}", arguments.json ? tscope::ping_json(report) + "\n" : tscope::ping_text(report));
  const tscope::PingCounts& counts = report.counts;
  const tscope::PingOptions& options = report.options;
  if (options.clean_wanted > counts.clean) {
    fmt::print(stderr, "tscope: {} of {} clean samples in {} probes{}\n", counts.clean,
               options.clean_wanted, counts.sent,
               counts.sent < options.count ? "" : "; allow more with --max");
    return no_reply;
  }
  if (options.count_replies && counts.received < options.count) return no_reply;
  return counts.received > 0 ? replies : no_reply;
}

}  // namespace

void add_ping(CLI::App& app) {
  auto arguments = std::make_shared<PingArguments>();
  CLI::App* command = app.add_subcommand(
      "ping", "echo with send and receive delay by layer and a verdict on every sample");
  add_ping_options(*command, *arguments);
  command->footer(
      "Exit status as ping's: 0 replies, 1 none (or fewer than asked for), 2 an error.\n"
      "Example: tscope ping 10.0.0.2 -c 20 -i 0.25");
  command->callback([arguments] {
    int status = failed;
    try {
      status = run(*arguments);
    } catch (const tscope::Error& error) {
      fmt::print(stderr, "tscope: {}\n", error.what());
    }
    if (status != replies) throw CLI::RuntimeError(status);
  });
}
