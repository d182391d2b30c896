// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "live/reader/ring.hpp"
#include "tscope/record/clock.hpp"

namespace tscope {

/// What fills rings with records: the module, or BPF programs.
class Engine {
 public:
  virtual ~Engine() = default;

  /// One for each CPU, in memory that the engine keeps.
  virtual std::vector<Ring> rings() = 0;
  virtual void start() = 0;
  /// No record is stamped any more when it returns.
  virtual void stop() = 0;

  /// Until there is much to read, or the time is over. False: the session's network namespace is
  /// gone.
  virtual bool wait(std::chrono::milliseconds limit) = 0;

  /// The clock that stamps: "tsc", "monotonic".
  virtual std::string clock_name() const = 0;
  virtual std::uint32_t clock_khz() const = 0;
  /// Of that clock, now.
  virtual std::uint64_t now() const = 0;
  virtual Anchor anchor() const = 0;

  /// What it does not stamp although it was asked for, a sentence each.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// Hits that never reached a hook, since some moment before start().
  virtual std::uint64_t missed() const = 0;
  /// What a reader of the file may want to know of it.
  virtual std::map<std::string, std::string> facts() const = 0;
};

}  // namespace tscope
