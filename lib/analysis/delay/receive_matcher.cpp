// SPDX-License-Identifier: MIT
#include "analysis/delay/receive_matcher.hpp"

#include <algorithm>
#include <utility>

namespace tscope {

namespace {

using in::app, in::driver, in::socket;
constexpr std::int64_t soon_ns = 1'000'000'000;

}  // namespace

void ReceiveMatcher::add(const Unit& unit, Unmatched after) {
  const bool known = outcomes_.found_from(driver);
  outcomes_.add(unit, known ? Unmatched::unexplained : Unmatched::begin, after);
}

void ReceiveMatcher::give_up(const Frame& frame, Unmatched why) {
  const std::int64_t time_ns = frame.segment.stamp.time_ns;
  if (time_ns < outcomes_.newest_passed_ns(driver)) why = Unmatched::dropped;
  if (time_ns > gone_ns_) why = Unmatched::no_socket;
  add(frame.unit, why);
}

bool ReceiveMatcher::without_socket() const {
  return (captured_.at(Way::receive, false) >> socket & 1) == 0;
}

void ReceiveMatcher::add_frame(std::uint16_t device, const Segment& segment) {
  Frames& frames = frames_[devices_.of(device)];
  Unit unit;
  unit.device = device;
  unit.segs = segment.segs;
  unit.kind = segment.payload == 0 ? PacketKind::control : PacketKind::data;
  if (without_socket() && segment.payload > 0 && segment.last_byte() < read_) {
    unit.kind = PacketKind::duplicate;
  }
  unit.set(driver, segment.stamp);
  if (segment.nic) unit.set(in::hw, *segment.nic);
  if (captured_.ends_at(driver, Way::receive, unit.kind)) {
    release();
    return add(unit, Unmatched::begin);
  }
  if (budget_.full(frames.size())) {
    give_up(frames.begin()->second, Unmatched::evicted);
    frames.erase(frames.begin());
    budget_.waiting--;
  }
  frames.emplace(segment.begin, Frame{segment, unit});
  budget_.waiting++;
}

// Data tile the range; the rest of the record's segments are ACKs that the backlog merged. How many
// segments the data are does not count: the backlog takes a guest's or tun's large frame for one.
// Of several alike, the latest that is not later than the record: earlier ones were dropped, and
// their data sent again.
std::vector<ReceiveMatcher::Frames::iterator> ReceiveMatcher::parts_of(const Segment& whole,
                                                                       Frames& frames) const {
  std::vector<Frames::iterator> parts;
  std::uint32_t segs = 0;
  const auto fits = [&](const Segment& part) {
    return part.end <= whole.end && (whole.segs > 1 || part.length() == whole.length()) &&
           merged_into(part, whole);
  };
  const auto take = [&](Frames::iterator at) {
    segs += at->second.segment.segs;
    parts.push_back(at);
  };
  const auto first = frames.lower_bound(whole.begin), last = frames.upper_bound(whole.end);
  std::int64_t next = whole.begin;
  for (auto at = first; at != last;) {
    const auto group_end = frames.upper_bound(at->first);
    auto best = last;
    for (; at != group_end; ++at) {
      const Segment& part = at->second.segment;
      if (part.length() == 0 || part.begin < next || !fits(part)) continue;
      if (best == last || part.stamp.time_ns <= whole.stamp.time_ns) best = at;
    }
    if (best == last) continue;
    next = best->second.segment.end;
    take(best);
  }
  const auto take_acks = [&](bool later) {
    for (auto at = last; at != first && segs < whole.segs;) {
      const Segment& part = (--at)->second.segment;
      if (part.length() == 0 && (part.stamp.time_ns > whole.stamp.time_ns) == later && fits(part)) {
        take(at);
      }
    }
  };
  if (whole.segs == 1 && whole.length() > 0) return parts;
  take_acks(false);
  if (parts.empty()) take_acks(true);
  return parts;
}

void ReceiveMatcher::add_segment(std::uint16_t device, const Segment& whole) {
  to_socket_ = true;
  if (whole.rst) socket_gone(whole.stamp.time_ns);
  std::int64_t missing = std::max<std::int64_t>(1, whole.length());
  for (std::size_t slot = 0; slot < devices_.size(); slot++) {
    std::int64_t covered = 0;
    for (const auto& at : parts_of(whole, frames_[slot])) {
      const Frame& frame = at->second;
      Unit unit = frame.unit;
      unit.merged = frame.segment.segs != whole.segs || frame.segment.range < whole.range;
      covered += whole.length() == 0 ? 1 : frame.segment.length();
      at_socket(unit, whole, frame.segment.last_byte() + 1);
      frames_[slot].erase(at);
      budget_.waiting--;
    }
    missing = std::min(missing, std::max<std::int64_t>(1, whole.length()) - covered);
  }
  if (missing <= 0) return;
  Unit unit;
  unit.device = device;
  unit.segs = whole.segs;
  unit.kind = whole.payload == 0 ? PacketKind::control : PacketKind::data;
  at_socket(unit, whole, whole.last_byte() + 1);
}

void ReceiveMatcher::at_socket(Unit unit, const Segment& whole, std::int64_t end) {
  unit.set(socket, whole.stamp);
  if (unit.kind == PacketKind::data) {
    const auto [first, last] = unread_.equal_range(end);
    const bool there = std::any_of(first, last, [&](const auto& entry) {
      return entry.second.stamps[socket].time_ns != whole.stamp.time_ns;
    });
    if (there || end <= read_) unit.kind = PacketKind::duplicate;
  }
  if (unit.kind == PacketKind::data) {
    if (unit.has(driver)) outcomes_.passed(unit, driver);
    await_read(unit, end);
  } else {
    add(unit, Unmatched::unexplained);
  }
}

void ReceiveMatcher::await_read(const Unit& unit, std::int64_t end) {
  if (budget_.full(unread_.size())) {
    add(unread_.begin()->second, Unmatched::evicted);
    unread_.erase(unread_.begin());
    budget_.waiting--;
  }
  unread_.emplace(end, unit);
  budget_.waiting++;
}

// Once: what waited until it was known that there is nothing to wait for.
void ReceiveMatcher::release() {
  if (std::exchange(released_, true)) return;
  for (Frames& frames : frames_) {
    budget_.waiting -= std::erase_if(frames, [&](const auto& entry) {
      const Unit& unit = entry.second.unit;
      const bool ends = captured_.ends_at(driver, Way::receive, unit.kind);
      if (ends) add(unit, Unmatched::begin);
      return ends;
    });
  }
}

// Of frames with the same last byte the first, for what is behind the driver is not known.
void ReceiveMatcher::read_frames(const Segment& read, Frames& frames) {
  std::int64_t delivered = read.begin;
  for (auto at = frames.begin(); at != frames.end() && at->first < read.end;) {
    const Segment& segment = at->second.segment;
    const std::int64_t end = segment.last_byte() + 1;
    if (end > read.end) {
      ++at;
      continue;
    }
    Unit unit = at->second.unit;
    if (unit.kind == PacketKind::data && end > delivered) {
      delivered = end;
      unit.set(app, read.stamp);
    } else if (unit.kind == PacketKind::data && end > read.begin) {
      unit.kind = PacketKind::duplicate;
    }
    add(unit, Unmatched::unexplained);
    at = frames.erase(at);
    budget_.waiting--;
  }
}

void ReceiveMatcher::add_read(const Segment& read) {
  to_socket_ = true;
  if (without_socket()) {
    for (Frames& frames : frames_) read_frames(read, frames);
  }
  read_ = std::max(read_, read.end);
  while (!unread_.empty() && unread_.begin()->first <= read.end) {
    const auto at = unread_.begin();
    Unit unit = at->second;
    // What a call went past was given away without a record, or its record was lost.
    if (at->first > read.begin) unit.set(app, read.stamp);
    add(unit, Unmatched::unexplained);
    unread_.erase(at);
    budget_.waiting--;
  }
}

void ReceiveMatcher::finish(std::int64_t end_ns) {
  const bool silent = read_ == INT64_MIN;
  for (const auto& [end, unit] : unread_) {
    add(unit, silent ? Unmatched::no_call : Unmatched::unread);
  }
  budget_.waiting -= unread_.size();
  unread_.clear();
  for (Frames& frames : frames_) {
    for (const auto& [begin, frame] : frames) {
      const bool old = frame.segment.stamp.time_ns < end_ns - soon_ns;
      if (without_socket() && to_socket_) {
        add(frame.unit, Unmatched::unread);
      } else {
        give_up(frame, old ? Unmatched::dropped : Unmatched::end);
      }
    }
    budget_.waiting -= frames.size();
    frames.clear();
  }
  read_ = INT64_MIN;
  gone_ns_ = INT64_MAX;
}

}  // namespace tscope
