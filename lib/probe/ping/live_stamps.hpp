// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "probe/ping/prober.hpp"
#include "tscope/live/live_source.hpp"

namespace tscope {

/// A probe or its answer at a vantage point, on the raw clock.
struct LiveStamp {
  Vantage vantage = Vantage::driver_tx;
  std::int64_t ns = 0;
  std::uint32_t key = 0;  ///< Prober::Key
  PacketHead head;
};

/// Of a probe going out (transmit vantage points) or an answer coming in; nothing for the rest.
/// id: of echoes. ns is left 0.
std::optional<LiveStamp> live_stamp(const tscope_record& record, PingProtocol protocol,
                                    std::uint16_t id);

/// Reads a live source in a thread of its own, which keeps out of the way of the one that pings.
class LiveStamps {
 public:
  LiveStamps(std::unique_ptr<LiveSource> source, PingProtocol protocol, std::uint16_t id);
  ~LiveStamps();
  LiveStamps(const LiveStamps&) = delete;
  LiveStamps& operator=(const LiveStamps&) = delete;

  /// What came since the last call.
  std::vector<LiveStamp> take();
  /// Everything before has been taken in.
  std::int64_t watermark_ns() const { return watermark_ns_; }
  /// Ends it; records that were lost.
  std::uint64_t finish();

 private:
  void run();

  std::unique_ptr<LiveSource> source_;
  PingProtocol protocol_;
  std::uint16_t id_;
  std::int64_t realtime_less_raw_ns_;  // at the source's first anchor: its times go on from there
  std::mutex mutex_;                   // guards stamps_
  std::vector<LiveStamp> stamps_;
  std::uint64_t dropped_ = 0;  // no room in them
  std::atomic<std::int64_t> watermark_ns_{0};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace tscope
