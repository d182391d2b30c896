// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/two_captures/packet_matcher.hpp"
#include "analysis/two_captures/plan.hpp"
#include "record/ack_classifier.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

/// Ticks of one counter as time, for two captures that share it.
struct TickScale {
  std::uint64_t base_tsc = 0;
  std::int64_t base_ns = 0;
  double ns_per_tick = 0;

  std::int64_t to_ns(std::uint64_t tsc) const;
};

/// What one reading of both captures hands on.
struct SideBySideEvents {
  std::function<void(std::size_t file, const Packet&, const Interface&)> packet;  // may be empty
  PacketMatcher::OnMatch match;
  PacketMatcher::OnMissing missing;
  /// Once more in the file, passed over; may be empty.
  std::function<void(std::size_t file, const PacketStamp&)> copy;
  /// Without payload, at a plan's last vantage point.
  std::function<void(std::size_t file, const PacketStamp&)> arrived;
};

/// Reads two captures side by side, in the order of a common time, and matches the planned flows'
/// packets.
class SideBySide {
 public:
  SideBySide(std::array<std::string, 2> paths, const std::vector<FlowPlan>& plans,
             bool advancing_only, bool datagrams);

  /// Stamps are to be taken from the counter, on one scale for both.
  void use_ticks(const TickScale& scale) { ticks_ = scale; }

  /// offset: of the second clock at a time of the second, as well as it is known.
  void read(const std::function<std::int64_t(std::int64_t)>& offset, const SideBySideEvents& events,
            const std::function<void(std::uint64_t)>& progress);

  /// At its end after read().
  const Source& source(std::size_t file) const { return *files_[file].source; }

 private:
  static constexpr std::uint32_t usual_mtu = 1500;

  struct Known {
    AckClassifier classifier;
    std::optional<std::uint32_t> highest_ack;
    SentSegments sent{usual_mtu};
    DeliveredData data;
    DeliveredSoFar delivered;
  };
  struct File {
    std::unique_ptr<FileSource> source;
    Packet packet;
    std::uint64_t number = 0;
    std::int64_t common_ns = 0;
    bool over = false;
    CopyFilter copies;
    std::vector<Known> known;  // by plan
  };

  void advance(std::size_t file, const std::function<std::int64_t(std::int64_t)>& offset);
  bool is_ack(Known& known, const TcpHeaders& tcp) const;
  void follow(File& at, const TcpHeaders& tcp, PacketStamp& stamp);
  void take(std::size_t file, PacketMatcher& matcher, const SideBySideEvents& events);

  std::array<std::string, 2> paths_;
  const std::vector<FlowPlan>& plans_;
  bool advancing_only_, datagrams_;
  std::unordered_map<Flow, std::uint32_t, FlowHash> by_flow_;
  std::optional<TickScale> ticks_;
  std::array<File, 2> files_;
};

}  // namespace tscope
