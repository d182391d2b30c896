// SPDX-License-Identifier: MIT
#include "probe/train/recorder.hpp"

#include <algorithm>
#include <cmath>

namespace tscope {

namespace {

constexpr std::uint64_t probes_between_flushes = 100'000;

}  // namespace

TrainRecorder::TrainRecorder(std::uint64_t planned, const std::string& output,
                             const std::map<std::string, std::string>& facts)
    : statistics_(planned) {
  if (output.empty()) return;
  file_.emplace(output, LinkType::ethernet, facts);
  file_->flush();
}

void TrainRecorder::anchor(const Anchor& anchor, std::uint32_t tsc_khz) {
  if (!first_anchor_) first_anchor_ = anchor;
  if (file_) file_->write(anchor, tsc_khz);
}

void TrainRecorder::probe(const Packet& packet, const Interface& interface) {
  const ProbeResult result = probe_result(packet.record);
  statistics_.add(result);
  if (result.error == 0) {
    sent_.push_back({.index = result.index,
                     .scheduled_ns = static_cast<std::int64_t>(result.handed - result.scheduled),
                     .handed_ns = packet.time_ns,
                     .size = result.size});
  }
  last_ns_ = std::max(last_ns_, packet.time_ns);
  if (!file_) return;
  file_->write(packet, interface);
  if (++written_ % probes_between_flushes == 0) file_->flush();
}

void TrainRecorder::finish(TrainReport& report) {
  statistics_.fill(report, report.outcome.clock.tsc_hz);
  if (!file_) return;
  file_->write_statistics(report.outcome.loss, report.outcome.clock, last_ns_);
  file_->flush();
  report.file_bytes = file_->bytes();
}

std::vector<SentProbe> TrainRecorder::take_sent(double tsc_hz) {
  for (SentProbe& probe : sent_) {
    const double late_ns = static_cast<double>(probe.scheduled_ns) * 1e9 / tsc_hz;
    probe.scheduled_ns = probe.handed_ns - std::llround(late_ns);
  }
  return std::move(sent_);
}

}  // namespace tscope
