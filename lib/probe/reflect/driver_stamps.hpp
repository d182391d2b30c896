// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tscope/live/live_source.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

/// What tells a datagram: where it came from and its payload's first bytes (of STAMP: number, time,
/// error estimate, session).
struct DatagramMark {
  static constexpr std::size_t bytes = TSCOPE_PAYLOAD_MAX;
  Endpoint sender;
  std::array<std::uint8_t, bytes> begin{};
  bool operator==(const DatagramMark&) const = default;
};

/// Nothing if there is less of the payload, or the record is no UDP datagram's.
std::optional<DatagramMark> datagram_mark(const Endpoint& sender,
                                          std::span<const std::uint8_t> payload);
std::optional<DatagramMark> datagram_mark(const tscope_record& record);

/// When datagrams that a socket gives entered from the driver, by a live session's records. A
/// record is committed before its datagram reaches the socket, so it is there to be read then; what
/// the ring could not hold is not.
class DriverStamps {
 public:
  /// live: driver-rx records of UDP, with reorder_window and nap 0.
  explicit DriverStamps(std::unique_ptr<LiveSource> live);

  /// CLOCK_REALTIME at which the driver handed the datagram over; nothing if no record tells.
  /// socket_ns: the kernel's own stamp, to which it must be near. Copies come in their order.
  std::optional<std::int64_t> take(const Endpoint& sender, std::span<const std::uint8_t> payload,
                                   std::int64_t socket_ns);
  /// To be called now and then, datagrams or none: clocks are compared, records taken in.
  void keep_up();

 private:
  // Of datagrams that came in another order than their records, or never.
  struct Waiting {
    DatagramMark mark;
    std::int64_t time_ns = 0;  // 0: free
  };
  static constexpr std::size_t buckets = 1024, ways = 4;
  using Bucket = std::array<Waiting, ways>;

  void look_at_clocks();
  bool near(std::int64_t time_ns, std::int64_t socket_ns) const;
  bool pull();
  Bucket& bucket_of(const DatagramMark& mark);
  void keep();
  std::optional<std::int64_t> waiting(const DatagramMark& mark, std::int64_t socket_ns);

  std::unique_ptr<LiveSource> live_;
  std::int64_t base_ = 0;   // CLOCK_REALTIME - CLOCK_MONOTONIC_RAW on the session's time line
  std::int64_t moved_ = 0;  // how far CLOCK_REALTIME has left it
  std::int64_t noise_ns_ = 0;
  Waiting pulled_;
  std::vector<Bucket> waiting_;
};

}  // namespace tscope
