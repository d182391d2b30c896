// SPDX-License-Identifier: MIT
#include "analysis/delay/flow_table.hpp"

#include <algorithm>

namespace tscope {

namespace {

// What belongs to a closed connection comes within this time, or is nothing to wait for.
constexpr std::int64_t closed_silence_ns = 100'000'000;
constexpr std::int64_t silence_ns = 10'000'000'000;
// A question and its answer, mostly.
constexpr std::int64_t datagram_silence_ns = 1'000'000'000;

}  // namespace

void FlowGroup::note_socket(Way way, std::uint32_t netns) {
  std::vector<std::uint32_t>& sockets = sockets_[static_cast<std::size_t>(way)];
  if (!sockets.empty() && sockets.front() == netns) return;
  if (std::ranges::find(sockets, netns) != sockets.end()) return;
  if (sockets.size() < namespaces_max) sockets.push_back(netns);
}

Track& FlowGroup::track(Way way, std::uint32_t netns, const Shared& with) {
  const std::vector<std::uint32_t>& sockets = sockets_[static_cast<std::size_t>(way)];
  if (sockets.size() == 1) netns = sockets.front();
  for (const auto& track : tracks_) {
    if (track->way() == way && track->netns() == netns) return *track;
  }
  if (tracks_.size() >= 2 * namespaces_max) return *tracks_.back();
  return *tracks_.emplace_back(std::make_unique<Track>(datagrams_, way, netns, with));
}

FlowGroup* FlowTable::known(const Flow& flow) {
  const auto found = index_.find(flow);
  return found == index_.end() ? nullptr : &*found->second;
}

FlowGroup* FlowTable::group(const Flow& flow, std::int64_t time_ns) {
  auto found = index_.find(flow);
  if (found == index_.end()) {
    if (index_.size() >= flows_max_ && !make_room(time_ns)) return nullptr;
    open_.emplace_back(flow, datagrams_);
    found = index_.emplace(flow, std::prev(open_.end())).first;
  }
  const Groups::iterator at = found->second;
  Groups& groups = at->closed_ ? closed_ : open_;
  groups.splice(groups.end(), groups, at);
  at->newest_ns_ = std::max(at->newest_ns_, time_ns);
  return &*at;
}

void FlowTable::close(const Flow& flow) {
  const auto found = index_.find(flow);
  if (found == index_.end() || found->second->closed_) return;
  found->second->closed_ = true;
  closed_.splice(closed_.end(), open_, found->second);
}

void FlowTable::reopen(const Flow& flow) {
  const auto found = index_.find(flow);
  if (found == index_.end() || !found->second->closed_) return;
  found->second->closed_ = false;
  open_.splice(open_.end(), closed_, found->second);
}

bool FlowTable::make_room(std::int64_t now_ns) {
  return retire(closed_, now_ns - closed_silence_ns) ||
         retire(open_, now_ns - (datagrams_ ? datagram_silence_ns : silence_ns));
}

bool FlowTable::retire(Groups& groups, std::int64_t silent_since_ns) {
  if (groups.empty()) return false;
  FlowGroup& oldest = groups.front();
  if (oldest.newest_ns_ > silent_since_ns || oldest.held_ > 0) return false;
  finish(oldest, Track::goes_on);
  index_.erase(oldest.flow());
  groups.pop_front();
  return true;
}

void FlowTable::finish(FlowGroup& group, std::int64_t end_ns) {
  for (const auto& track : group.tracks()) {
    track->finish(end_ns);
    finished_.add(group.flow(), track->netns(), datagrams_, track->has_socket(),
                  std::move(track->outcomes()));
  }
}

void FlowTable::finish(std::int64_t end_ns) {
  for (Groups* groups : {&open_, &closed_}) {
    for (FlowGroup& group : *groups) finish(group, end_ns);
    groups->clear();
  }
  index_.clear();
}

}  // namespace tscope
