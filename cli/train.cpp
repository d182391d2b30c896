// SPDX-License-Identifier: MIT
#include "tscope/probe/train.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "number.hpp"
#include "train_run.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"

namespace {

using tscope::UsageError;

struct Arguments {
  std::string destination, gap, count, size, schedule, slot, probability, pair_gap, chirp_ratio,
      chirp_length, times, seed, duration, engine, user_mode, cpu, hand_over, late, port,
      source_port, output, wait;
  bool dry_run = false, json = false, replies = false;
};

template <typename T>
T number(const std::string& text, const char* what, T least, T most) {
  if (const auto value = number_within(text, least, most)) return *value;
  throw UsageError(fmt::format("'{}' is no {}; give {} to {}", text, what, least, most));
}

std::optional<std::int64_t> time(const std::string& text, const char* what) {
  if (text.empty()) return std::nullopt;
  try {
    return tscope::parse_duration(text);
  } catch (const UsageError&) {
    throw UsageError(
        fmt::format("'{}' is no {}; give a time above 0 such as 1ms or 20us", text, what));
  }
}

tscope::Schedule schedule_of(const Arguments& arguments) {
  constexpr std::uint64_t seed_max = UINT64_MAX;
  tscope::Schedule schedule;
  const bool from_file = !arguments.times.empty() && arguments.schedule.empty();
  schedule.kind = from_file                    ? tscope::ScheduleKind::file
                  : arguments.schedule.empty() ? tscope::ScheduleKind::periodic
                                               : tscope::parse_schedule(arguments.schedule);
  schedule.gap_ns = time(arguments.gap, "gap");
  schedule.slot_ns = time(arguments.slot, "slot");
  schedule.pair_gap_ns = time(arguments.pair_gap, "gap of a pair");
  schedule.duration_ns = time(arguments.duration, "duration");
  schedule.times_path = arguments.times;
  if (!arguments.count.empty()) {
    schedule.count =
        number<std::uint64_t>(arguments.count, "number of probes", 1, tscope::train_probes_max);
  }
  if (!arguments.size.empty()) {
    schedule.size = number<std::uint32_t>(arguments.size, "size of a probe in bytes",
                                          tscope::probe_size_min, tscope::probe_size_max);
  }
  if (!arguments.seed.empty()) {
    schedule.seed = number<std::uint64_t>(arguments.seed, "seed", 0, seed_max);
  }
  if (!arguments.probability.empty()) {
    schedule.probability = number<double>(arguments.probability, "probability", 1e-9, 1);
  }
  if (!arguments.chirp_ratio.empty()) {
    schedule.chirp_ratio = number<double>(arguments.chirp_ratio, "chirp ratio", 1.0001, 1000);
  }
  if (!arguments.chirp_length.empty()) {
    schedule.chirp_length =
        number<std::uint32_t>(arguments.chirp_length, "number of probes in a chirp", 3, 10'000);
  }
  return schedule;
}

std::string schedule_text(const tscope::Schedule& schedule) {
  std::string text(tscope::schedule_name(schedule.kind));
  using Kind = tscope::ScheduleKind;
  if (schedule.kind == Kind::file) return text + " " + schedule.times_path;
  if (schedule.gap_ns) text += " gap " + tscope::format_duration(*schedule.gap_ns);
  if (schedule.kind == Kind::poisson || schedule.kind == Kind::geometric) {
    text += fmt::format(" seed {}", schedule.seed);
  }
  return text;
}

tscope::TrainEngineKind engine_of(const Arguments& arguments) {
  const std::string& engine = arguments.engine;
  const bool user_only = !arguments.user_mode.empty();
  if (engine == "user") return tscope::TrainEngineKind::user;
  if (engine == "kmod") {
    if (user_only) throw UsageError("--user-mode means nothing to the module; leave one out");
    return tscope::TrainEngineKind::kmod;
  }
  if (engine != "auto") {
    throw UsageError(fmt::format("'{}' is no engine; give kmod, user or auto", engine));
  }
  if (user_only) return tscope::TrainEngineKind::user;
  const auto best = tscope::best_train_engine();
  if (best == tscope::TrainEngineKind::user && !arguments.dry_run) {
    fmt::print(stderr, "tscope: without the module this process sends, which is less precise\n");
  }
  return best;
}

tscope::UserMode user_mode_of(const std::string& text) {
  if (text.empty() || text == "spin") return tscope::UserMode::spin;
  if (text == "sleep") return tscope::UserMode::sleep;
  if (text == "txtime") return tscope::UserMode::txtime;
  throw UsageError(fmt::format("'{}' is no way to wait; give spin, sleep or txtime", text));
}

bool to_qdisc(const std::string& text) {
  if (text != "driver" && text != "qdisc") {
    throw UsageError(fmt::format("'{}' takes no probes; give driver or qdisc", text));
  }
  return text == "qdisc";
}

void set_groups(const tscope::Schedule& schedule, tscope::ReplyOptions& replies) {
  if (schedule.kind == tscope::ScheduleKind::pairs) {
    replies.group = tscope::ProbeGroup::pairs;
    replies.group_size = 2;
  }
  if (schedule.kind == tscope::ScheduleKind::chirp) {
    replies.group = tscope::ProbeGroup::chirp;
    replies.group_size = schedule.chirp_length.value_or(tscope::default_chirp_length);
  }
}

void print_plan(const std::vector<tscope::PlannedProbe>& plan, bool json) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  if (json) {
    auto probes = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < plan.size(); i++) {
      probes.push_back({{"index", i}, {"at_ns", plan[i].at_ns}, {"size", plan[i].size}});
    }
    fmt::print("{}\n",
               nlohmann::ordered_json{{"schema", "tscope-plan-1"}, {"probes", probes}}.dump(1));
    return;
  }
  fmt::print("# index seconds bytes\n");
  for (std::size_t i = 0; i < plan.size(); i++) {
    fmt::print("{} {}.{:09} {}\n", i, plan[i].at_ns / second_ns, plan[i].at_ns % second_ns,
               plan[i].size);
  }
}

