// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "tscope/analysis/replies.hpp"
#include "tscope/record/clock.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

struct CollectorOptions {
  /// A UDP socket connected to the reflector, which stays the caller's (Train::socket()); or -1 for
  /// one of the collector's own, bound to `local` and connected to `reflector`.
  int socket = -1;
  Endpoint local{};  ///< family 0: as the system chooses; port 0: one that is free
  Endpoint reflector{};
  std::size_t replies_max = 8'000'000;  ///< bound on memory, 56 bytes each
};

/// Takes in a reflector's answers in a thread of its own while a train goes out, stamped by the
/// kernel as they enter the stack (SO_TIMESTAMPNS), so that the thread's own delays don't count.
///
///     ReplyCollector collector({.socket = train->socket()});
///     collector.greet();                       // numbers to tell losses by, see greet()
///     train->run(sink, cancel);
///     collector.take_leave(next_index);
///     const ReplySet replies = collector.finish(std::chrono::seconds(1), first_anchor);
class ReplyCollector {
 public:
  /// The number of a greeting: a stateful reflector counts on as if it were the probe before 0.
  static constexpr std::uint32_t greeting = 0xffff'ffff;

  /// Throws Error.
  explicit ReplyCollector(const CollectorOptions& options);
  ~ReplyCollector();
  ReplyCollector(const ReplyCollector&) = delete;
  ReplyCollector& operator=(const ReplyCollector&) = delete;

  int socket() const;

  /// Sends a probe ahead of the train, up to three times, until an answer tells if the reflector
  /// is stateful and where its numbers are: with that, every loss has a direction. False if nothing
  /// answered, which is worth saying before a train goes out for nothing.
  bool greet(std::chrono::milliseconds patience = std::chrono::milliseconds(300));

  /// The same behind the train; index: the number after its last probe's.
  bool take_leave(std::uint32_t index,
                  std::chrono::milliseconds patience = std::chrono::milliseconds(300));

  /// ICMP said at some time that nobody listens there.
  bool refused() const;

  std::uint64_t replies() const;  ///< so far, of the train

  /// Waits until nothing came for `quiet`, ends the thread and hands over what came. time_line: the
  /// first anchor of the ClockModel that gives the probes' times; without it, CLOCK_REALTIME at the
  /// collector's start carried on by CLOCK_MONOTONIC_RAW. Once only.
  ReplySet finish(std::chrono::milliseconds quiet,
                  const std::optional<Anchor>& time_line = std::nullopt);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tscope
