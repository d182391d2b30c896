// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "analysis/delay/finished_flows.hpp"
#include "analysis/delay/track.hpp"

namespace tscope {

/// One direction of a flow, in all network namespaces where it shows.
///
/// Two namespaces may use the same addresses and ports at once. A record belongs to its own
/// namespace's socket if there is one; a device elsewhere (a bridge's port) serves the only socket
/// that there is, and of several nobody knows which.
class FlowGroup {
 public:
  FlowGroup(const Flow& flow, bool datagrams) : flow_(flow), datagrams_(datagrams) {}

  const Flow& flow() const { return flow_; }
  /// There is a socket of this way in that namespace. Known as soon as a record was read, which is
  /// before it and its neighbours in time are followed.
  void note_socket(Way way, std::uint32_t netns);
  Track& track(Way way, std::uint32_t netns, const Shared& with);
  std::vector<std::unique_ptr<Track>>& tracks() { return tracks_; }

 private:
  friend class FlowTable;
  static constexpr std::size_t namespaces_max = 64;

  Flow flow_;
  bool datagrams_;
  std::array<std::vector<std::uint32_t>, 2> sockets_;  // namespaces, by way
  std::vector<std::unique_ptr<Track>> tracks_;
  std::uint64_t held_ = 0;  // records that were read and not followed yet
  std::int64_t newest_ns_ = INT64_MIN / 2;
  bool closed_ = false;
};

/// The flows that are being followed, of TCP or of datagrams. When it is full, a flow that closed,
/// or was silent for long, makes room for a new one.
class FlowTable {
 public:
  FlowTable(bool datagrams, std::size_t flows_max, const Shared& with, FinishedFlows& finished)
      : datagrams_(datagrams), flows_max_(flows_max), with_(with), finished_(finished) {}

  /// Returns null where there is no room.
  FlowGroup* group(const Flow& flow, std::int64_t time_ns);
  FlowGroup* known(const Flow& flow);
  /// A record of the group waits to be followed, or does so no more.
  void hold(FlowGroup& group) { group.held_++; }
  void let_go(FlowGroup& group) { group.held_--; }
  /// This direction has ended: it makes room when it has been silent for a moment.
  void close(const Flow& flow);
  void reopen(const Flow& flow);
  void finish(std::int64_t end_ns);

 private:
  using Groups = std::list<FlowGroup>;  // the one with the oldest newest record first

  bool make_room(std::int64_t now_ns);
  bool retire(Groups& groups, std::int64_t silent_since_ns);
  void finish(FlowGroup& group, std::int64_t end_ns);

  bool datagrams_;
  std::size_t flows_max_;
  Shared with_;
  FinishedFlows& finished_;
  Groups open_, closed_;
  std::unordered_map<Flow, Groups::iterator, FlowHash> index_;
};

}  // namespace tscope
