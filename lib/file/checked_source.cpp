// SPDX-License-Identifier: MIT
#include "file/checked_source.hpp"

#include <algorithm>

namespace tscope {

namespace {

constexpr std::size_t held_max = 4096;

}  // namespace

CheckedSource::CheckedSource(std::unique_ptr<FileSource> file) : file_(std::move(file)) {
  take_interfaces();
}

void CheckedSource::take_interfaces() {
  const std::vector<Interface>& all = file_->interfaces();
  while (place_.size() < all.size()) {
    interfaces_.push_back(all[place_.size()]);
    place_.push_back(static_cast<std::uint32_t>(interfaces_.size() - 1));
    second_side_.push_back(0);
  }
}

std::uint32_t CheckedSource::second_side_of(std::uint32_t interface) {
  std::uint32_t& side = second_side_[interface];
  if (side == 0) {
    const std::string device = file_->interfaces()[interface].device;
    side = static_cast<std::uint32_t>(interfaces_.size());
    interfaces_.push_back(
        {device == "-" ? "behind router" : device + " behind router", Vantage::tap});
  }
  return side;
}

bool CheckedSource::read(Packet& packet) {
  if (ended_) return false;
  ended_ = file_->next(packet) != Next::packet;
  if (place_.size() != file_->interfaces().size()) take_interfaces();
  return !ended_;
}

// Whether the packet is delivered; nothing if that can't be said yet. `judged` is a reference since
// a copy would have to wait for all that was written to the table of packets before it.
std::optional<bool> CheckedSource::settle(Packet& packet, const CopyFinder::Judged& judged,
                                          bool at_end) {
  switch (judged.kind) {
    case CopyFinder::Kind::copy:
      found_.copies++;
      return false;
    case CopyFinder::Kind::undecided:
      if (!at_end && !copies_.can_decide(judged.stream)) return std::nullopt;
      if (copies_.decide(judged.stream)) {
        found_.copies++;
        return false;
      }
      found_.perhaps_copies++;
      break;
    case CopyFinder::Kind::second_side:
      found_.second_side++;
      packet.interface = second_side_of(packet.interface);
      times_.check(packet);
      return true;
    case CopyFinder::Kind::original:
      break;
  }
  packet.interface = place_[packet.interface];
  times_.check(packet);
  return true;
}

Source::Next CheckedSource::next(Packet& packet) {
  while (true) {
    if (!held_.empty()) {
      Held& first = held_.front();
      const auto settled = settle(first.packet, first.judged, ended_ || held_.size() >= held_max);
      if (settled) {
        if (*settled) packet = first.packet;
        held_.pop_front();
        if (*settled) return Next::packet;
        continue;
      }
    }
    if (!read(packet)) {
      if (held_.empty()) return Next::end;
      continue;
    }
    if (packet.vantage() != Vantage::tap) {
      packet.interface = place_[packet.interface];
      return Next::packet;
    }
    const CopyFinder::Judged judged = copies_.judge(packet);
    if (held_.empty()) {
      if (const auto settled = settle(packet, judged, false)) {
        if (*settled) return Next::packet;
        continue;
      }
    }
    held_.push_back({packet, judged});
  }
}

ClockInfo CheckedSource::clock() const {
  ClockInfo info = file_->clock();
  Census census;
  times_.report(census);
  info.resolution_ns = std::max(info.resolution_ns, census.step_ns);
  return info;
}

Census CheckedSource::census() const {
  Census census = file_->census();
  census.copies = found_.copies;
  census.perhaps_copies = found_.perhaps_copies;
  census.second_side = found_.second_side;
  times_.report(census);
  return census;
}

}  // namespace tscope
