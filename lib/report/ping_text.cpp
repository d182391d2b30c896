// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text.hpp"
#include "tscope/base/units.hpp"
#include "tscope/report/ping.hpp"

namespace tscope {

namespace {

constexpr std::size_t ip4_header = 20, icmp_header = 8, stamp_bytes = 44;
constexpr double ns_per_ms = 1e6;

const char* sequence_name(PingProtocol protocol) {
  switch (protocol) {
    case PingProtocol::udp:
      return "udp_seq";
    case PingProtocol::tcp:
      return "tcp_seq";
    case PingProtocol::icmp:
      break;
  }
  return "icmp_seq";
}

std::uint64_t shown_sequence(std::uint64_t index, PingProtocol protocol) {
  return protocol == PingProtocol::icmp ? index & 0xffff : index;
}

double milliseconds(std::int64_t ns) {
  return static_cast<double>(ns) / ns_per_ms;
}

// As iputils: three digits that count below 100 ms, from microseconds cut, not rounded.
std::string rtt_text(std::int64_t ns) {
  const std::int64_t us = ns / 1000;
  if (us >= 99'950) return fmt::format("{}", (us + 500) / 1000);
  if (us >= 9'995) return fmt::format("{}.{:01}", (us + 50) / 1000, (us + 50) % 1000 / 100);
  if (us >= 1'000) return fmt::format("{}.{:02}", (us + 5) / 1000, (us + 5) % 1000 / 10);
  return fmt::format("0.{:03}", us);
}

// Cut to microseconds, as RTTs are: a quantile must not exceed the maximum by rounding.
double cut_milliseconds(std::int64_t ns) {
  return std::floor(static_cast<double>(ns) / 1000) / 1000;
}

std::string verdict_text(const PingVerdict& verdict) {
  if (verdict.clean()) return "clean";
  std::string text;
  for (const PingReason reason : verdict.reasons) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", ping_reason_name(reason));
  }
  return "biased (" + text + ")";
}

std::string cell(const PingQuantiles& quantiles) {
  if (quantiles.count == 0) return fmt::format("{:>10}{:>9}", "-", "-");
  return fmt::format("{:10.3f}{:9.3f}", cut_milliseconds(quantiles.median_ns),
                     cut_milliseconds(quantiles.p99_ns));
}

std::string loss_text(const PingCounts& counts) {
  const double lost = counts.sent == 0 || counts.received >= counts.sent
                          ? 0
                          : 100.0 * static_cast<double>(counts.sent - counts.received) /
                                static_cast<double>(counts.sent);
  return fmt::format("{:.6g}% packet loss", lost);
}

std::string counts_line(const PingReport& report) {
  const PingCounts& c = report.counts;
  std::string text = fmt::format("{} packets transmitted, {} received", c.sent, c.received);
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format(", +{} {}", count, what);
  };
  add(c.duplicates, "duplicates");
  add(c.truncated, "truncated");
  add(c.corrupted, "corrupted");
  add(c.forged, "forged");
  add(c.reordered, "reordered");
  add(c.resent, "answered a second SYN");
  add(c.errors, "errors");
  return text + fmt::format(", {}, time {}ms\n", loss_text(c), report.duration_ns / 1'000'000);
}

// Whole microseconds, as iputils counts them.
std::string rtt_line(const PingReport& report) {
  double sum = 0, squares = 0;
  std::int64_t least = INT64_MAX, most = 0;
  for (const PingSample& sample : report.samples) {
    const std::int64_t us = sample.stamps.app_rtt().value_or(0) / 1000;
    sum += static_cast<double>(us);
    squares += static_cast<double>(us) * static_cast<double>(us);
    least = std::min(least, us);
    most = std::max(most, us);
  }
  const auto n = static_cast<double>(report.samples.size());
  if (n == 0) return "\n";
  const double mean = std::floor(sum / n);
  const double deviation = std::floor(std::sqrt(std::max(0.0, (squares - sum * sum / n) / n)));
  return fmt::format("rtt min/avg/max/mdev = {:.3f}/{:.3f}/{:.3f}/{:.3f} ms\n",
                     milliseconds(least * 1000), mean / 1000, milliseconds(most * 1000),
                     deviation / 1000);
}

std::string table(const PingReport& report, const PingSummary& summary) {
  std::string text =
      fmt::format("\n{:8}{:>19}{:>19}{:>19}{:>19}\n{:8}{:>19}{:>19}{:>19}{:>19}\n", "ms", "RTT",
                  "added to RTT", "send", "receive", "", "median     99 %", "median     99 %",
                  "median     99 %", "median     99 %");
  for (const PingLayer& layer : summary.layers) {
    text += fmt::format("{:8}{}{}{}{}\n", layer.name, cell(layer.rtt), cell(layer.added),
                        cell(layer.send), cell(layer.receive));
  }
  if (summary.queue.count > 0) {
    text += fmt::format("{:8}{:>38}{}\n", "qdisc", "", cell(summary.queue));
  }
  const auto population = [&](const char* name, const PingQuantiles& quantiles) {
    text += fmt::format("{:8}{}{:>9} of {}\n", name, cell(quantiles), quantiles.count,
                        summary.all.count);
  };
  text += "\n";
  population("clean", summary.clean);
  population("biased", summary.biased);
  population("all", summary.all);
  std::string reasons;
  for (std::size_t i = 0; i < ping_reasons; i++) {
    if (summary.reasons[i] == 0) continue;
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", summary.reasons[i],
                           ping_reason_name(static_cast<PingReason>(i)));
  }
  if (!reasons.empty()) text += fmt::format("biased by: {}\n", reasons);
  const auto [least, most] =
      std::ranges::minmax(report.samples, {}, &PingSample::delay_threshold_ns);
  text += fmt::format("thresholds: {} for gaps, {} for delays{}\n",
                      format_duration(report.thresholds.gap_ns),
                      format_duration(least.delay_threshold_ns),
                      least.delay_threshold_ns == most.delay_threshold_ns
                          ? ""
                          : fmt::format(" at first, up to {} beside what is usual here",
                                        format_duration(most.delay_threshold_ns)));
  return text;
}

}  // namespace

std::string ping_header(const PingOptions& options, const PingTarget& target) {
  const bool v6 = target.family == 6;
  std::string from;
  if (!options.source.empty()) {
    from = fmt::format("from {} {}: ", target.source,
                       options.source == target.source ? "" : options.source);
    if (options.source == target.source) from = fmt::format("from {} : ", target.source);
  }
  const std::string name =
      fmt::format("{}{}({}{}) ", target.host, v6 ? "" : " ", target.address, target.zone);
  if (options.protocol == PingProtocol::tcp) {
    return fmt::format("PING {}{}TCP SYN to port {}.\n", name, from, options.port);
  }
  if (options.protocol == PingProtocol::udp) {
    const std::size_t size = std::max<std::size_t>(options.size, stamp_bytes);
    return fmt::format("PING {}{}{} bytes of STAMP to UDP port {}.\n", name, from, size,
                       options.port);
  }
  if (v6) return fmt::format("PING {}{}{} data bytes\n", name, from, options.size);
  return fmt::format("PING {}{}{}({}) bytes of data.\n", name, from, options.size,
                     options.size + ip4_header + icmp_header);
}

std::string ping_line(const PingSample& sample, PingProtocol protocol, const std::string& from) {
  const PingStamps& stamps = sample.stamps;
  std::string text =
      protocol == PingProtocol::tcp
          ? fmt::format("{} from {}: {}={}", sample.reset ? "RST" : "SYN-ACK", from,
                        sequence_name(protocol), shown_sequence(sample.index, protocol))
          : fmt::format("{} bytes from {}: {}={}", sample.bytes, from, sequence_name(protocol),
                        shown_sequence(sample.index, protocol));
  if (sample.ttl) text += fmt::format(" ttl={}", *sample.ttl);
  text += fmt::format(" time={} ms", rtt_text(stamps.app_rtt().value_or(0)));
  const auto add = [&](const char* name, const std::optional<std::int64_t>& value) {
    if (value) text += fmt::format(" {}={:.3f}", name, cut_milliseconds(*value));
  };
  text += " ";
  add("socket", stamps.socket_rtt());
  add("driver", stamps.driver_rtt());
  add("hw", stamps.hw_rtt());
  add("send", stamps.send_delay());
  add("recv", stamps.receive_delay());
  return text + "  " + verdict_text(sample.verdict) + "\n";
}

std::string ping_line(const PingNote& note, PingProtocol protocol) {
  const std::string sequence = note.index ? fmt::format(" {}={}", sequence_name(protocol),
                                                        shown_sequence(*note.index, protocol))
                                          : "";
  const std::string reply = fmt::format("{} bytes from {}:{}", note.bytes, note.from, sequence);
  switch (note.kind) {
    case PingNote::Kind::duplicate:
      return reply + " (DUP!)\n";
    case PingNote::Kind::truncated:
      return reply + " (truncated)\n";
    case PingNote::Kind::corrupted:
      return reply + " wrong data\n";
    case PingNote::Kind::forged:
      return reply + " forged: not the answer to a probe of ours\n";
    case PingNote::Kind::resent:
      return fmt::format("From {}{} answered only after the SYN was sent again\n", note.from,
                         sequence);
    case PingNote::Kind::unreachable:
    case PingNote::Kind::send_failed:
      break;
  }
  return fmt::format("From {}{} {}\n", note.from, sequence, note.text);
}

namespace {

std::string_view stamper(const std::string& stamps) {
  if (stamps == "kmod") return "the module";
  return stamps == "bpf" ? "BPF programs" : "sockets";
}

}  // namespace

std::string ping_text(const PingReport& report) {
  std::string text = fmt::format("\n--- {} ping statistics ---\n", report.target.host);
  text += counts_line(report) + rtt_line(report);
  if (!report.samples.empty()) {
    const PingSummary summary = summarise(report.samples);
    text += table(report, summary);
  }
  if (report.counts.inconsistent > 0) {
    text += fmt::format("{} with a negative stage, left out of the table\n",
                        counted(report.counts.inconsistent, "sample"));
  }
  if (report.counts.engine_lost > 0) {
    text += fmt::format("{} lost by the engine: stages may lack stamps\n",
                        counted(report.counts.engine_lost, "record"));
  }
  if (report.not_kept > 0) {
    text += fmt::format("{} later not kept: in the counts, not in the RTTs and the table\n",
                        counted(report.not_kept, "sample"));
  }
  if (report.abilities.stamps != "none") {
    text += fmt::format("stamped by: {}\n", stamper(report.abilities.stamps));
  }
  for (const std::string& line : report.abilities.lacking) text += "lacking: " + line + "\n";
  return text;
}

}  // namespace tscope
