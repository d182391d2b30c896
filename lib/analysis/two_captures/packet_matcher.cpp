// SPDX-License-Identifier: MIT
#include "analysis/two_captures/packet_matcher.hpp"

#include <algorithm>

namespace tscope {

void PacketMatcher::add(int side, const PacketStamp& packet, std::int64_t common_ns) {
  const auto mine = static_cast<std::size_t>(side), others = 1 - mine;
  Side& other = sides_[others];
  while (!other.turns.empty() && other.turns.front().common_ns < common_ns - horizon_ns) {
    drop_oldest(static_cast<int>(others));
  }
  const auto found = other.by_key.find(packet.identity.key);
  if (found != other.by_key.end()) {
    auto& candidates = found->second;
    const auto end =
        candidates.begin() + static_cast<std::ptrdiff_t>(std::min(candidates.size(), alike_max));
    const auto same = [&](const Waiting& w) {
      return same_packet(w.packet.identity, packet.identity);
    };
    const auto match = std::find_if(candidates.begin(), end, same);
    if (match != end) {
      const PacketStamp& like = match->packet;
      const bool alone = std::find_if(match + 1, end, same) == end;
      const bool certain = alone && told_apart(like.identity, packet.identity);
      on_match_(side == 0 ? Match{packet, like, alone, certain}
                          : Match{like, packet, alone, certain});
      candidates.erase(match);
      if (candidates.empty()) other.by_key.erase(found);
      other.waiting--;
      return;
    }
  }
  Side& own = sides_[mine];
  while (!own.turns.empty() && oldest_was_matched(own)) own.turns.pop_front();
  while (own.waiting >= waiting_max || own.turns.size() >= 4 * waiting_max) drop_oldest(side);
  own.by_key[packet.identity.key].push_back({++serial_, packet});
  own.turns.push_back({packet.identity.key, serial_, common_ns});
  own.waiting++;
}

bool PacketMatcher::oldest_was_matched(const Side& side) const {
  const Turn& turn = side.turns.front();
  const auto found = side.by_key.find(turn.key);
  return found == side.by_key.end() ||
         std::ranges::find(found->second, turn.serial, &Waiting::serial) == found->second.end();
}

void PacketMatcher::drop_oldest(int side) {
  Side& own = sides_[static_cast<std::size_t>(side)];
  const Turn turn = own.turns.front();
  const bool matched = oldest_was_matched(own);
  own.turns.pop_front();
  if (matched) return;
  const auto found = own.by_key.find(turn.key);
  const auto it = std::ranges::find(found->second, turn.serial, &Waiting::serial);
  on_missing_(side, it->packet);
  found->second.erase(it);
  if (found->second.empty()) own.by_key.erase(found);
  own.waiting--;
}

bool CopyFilter::is_copy(const PacketStamp& packet) {
  if (!packet.identity.ip_id.tells()) return false;
  const std::uint64_t whole = packet.identity.key ^
                              std::uint64_t{packet.identity.ip_id.value} << 48 ^
                              std::uint64_t{packet.identity.tsval} << 16;
  if (!known_.insert(whole).second) return true;
  order_.push_back(whole);
  if (order_.size() > remembered) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return false;
}

void PacketMatcher::finish() {
  for (int side = 0; side < 2; side++) {
    while (!sides_[static_cast<std::size_t>(side)].turns.empty()) drop_oldest(side);
  }
}

}  // namespace tscope
