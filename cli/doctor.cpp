// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "doctor_packet.hpp"
#include "doctor_places.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"

namespace {

using doctor::State;
using Json = nlohmann::ordered_json;

struct Findings {
  std::vector<doctor::Check> checks;
  std::vector<doctor::VantagePoint> points;
  std::optional<doctor::PacketTest> packet;

  bool capture_works() const {
    return std::ranges::none_of(checks, [](const auto& c) { return c.state == State::fail; });
  }
};

Findings examine() {
  Findings found;
  std::optional<tscope::KmodStatus> module;
  std::optional<tscope::BpfStatus> bpf;
  found.checks = {
      doctor::check_privilege(),  doctor::check_module(module), doctor::check_bpf(bpf),
      doctor::check_hypervisor(), doctor::check_invariant(),    doctor::check_clocksource(),
      doctor::check_read_cost(),  doctor::check_order(),        doctor::check_nics()};
  if (!module && !bpf) {
    for (auto& check : found.checks) {
      if (check.name == "module" || check.name == "BPF programs") check.state = State::fail;
    }
    return found;
  }
  found.points = module ? doctor::vantage_points(*module) : doctor::vantage_points(*bpf);
  found.packet = doctor::send_packet_to_self(
      found.points, module ? tscope::open_kmod : +[](const tscope::CaptureOptions& options) {
        return tscope::open_bpf(options);
      });
  if (module) found.checks.push_back(doctor::check_anchor(*module));
  found.checks.push_back(doctor::check_vantage_points(found.points));
  found.checks.push_back(doctor::check_packet(*found.packet, found.points));
  if (module) found.checks.push_back(doctor::check_places(*module));
  return found;
}

std::string stamp(const doctor::Journey& journey, tscope::Vantage vantage) {
  const auto found = journey.stamps.find(vantage);
  if (found == journey.stamps.end()) return "no stamp";
  return found->second == 0 ? "first" : "+" + tscope::format_duration(found->second);
}

void print_journeys(const Findings& found) {
  // Out first, as a byte travels: path_order has the way in first.
  fmt::print("\nOne byte over loopback, stamps after the first one:\n{:16}{:>14}{:>14}\n", "",
             "to the server", "back");
  for (const bool receiving : {false, true}) {
    for (const auto& point : found.points) {
      if (!point.available || point.vantage == tscope::Vantage::session ||
          tscope::is_receive(point.vantage) != receiving) {
        continue;
      }
      fmt::print("  {:14}{:>14}{:>14}\n", tscope::vantage_name(point.vantage),
                 stamp(found.packet->there, point.vantage),
                 stamp(found.packet->back, point.vantage));
    }
  }
}

void print_places(const Findings& found) {
  fmt::print("\nPlaces in this kernel:\n");
  for (const auto& point : found.points) {
    std::string places;
    for (const tscope_hook& hook : point.places) {
      if (hook.state == TSCOPE_HOOK_UNNEEDED) continue;
      const bool used = hook.state == TSCOPE_HOOK_PRESENT || hook.state == TSCOPE_HOOK_ATTACHED;
      places += fmt::format("{}{}{}", places.empty() ? "" : " ", hook.name,
                            used ? "" : fmt::format(" ({})", doctor::hook_state_name(hook.state)));
    }
    fmt::print("  {:14}{}\n", tscope::vantage_name(point.vantage), places);
  }
}

void print_text(const Findings& found) {
  for (const auto& check : found.checks) {
    fmt::print("{:5} {:16} {}\n", doctor::state_name(check.state), check.name, check.what);
    if (!check.why.empty()) fmt::print("{:22} why: {}\n", "", check.why);
    if (!check.fix.empty()) fmt::print("{:22} do:  {}\n", "", check.fix);
  }
  const bool places =
      std::ranges::any_of(found.points, [](const auto& point) { return !point.places.empty(); });
  if (places) print_places(found);
  if (found.packet && found.packet->done) print_journeys(found);
  if (found.capture_works()) fmt::print("\ntscope capture works here.\n");
}

Json journey_json(const doctor::Journey& journey) {
  Json json = Json::object();
  for (const auto& [vantage, offset_ns] : journey.stamps) {
    json[std::string(tscope::vantage_name(vantage))] = offset_ns;
  }
  return json;
}

void print_json(const Findings& found) {
  Json json;
  json["schema"] = "tscope-doctor-1";
  json["tool"] = {{"name", "tscope"}, {"version", TSCOPE_VERSION}};
  json["capture_works"] = found.capture_works();
  json["checks"] = Json::array();
  for (const auto& check : found.checks) {
    json["checks"].push_back({{"name", check.name},
                              {"state", doctor::state_name(check.state)},
                              {"what", check.what},
                              {"why", check.why},
                              {"do", check.fix}});
  }
  json["vantage_points"] = Json::array();
  for (const auto& point : found.points) {
    Json places = Json::array();
    for (const tscope_hook& hook : point.places) {
      places.push_back({{"name", hook.name},
                        {"state", doctor::hook_state_name(hook.state)},
                        {"missed", hook.missed}});
    }
    json["vantage_points"].push_back({{"vantage", tscope::vantage_name(point.vantage)},
                                      {"available", point.available},
                                      {"places", places}});
  }
  if (found.packet && found.packet->done) {
    json["packet"] = {{"to_server_ns", journey_json(found.packet->there)},
                      {"back_ns", journey_json(found.packet->back)},
                      {"opened", found.packet->opened},
                      {"closed", found.packet->closed}};
  }
  fmt::print("{}\n", json.dump(2));
}

void run(bool json) {
  const Findings found = examine();
  if (json) {
    print_json(found);
  } else {
    print_text(found);
  }
  std::fflush(stdout);
  if (!found.capture_works()) {
    throw tscope::Error(
        "no capture here yet: mend what failed above (of module and BPF programs one is enough); "
        "train, reflect and ping do with lesser stamps, and reports on files need nothing");
  }
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("doctor", "what will and won't work on this machine, proved by doing it");
  command->add_flag("--json", *json, "the findings as JSON");
  command->footer(
      "Sends two bytes to itself over loopback to show every vantage point's stamp. Ends with 0 "
      "if\n"
      "capture works here, with 1 if not.\n"
      "Example: tscope doctor");
  command->callback([json] { run(*json); });
}
