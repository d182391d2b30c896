// SPDX-License-Identifier: MIT
#include "tscope/probe/ping.hpp"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "probe/ping/book.hpp"
#include "probe/ping/calibrate.hpp"
#include "probe/ping/clock.hpp"
#include "probe/ping/gap_log.hpp"
#include "probe/ping/judge.hpp"
#include "probe/ping/live_matcher.hpp"
#include "probe/ping/prober.hpp"
#include "probe/wire/ancillary.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::int64_t us = 1'000, ms = 1'000'000, s = 1'000'000'000;

constexpr std::int64_t lead_ns = 300 * us;         // to read counters in, before a probe is due
constexpr std::int64_t spin_before_ns = 100 * us;  // the last of it
// Wake-ups while a reply is awaited: close together at first, none once it is very late.
constexpr std::int64_t close_beat_ns = 200 * us, close_beats_for_ns = 20 * ms;
constexpr std::int64_t beat_ns = ms, beats_for_ns = s;
constexpr std::int64_t stamps_patience_ns = 20 * ms;
constexpr std::int64_t live_patience_ns = 3000 * ms;  // of an overloaded machine
constexpr std::int64_t live_slack_ns = ms;  // a stamp may be given away so long after its time
constexpr std::int64_t flood_ns = 10 * ms;
constexpr std::int64_t thorough_from_ns = 10 * ms;  // interval that leaves time to read everything
constexpr std::int64_t doze_ns = 100 * ms;          // a look at whether to end, at the least

}  // namespace

class Ping::Impl {
 public:
  Impl(const PingOptions& options, const PingEngine& engine)
      : options_(options),
        way_(find_way(options)),
        prober_(make_prober(options, way_)),
        device_(device_of(way_)),
        machine_(device_) {
    // Timers to the point: their lateness is evidence.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    interval_ns_ = options.interval.count();
    thorough_ = !options.flood && interval_ns_ >= thorough_from_ns;
    target_.host = options.host;
    target_.address = way_.to.ip().to_string();
    target_.source = prober_->local().ip().to_string();
    target_.device = device_;
    target_.zone = way_.to.zone();
    target_.family = way_.to.family() == AF_INET6 ? 6 : 4;
    abilities_.socket = prober_->name();
    abilities_.stamps = prober_->stamps() ? "sockets" : "none";
    abilities_.lacking = machine_.lacking();
    if (engine) live_ = open_live_matcher(engine, options, target_, *prober_, abilities_);
    if (!live_ && !prober_->stamps()) {
      abilities_.lacking.emplace_back(
          "kernel stamps: sockets have none for TCP's SYN, and no engine stamps; RTTs are the "
          "application's alone");
    } else if (!live_) {
      abilities_.lacking.emplace_back(
          "the socket layer: only the module or BPF programs stamp there (--engine)");
    }
    calibration_ = calibrate_ping();
    judge_.calibrated(ping_thresholds(calibration_));
  }

  PingCounts run(PingSink& sink, const std::atomic<bool>& stop);

  const PingTarget& target() const { return target_; }
  const PingAbilities& abilities() const { return abilities_; }
  const PingCalibration& calibration() const { return calibration_; }
  const PingThresholds& thresholds() const { return judge_.thresholds(); }

 private:
  bool all_sent() const;
  bool finished(std::int64_t now) const;
  void send_one();
  void spin(std::int64_t until, const PingBook::Entry* until_answered);
  void sleep(std::int64_t until);
  std::int64_t beat(std::int64_t now);
  void note_stop(std::int64_t now);
  bool receive();
  void take_events();
  void take(const Reply& reply);
  void take(const TransmitStamp& stamp) { book_.take(stamp); }
  void take(const Refusal& refusal);
  bool give_samples(std::int64_t now, bool all);  // any?
  void give(const PingBook::Entry& entry);
  PingEvidence evidence_of(const PingBook::Entry& entry) const;
  void note_failed_send(int error);

  PingOptions options_;
  PingWay way_;
  std::unique_ptr<Prober> prober_;
  std::string device_;
  MachineWatch machine_;
  std::int64_t interval_ns_ = 0;
  bool thorough_ = true;
  PingTarget target_;
  PingAbilities abilities_;
  PingCalibration calibration_;
  PingJudge judge_;

  std::unique_ptr<LiveMatcher> live_;

  PingSink* sink_ = nullptr;
  PingBook book_;
  PingCounts counts_;
  GapLog spin_gaps_, late_timers_;
  PingEvents events_;
  std::uint64_t last_index_ = 0;
  std::int64_t begun_ns_ = 0, next_send_ns_ = 0, last_sent_ns_ = 0, longest_rtt_ns_ = 0;
  std::int64_t last_arrival_ns_ = 0;
  std::int64_t looked_ns_ = 0;          // at the clock
  std::vector<std::uint64_t> waiting_;  // answered, sample not given yet
  bool spun_ = false;
  const std::atomic<bool>* stop_ = nullptr;
};

