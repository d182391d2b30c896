// SPDX-License-Identifier: MIT
#include "tscope/live/capture.hpp"

#include "live/counter_comparison.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t packets_between_looks = 1024;

class Capture {
 public:
  Capture(LiveSource& source, CaptureFile& file, const CaptureLimits& limits,
          CaptureWatcher& watcher, const std::atomic<bool>& stop)
      : source_(source), file_(file), limits_(limits), watcher_(watcher), stop_(stop) {}

  CaptureOutcome run() {
    comparison_.begin();
    write_anchors();
    file_.flush();
    watcher_.began();
    Packet packet;
    while (true) {
      const Source::Next next = source_.next(packet);
      if (next == Source::Next::end) break;
      if (next == Source::Next::packet) {
        if (full()) continue;
        file_.write(packet, source_.interfaces()[packet.interface]);
        watcher_.packet(packet);
        records_++;
        if (full()) end();
        if (records_ % packets_between_looks != 0) continue;
      }
      look_around();
    }
    write_state();
    const CounterCheck check = comparison_.result();
    file_.write(check);
    file_.flush();
    return outcome(check);
  }

 private:
  bool full() const { return limits_.records != 0 && records_ == limits_.records; }

  void end() {
    if (ended_) return;
    ended_ = Clock::now();
    comparison_.end();
    source_.stop();
  }

  void look_around() {
    const auto now = Clock::now();
    const bool over = limits_.duration && now - begun_ >= *limits_.duration;
    if (stop_ || over || source_.device_gone()) end();
    if (now - looked_ < std::chrono::seconds(1)) return;
    write_state();
    watcher_.progress(progress(now));
    looked_ = now;
    records_looked_ = records_;
  }

  void write_anchors() {
    for (const Anchor& anchor : source_.take_anchors()) file_.write(anchor, source_.clock_khz());
    for (const NicReading& reading : source_.take_nic_readings()) file_.write(reading);
  }

  void write_state() {
    write_anchors();
    file_.write_statistics(source_.loss(), source_.clock(), source_.watermark_ns(),
                           source_.nic_stamps());
    file_.flush();
  }

  CaptureProgress progress(Clock::time_point now) const {
    const std::chrono::duration<double> since = now - looked_;
    return {.elapsed = now - begun_,
            .records = records_,
            .records_per_second = static_cast<double>(records_ - records_looked_) / since.count(),
            .loss = source_.loss(),
            .bytes = file_.bytes()};
  }

  CaptureOutcome outcome(const CounterCheck& check) const {
    return {.records = records_,
            .bytes = file_.bytes(),
            .duration = ended_.value_or(Clock::now()) - begun_,
            .loss = source_.loss(),
            .clock = source_.clock(),
            .nics = source_.nic_stamps(),
            .counter_check = check,
            .netns_gone = source_.netns_gone(),
            .device_gone = source_.device_gone(),
            .warnings = source_.warnings()};
  }

  LiveSource& source_;
  CaptureFile& file_;
  const CaptureLimits& limits_;
  CaptureWatcher& watcher_;
  const std::atomic<bool>& stop_;
  CounterComparison comparison_{[this] { return source_.passed(); }, source_.netns()};
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point looked_ = begun_;
  std::optional<Clock::time_point> ended_;
  std::uint64_t records_ = 0, records_looked_ = 0;
};

}  // namespace

CaptureOutcome capture(LiveSource& source, CaptureFile& file, const CaptureLimits& limits,
                       CaptureWatcher& watcher, const std::atomic<bool>& stop) {
  try {
    return Capture(source, file, limits, watcher, stop).run();
  } catch (...) {
    source.stop();
    throw;
  }
}

}  // namespace tscope
