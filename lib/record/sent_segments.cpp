// SPDX-License-Identifier: MIT
#include "record/sent_segments.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr std::uint32_t headers_min = 40, headers_max = 120, timestamps_option = 12;
constexpr double common_from = 0.10;  // of the segments, for a size to count as full
constexpr std::uint32_t run_max = 1U << 28;

bool after(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

std::uint32_t parts_of(std::uint32_t bytes, std::uint32_t size) {
  return (bytes + size - 1) / size;
}

}  // namespace

void SentSegments::limit(std::uint32_t mss) {
  if (mss > 0) mss_ = mss_ == 0 ? mss : std::min(mss_, mss);
}

void SentSegments::note_size(std::uint32_t payload) {
  const auto known = sizes_.find(payload);
  if (known != sizes_.end()) {
    known->second++;
  } else if (sizes_.size() < sizes_max) {
    sizes_.emplace(payload, 1);
  }
  sized_++;
}

std::uint32_t SentSegments::full_payload() const {
  if (mss_ > 0) return mss_ - (timestamps_ && mss_ > timestamps_option ? timestamps_option : 0);
  // Counted anew when there are twice as many.
  if (sized_ < 2 * full_at_ || sized_ == 0) return full_;
  full_at_ = sized_;
  full_ = 0;
  for (const auto& [payload, count] : sizes_) {
    if (static_cast<double>(count) >= common_from * static_cast<double>(sized_)) full_ = payload;
  }
  return full_;
}

// Where no full size is known, what fits into the MTU.
std::uint32_t SentSegments::size_in_use() const {
  const std::uint32_t full = full_payload();
  return std::max<std::uint32_t>(1, full > 0 ? full : mtu_ - std::min(header_bytes_, mtu_ / 2));
}

void SentSegments::extend(std::uint32_t start, std::uint32_t end, std::uint32_t size) {
  if (!runs_.empty()) {
    Run& last = runs_.back();
    if (last.end == start && last.size == size && (last.end - last.start) % size == 0) {
      last.end = end;
      if (last.end - last.start > run_max) last.start += run_max / 2 / size * size;
      return;
    }
  }
  runs_.push_back({start, end, size});
}

void SentSegments::add(const TcpHeaders& tcp, const Packet& packet) {
  timestamps_ = timestamps_ || tcp.has_timestamps;
  if ((tcp.flags & tcp_flag::syn) != 0) {  // another connection on the same ports
    runs_.clear();
    sent_.clear();
    highest_.reset();
    limit(tcp.mss);
    return;
  }
  if (tcp.payload == 0) return;
  const std::uint32_t wire_len = packet.record.wire_len;
  const std::uint32_t headers = wire_len > tcp.payload ? wire_len - tcp.payload : 0;
  if (headers >= headers_min && headers <= headers_max) header_bytes_ = headers;
  const std::uint32_t segs = packet.record.segs;
  if (segs <= 1 && tcp.payload + header_bytes_ <= mtu_) note_size(tcp.payload);
  const std::uint32_t end = tcp.seq + tcp.payload;
  if (highest_ && !after(end, *highest_)) return;
  const std::uint32_t start = highest_ && after(*highest_, tcp.seq) ? *highest_ : tcp.seq;
  std::uint32_t size = segs > 1 ? parts_of(tcp.payload, segs) : tcp.payload;
  const std::uint32_t most = size_in_use();
  if (size > most && (mss_ > 0 || tcp.payload + header_bytes_ > mtu_)) size = most;
  extend(start, end, size);
  highest_ = end;
  sent_.push_back({start, end, packet.time_ns});
}

std::optional<std::int64_t> SentSegments::sent_at(std::uint32_t end) const {
  const std::size_t at = sent_.first_where([end](const Sent& s) { return !after(end, s.end); });
  if (at == sent_.size() || !after(end, sent_[at].start)) return {};
  return sent_[at].time_ns;
}

std::uint32_t SentSegments::segments_in(std::uint32_t low, std::uint32_t high) const {
  if (!after(high, low)) return 0;
  std::uint32_t seen = 0, count = 0;
  std::size_t at = runs_.first_where([low](const Run& run) { return after(run.end, low); });
  for (; at < runs_.size() && after(high, runs_[at].start); at++) {
    const Run& run = runs_[at];
    const std::uint32_t from = after(low, run.start) ? low : run.start;
    const std::uint32_t to = after(run.end, high) ? high : run.end;
    seen += to - from;
    count += (to - run.start) / run.size - (from - run.start) / run.size;
    if (to == run.end && (run.end - run.start) % run.size != 0) count++;
  }
  const std::uint32_t unseen = high - low > seen ? high - low - seen : 0;
  return std::max<std::uint32_t>(1, count + parts_of(unseen, size_in_use()));
}

}  // namespace tscope