bool Ping::Impl::all_sent() const {
  if (options_.clean_wanted > 0 && counts_.clean >= options_.clean_wanted) return true;
  return options_.count > 0 &&
         (options_.count_replies ? counts_.received : last_index_) >= options_.count;
}

bool Ping::Impl::finished(std::int64_t now) const {
  const std::int64_t deadline = options_.deadline.count();
  // As iputils: with a deadline the first error ends it.
  if (deadline > 0 && (now - begun_ns_ >= deadline || counts_.errors > 0)) return true;
  if (!all_sent()) return false;
  if (!waiting_.empty()) return false;
  if (counts_.received + counts_.errors >= counts_.sent) return true;
  if (options_.clean_wanted > 0 && counts_.clean >= options_.clean_wanted) return true;
  // As iputils: after a first reply, twice the longest time one took, at least an interval.
  const std::int64_t patience =
      counts_.received > 0 ? std::max(2 * longest_rtt_ns_, interval_ns_) : options_.linger.count();
  return now - last_sent_ns_ >= patience;
}

PingCounts Ping::Impl::run(PingSink& sink, const std::atomic<bool>& stop) {
  sink_ = &sink;
  begun_ns_ = raw_ns();
  next_send_ns_ = begun_ns_ + lead_ns;
  stop_ = &stop;
  while (!stop) {
    const std::int64_t now = raw_ns();
    if (live_) live_->take(*prober_, book_);
    // What giving them takes is our own doing.
    if (give_samples(now, false)) looked_ns_ = raw_ns();
    if (finished(now)) break;
    if (!all_sent() && now >= next_send_ns_ - lead_ns) {
      send_one();
    } else {
      sleep(all_sent() ? now + doze_ns : next_send_ns_ - lead_ns);
    }
  }
  take_events();
  if (live_) {
    counts_.engine_lost = live_->finish();
    live_->take(*prober_, book_);
  }
  give_samples(raw_ns(), true);
  return counts_;
}

void Ping::Impl::send_one() {
  MachineState before;
  if (thorough_) machine_.read_slow(before);
  prober_->prepare_next();
  looked_ns_ = raw_ns();  // all that was our own doing
  // A probe that is due already goes out now, and the next an interval later.
  next_send_ns_ = std::max(next_send_ns_, raw_ns());
  const std::int64_t due = next_send_ns_;
  if (options_.spin.count() > 0) {
    if (raw_ns() < due - spin_before_ns) sleep(due - spin_before_ns);
    spin(due, nullptr);
  } else {
    sleep(due);
  }
  if (*stop_) return;
  const std::uint64_t index = ++last_index_;
  PingBook::Entry& entry = book_.add(index);
  machine_.read_quick(before);
  entry.before = before;
  entry.realtime_ns = realtime_ns();
  entry.stamps.app_tx = last_sent_ns_ = raw_ns();
  next_send_ns_ = due + (options_.flood ? std::min(interval_ns_, flood_ns) : interval_ns_);
  counts_.sent++;
  if (const int error = prober_->send(index); error != 0) {
    note_failed_send(error);
    return;
  }
  looked_ns_ = raw_ns();
  entry.call_ns = looked_ns_ - last_sent_ns_;
  sink_->sent();
  if (options_.spin.count() > 0) {
    std::int64_t end = std::min(last_sent_ns_ + options_.spin.count(),
                                std::max(next_send_ns_ - lead_ns, last_sent_ns_ + 50 * us));
    if (options_.deadline.count() > 0) end = std::min(end, begun_ns_ + options_.deadline.count());
    spin(end, &entry);
  }
  take_events();
}

void Ping::Impl::note_failed_send(int error) {
  PingNote note;
  note.kind = PingNote::Kind::send_failed;
  note.index = last_index_;
  note.from = target_.source;
  note.text =
      error == EMSGSIZE ? "message too long: give a smaller -s" : std::string(std::strerror(error));
  book_.take_back();
  counts_.errors++;
  sink_->note(note);
}

void Ping::Impl::spin(std::int64_t until, const PingBook::Entry* until_answered) {
  spun_ = true;
  std::int64_t last = until_answered == nullptr ? raw_ns() : looked_ns_;
  while (last < until && !(until_answered != nullptr && until_answered->reply) && !*stop_) {
    const bool something = receive();
    const std::int64_t now = raw_ns();
    // What handling a reply takes is our own doing.
    const std::int64_t seen = something ? last_arrival_ns_ : now;
    if (seen - last > thresholds().gap_ns / 2) spin_gaps_.add(last, seen);
    last = now;
  }
  looked_ns_ = last;
}

// When to wake up if nothing comes: a timer that is late betrays that this CPU was taken.
std::int64_t Ping::Impl::beat(std::int64_t now) {
  const auto& sent = book_.entries();
  const std::int64_t since = now - last_sent_ns_;
  if (sent.empty() || sent.back().reply || since >= beats_for_ns) return now + doze_ns;
  return now + (since < close_beats_for_ns ? close_beat_ns : beat_ns);
}

