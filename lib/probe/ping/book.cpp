// SPDX-License-Identifier: MIT
#include "probe/ping/book.hpp"

namespace tscope {

namespace {

PingNote note_of(const Reply& reply, PingNote::Kind kind) {
  PingNote note;
  note.kind = kind;
  note.index = reply.index;
  note.from = reply.from.to_string();
  note.bytes = reply.bytes;
  return note;
}

}  // namespace

PingBook::Entry& PingBook::add(std::uint64_t index) {
  if (entries_.size() >= entries_max) entries_.pop_front();
  Entry& entry = entries_.emplace_back();
  entry.index = index;
  return entry;
}

void PingBook::take_back() {
  entries_.pop_back();
}

PingBook::Entry* PingBook::find(std::uint64_t index) {
  if (entries_.empty() || index < entries_.front().index) return nullptr;
  // Probes that never got out leave holes.
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->index >= index; ++entry) {
    if (entry->index == index) return &*entry;
  }
  return nullptr;
}

std::optional<PingNote> PingBook::take(const Reply& reply, PingCounts& counts) {
  const auto fault = [&](std::uint64_t& count, PingNote::Kind kind) {
    count++;
    return note_of(reply, kind);
  };
  switch (reply.fault) {
    case ReplyFault::truncated:
      return fault(counts.truncated, PingNote::Kind::truncated);
    case ReplyFault::corrupted:
      return fault(counts.corrupted, PingNote::Kind::corrupted);
    case ReplyFault::forged:
      return fault(counts.forged, PingNote::Kind::forged);
    case ReplyFault::resent:
      return fault(counts.resent, PingNote::Kind::resent);
    case ReplyFault::none:
      break;
  }
  Entry* entry = reply.index ? find(*reply.index) : nullptr;
  if (entry == nullptr) return fault(counts.forged, PingNote::Kind::forged);
  if (entry->reply) return fault(counts.duplicates, PingNote::Kind::duplicate);
  entry->reply = reply;
  entry->stamps.app_rx = reply.app_rx_ns;
  if (!entry->stamps.driver_rx) entry->stamps.driver_rx = reply.driver_rx_ns;
  entry->stamps.hw_rx = reply.hw_rx_ns;
  counts.received++;
  if (entry->index < newest_answered_) {
    counts.reordered++;
  } else {
    newest_answered_ = entry->index;
  }
  return std::nullopt;
}

void PingBook::take(const TransmitStamp& stamp) {
  Entry* entry = find(stamp.index);
  if (entry == nullptr) return;
  // Behind a bridge on the same machine the packet keeps its socket, and each further device stamps
  // it again.
  switch (stamp.at) {
    case TransmitStamp::At::qdisc:
      if (!entry->stamps.qdisc_tx) entry->stamps.qdisc_tx = stamp.ns;
      break;
    case TransmitStamp::At::driver:
      if (!entry->stamps.driver_tx) entry->stamps.driver_tx = stamp.ns;
      break;
    case TransmitStamp::At::hw:
      entry->stamps.hw_tx = stamp.ns;
      break;
  }
}

}  // namespace tscope