void run(const Arguments& arguments) {
  constexpr std::uint16_t port_max = 65535;
  const tscope::Schedule schedule = schedule_of(arguments);
  tscope::TrainMeasurement run;
  run.request.user_mode = user_mode_of(arguments.user_mode);
  run.request.qdisc = to_qdisc(arguments.hand_over);
  run.request.host = arguments.destination;
  run.request.port = number<std::uint16_t>(arguments.port, "UDP port", 1, port_max);
  if (!arguments.source_port.empty()) {
    run.request.source_port = number<std::uint16_t>(arguments.source_port, "UDP port", 1, port_max);
  }
  if (!arguments.cpu.empty()) {
    run.request.cpu = number<std::uint32_t>(arguments.cpu, "CPU", 0, 65535);
  }
  if (const auto late = time(arguments.late, "lateness")) run.request.late_ns = *late;
  run.output = arguments.output;
  if (arguments.json && run.output == "-") {
    throw UsageError("--json and -o - both want standard output; write the probes to a file");
  }
  run.request.plan = tscope::plan_train(schedule);
  if (arguments.dry_run) {
    print_plan(run.request.plan, arguments.json);
    return;
  }
  run.engine = engine_of(arguments);
  if (run.request.qdisc && run.engine == tscope::TrainEngineKind::user) {
    throw UsageError("--hand-over qdisc needs the module; leave it out, or use --engine kmod");
  }
  run.schedule = schedule_text(schedule);
  run.greet = arguments.replies;
  constexpr std::int64_t usual_wait_ns = 500'000'000;
  run.wait = std::chrono::nanoseconds(time(arguments.wait, "time to wait").value_or(usual_wait_ns));
  set_groups(schedule, run.replies);
  run_train(std::move(run), arguments.json);
}

void add_schedule_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--gap", arguments.gap,
                     "time between probes (mean, for random schedules; between pairs; first in a "
                     "chirp; default: 1ms)");
  command.add_option("--count", arguments.count, "probes to send (default: 1000)");
  command.add_option("--duration", arguments.duration,
                     "send no probe that is due later than this after the start");
  command.add_option("--size", arguments.size, "bytes of UDP payload, at least 44 (default: 44)");
  command.add_option("--schedule", arguments.schedule,
                     "periodic (default), poisson, geometric, pairs, chirp or file");
  command.add_option("--seed", arguments.seed, "of random schedules (default: 1)");
  command.add_option("--slot", arguments.slot, "geometric: length of a slot");
  command.add_option("--probability", arguments.probability,
                     "geometric: of a probe in a slot (default: 0.1)");
  command.add_option("--pair-gap", arguments.pair_gap,
                     "pairs: between the two of a pair (default: 10us)");
  command.add_option("--chirp-ratio", arguments.chirp_ratio,
                     "chirp: each gap is the one before, divided by this (default: 1.2)");
  command.add_option("--chirp-length", arguments.chirp_length,
                     "chirp: probes in one (default: 15)");
  command.add_option("--times", arguments.times,
                     "a file of times: SECONDS [SIZE] a line, ascending");
}

}  // namespace

void add_train(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("train", "send probes at exact times");
  command->add_option("destination", arguments->destination, "name, IPv4 or IPv6 address")
      ->required();
  add_schedule_options(*command, *arguments);
  command->add_option("-p,--port", arguments->port, "UDP port of the destination")
      ->default_val("862");
  command->add_option("--source-port", arguments->source_port,
                      "UDP port to send from (default: a free one)");
  command
      ->add_option("--engine", arguments->engine,
                   "what sends: kmod (the module), user (this process), or auto: the module if it "
                   "is loaded, else this process")
      ->default_val("auto");
  command->add_option("--user-mode", arguments->user_mode,
                      "how the user engine waits: spin (default), sleep, or txtime (SO_TXTIME, "
                      "needs an etf qdisc)");
  command->add_option("--cpu", arguments->cpu, "CPU that sends (default: the last one)");
  command
      ->add_option("--hand-over", arguments->hand_over,
                   "what the module gives probes to: driver or qdisc")
      ->default_val("driver");
  command->add_option("--late", arguments->late,
                      "mark probes handed over later than this (default: 50us)");
  command->add_flag("--replies", arguments->replies,
                    "greet the reflector before and after the train, so that each loss has a "
                    "direction (replies are reported in any case)");
  command->add_option("--wait", arguments->wait,
                      "how long to wait for replies after the last one (default: 500ms)");
  command->add_flag("--dry-run", arguments->dry_run, "print the plan, send nothing");
  command->add_option("-o,--output", arguments->output,
                      "pcapng file for the probes with their times, - for standard output");
  command->add_flag("--json", arguments->json, "the report as JSON on standard output");
  command->footer(
      "Probes are STAMP (RFC 8762) in UDP; ^C ends the train with a report of what was sent.\n"
      "Example: tscope train 10.0.0.2 --gap 1ms --count 2000 -o probes.pcapng");
  command->callback([arguments] { run(*arguments); });
}