void Ping::Impl::sleep(std::int64_t until) {
  std::int64_t now = raw_ns();
  note_stop(now);
  until = std::min(until, beat(now));
  if (!waiting_.empty()) until = std::min(until, now + stamps_patience_ns);
  if (until > now) {
    pollfd ready{prober_->fd(), POLLIN, 0};
    const timespec limit{(until - now) / s, (until - now) % s};
    ppoll(&ready, 1, &limit, nullptr);
    now = raw_ns();
    if (now > until) late_timers_.add(until, now);
  }
  looked_ns_ = now;
  bool something = false;
  while (receive()) something = true;
  take_events();
  now = raw_ns();
  // What handling a reply takes is our own doing.
  if (!something) note_stop(now);
  looked_ns_ = now;
}

// Between two looks that nothing long should come between.
void Ping::Impl::note_stop(std::int64_t now) {
  if (now - looked_ns_ > thresholds().gap_ns) late_timers_.add(looked_ns_, now);
}

bool Ping::Impl::receive() {
  if (!prober_->receive(events_)) return false;
  for (const auto& event : std::exchange(events_, {})) {
    std::visit([this](const auto& what) { take(what); }, event);
  }
  return true;
}

void Ping::Impl::take_events() {
  prober_->read_errors(events_);
  for (const auto& event : std::exchange(events_, {})) {
    std::visit([this](const auto& what) { take(what); }, event);
  }
}

void Ping::Impl::take(const Reply& reply) {
  if (const auto note = book_.take(reply, counts_)) {
    sink_->note(*note);
    return;
  }
  PingBook::Entry& entry = *book_.find(*reply.index);
  last_arrival_ns_ = reply.app_rx_ns;
  machine_.read_quick(entry.after);
  entry.after.cpu = entry.before.cpu;
  if (thorough_) machine_.read_slow(entry.after);
  longest_rtt_ns_ = std::max(longest_rtt_ns_, *entry.stamps.app_rtt());
  waiting_.push_back(entry.index);
  if (options_.flood && entry.index == last_index_) next_send_ns_ = raw_ns() + lead_ns;
}

void Ping::Impl::take(const Refusal& refusal) {
  counts_.errors++;
  PingNote note;
  note.kind = PingNote::Kind::unreachable;
  note.index = refusal.index;
  note.from = refusal.from.family == 0 ? target_.source : refusal.from.to_string();
  note.text = refusal.text;
  sink_->note(note);
}

bool Ping::Impl::give_samples(std::int64_t now, bool all) {
  return std::erase_if(waiting_, [&](std::uint64_t index) {
           PingBook::Entry* entry = book_.find(index);
           if (entry == nullptr) return true;
           const std::int64_t arrived = *entry->stamps.app_rx;
           bool whole = entry->stamps.driver_tx || !prober_->stamps();
           if (live_) whole = live_->watermark_ns() > arrived + live_slack_ns;
           const std::int64_t patience = live_ ? live_patience_ns : stamps_patience_ns;
           if (!whole && !all && now - arrived <= patience) return false;
           if (live_) live_->add_answer(*entry);
           give(*entry);
           return true;
         }) > 0;
}

PingEvidence Ping::Impl::evidence_of(const PingBook::Entry& entry) const {
  PingEvidence evidence;
  add_evidence(evidence, entry.before, entry.after);
  const std::int64_t from = *entry.stamps.app_tx, to = *entry.stamps.app_rx;
  if (spun_) evidence.gap_ns = spin_gaps_.longest(from, to);
  evidence.late_timer_ns = late_timers_.longest(from, to);
  evidence.call_ns = entry.call_ns;
  return evidence;
}

void Ping::Impl::give(const PingBook::Entry& entry) {
  PingSample sample;
  sample.index = entry.index;
  sample.from = entry.reply->from.to_string();
  sample.bytes = entry.reply->bytes;
  sample.ttl = entry.reply->ttl;
  sample.reset = entry.reply->reset;
  sample.sent_realtime_ns = entry.realtime_ns;
  sample.stamps = entry.stamps;
  sample.evidence = evidence_of(entry);
  judge_.judge(sample);
  sample.verdict.clean() ? counts_.clean++ : counts_.biased++;
  if (!sample.stamps.consistent()) counts_.inconsistent++;
  sink_->sample(sample);
}

Ping::Ping(const PingOptions& options, const PingEngine& engine)
    : impl_(std::make_unique<Impl>(options, engine)) {
}

Ping::~Ping() = default;

const PingTarget& Ping::target() const {
  return impl_->target();
}

const PingAbilities& Ping::abilities() const {
  return impl_->abilities();
}

const PingCalibration& Ping::calibration() const {
  return impl_->calibration();
}

const PingThresholds& Ping::thresholds() const {
  return impl_->thresholds();
}

PingCounts Ping::run(PingSink& sink, const std::atomic<bool>& stop) {
  return impl_->run(sink, stop);
}

}  // namespace tscope
