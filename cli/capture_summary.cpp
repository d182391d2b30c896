// SPDX-License-Identifier: MIT
#include "capture_summary.hpp"

#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "capture_run.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/nic.hpp"

using tscope::Vantage;

void CaptureSummary::add(const tscope::Packet& packet) {
  Count& count = vantages[packet.record.vantage];
  count.records++;
  count.segments += packet.record.segs;
  cpus[packet.record.cpu]++;
  // With one protocol asked for, all are of it.
  const auto protocol = std::has_single_bit(protocols_asked)
                            ? static_cast<tscope::Protocol>(protocols_asked)
                            : tscope::protocol_of(packet.record).value_or(tscope::Protocol::tcp);
  Count& of_protocol = protocols[protocol];
  of_protocol.records++;
  of_protocol.segments += packet.record.segs;
  records++;
}

std::string CaptureSummary::text() const {
  std::string text = fmt::format("\n{:<12}{:>12}{:>12}{:>12}\n", "", "records", "segments", "lost");
  for (const Vantage vantage : asked) {
    const Count& count = vantages[static_cast<std::size_t>(vantage)];
    text += fmt::format("{:<12}{:>12}{:>12}{:>12}\n", tscope::vantage_name(vantage), count.records,
                        count.segments, loss.at(vantage).records);
  }
  text += fmt::format("{} records in {:.1f} s", records, duration.count());
  text += loss.lost() == 0
              ? ", nothing lost"
              : fmt::format(", {} lost ({} ring full, {} contended, {} missed, {} invalid)",
                            loss.lost(), loss.by_cause(TSCOPE_LOST_FULL),
                            loss.by_cause(TSCOPE_LOST_CONTENDED), loss.missed, loss.invalid);
  if (loss.late > 0) text += fmt::format(", {} late (may be out of order, marked)", loss.late);
  text += fmt::format("; stamps within {} of the clock", tscope::format_duration(clock.error_ns));
  if (clock.steps > 0) text += fmt::format("; the wall clock was set {} times", clock.steps);
  text += "\n";
  for (const tscope::NicStamps& stamps : nics) text += tscope::nic_text(stamps) + "\n";
  if (loss.by_cause(TSCOPE_LOST_FULL) > 0)
    text += "To lose less: larger --ring-slots, or fewer vantage points with --at.\n";
  if (file != "-") {
    text += fmt::format("{} ({})", file, tscope::format_bytes(bytes));
    text += records == 0
                ? "; it holds no packet: did the port, the interface and the namespace match "
                  "the traffic?\n"
            : asked == std::vector{Vantage::session} || (protocols_asked & TSCOPE_PROTO_TCP) == 0
                ? fmt::format("; next: tshark -r {}\n", file)
                : fmt::format("; next: tscope acks {}\n", file);
  }
  return text;
}

std::string CaptureSummary::json() const {
  nlohmann::ordered_json json;
  json["schema"] = "tscope-capture-1";
  json["tool"] = {{"name", "tscope"}, {"version", TSCOPE_VERSION}};
  json["file"] = file;
  json["bytes"] = bytes;
  json["duration_s"] = duration.count();
  json["records"] = records;
  json["netns_gone"] = netns_gone;
  json["loss"] = {{"lost", loss.lost()},
                  {"full", loss.by_cause(TSCOPE_LOST_FULL)},
                  {"contended", loss.by_cause(TSCOPE_LOST_CONTENDED)},
                  {"missed", loss.missed},
                  {"invalid", loss.invalid},
                  {"late", loss.late}};
  json["clock"] = {{"source", clock.source},
                   {"error_ns", clock.error_ns},
                   {"tsc_hz", clock.tsc_hz},
                   {"steps", clock.steps}};
  json["nics"] = nlohmann::ordered_json::array();
  for (const tscope::NicStamps& stamps : nics) {
    json["nics"].push_back({{"interface", stamps.interface.device},
                            {"vantage", tscope::vantage_name(stamps.interface.vantage)},
                            {"used", stamps.used},
                            {"absent", stamps.absent()},
                            {"error_ns", stamps.error_ns}});
  }
  json["vantage_points"] = nlohmann::ordered_json::array();
  for (const Vantage vantage : asked) {
    const Count& count = vantages[static_cast<std::size_t>(vantage)];
    const auto lost = loss.at(vantage);
    json["vantage_points"].push_back({{"vantage", tscope::vantage_name(vantage)},
                                      {"records", count.records},
                                      {"segments", count.segments},
                                      {"lost_records", lost.records},
                                      {"lost_segments", lost.segments}});
  }
  json["protocols"] = nlohmann::ordered_json::array();
  for (const auto& [protocol, name] : protocol_names) {
    if ((protocols_asked & static_cast<unsigned>(protocol)) == 0) continue;
    const auto count = protocols.find(protocol);
    const Count seen = count == protocols.end() ? Count{} : count->second;
    json["protocols"].push_back(
        {{"protocol", name}, {"records", seen.records}, {"segments", seen.segments}});
  }
  json["cpus"] = nlohmann::ordered_json::array();
  for (const auto& [cpu, seen] : cpus) json["cpus"].push_back({{"cpu", cpu}, {"records", seen}});
  return json.dump(2);
}
