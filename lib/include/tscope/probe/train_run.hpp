// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tscope/probe/train.hpp"
#include "tscope/record/packet.hpp"
#include "tscope/record/source.hpp"

namespace tscope {

/// What one probe came to; times in ticks of the TSC.
struct ProbeResult {
  std::uint32_t index = 0;      ///< in the plan
  std::uint64_t scheduled = 0;  ///< when it was to be handed over
  std::uint64_t woken = 0;      ///< the sender turned to it
  std::uint64_t spun = 0;       ///< read when the spin was over; if needless, then or woken
  std::uint64_t handed = 0;     ///< read right before the hand-over; it stands in the probe
  int error = 0;                ///< errno that kept it from being handed over, or 0
  unsigned flags = 0;           ///< TSCOPE_F_LATE, _CONTENDED, _TIMER
  std::uint32_t size = 0;       ///< bytes of UDP payload
};

/// Of a record of kind TSCOPE_PROBE.
ProbeResult probe_result(const tscope_record& record);
/// The three times of such a record.
tscope_probe probe_times(const tscope_record& record);

enum class TrainEngineKind { kmod, user };
/// How the user engine waits: sleep and spin; sleep alone, to compare with; or not at all, by
/// SO_TXTIME and an etf qdisc.
enum class UserMode { spin, sleep, txtime };

struct TrainRequest {
  std::string host;
  std::uint16_t port = 862;
  std::uint16_t source_port = 0;  ///< 0: one that is free
  std::vector<PlannedProbe> plan;
  UserMode user_mode = UserMode::spin;
  std::optional<std::uint32_t> cpu;  ///< that sends; else the last one that this process may use
  bool qdisc = false;                ///< kmod: hand over to the qdisc, not to the driver
  std::int64_t late_ns = 50'000;     ///< handed over later, a probe is marked
};

struct TrainOutcome {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;  ///< had their turn and could not be handed over
  std::uint64_t left = 0;    ///< had no turn
  int reason = 0;            ///< errno why the train ended before its end, or 0
  std::uint64_t late = 0, contended = 0, timer = 0;  ///< marked
  std::uint64_t lead_ns = 0;                         ///< how early the sender was woken, at the end
  double elapsed_s = 0;                              ///< from the first probe's time to the end
  double busy_s = 0;                                 ///< CPU time for it, the spin included
  double spin_s = 0;
  std::uint64_t expired = 0;  ///< txtime: handed over, dropped by the qdisc
  bool refused = false;       ///< user: ICMP said that nobody listens there
  Loss loss;                  ///< of records
  ClockInfo clock;
  std::vector<std::string> notes;  ///< what a reader of the figures must know, a line each
};

/// Takes what a train says while it runs.
class TrainSink {
 public:
  virtual ~TrainSink() = default;
  virtual void anchor(const Anchor& anchor, std::uint32_t tsc_khz) = 0;
  /// A probe that had its turn: a record of kind TSCOPE_PROBE. In the order of time but for late
  /// ones.
  virtual void probe(const Packet& packet, const Interface& interface) = 0;
};

/// A train that is ready to go.
class Train {
 public:
  virtual ~Train() = default;

  /// Sends it and returns when it is over, or a little after `cancel` became true. Once only.
  /// Throws Error.
  virtual TrainOutcome run(TrainSink& sink, const std::atomic<bool>& cancel) = 0;

  /// "engine", "destination", "device", "source", ...
  virtual const std::map<std::string, std::string>& facts() const = 0;
  /// UDP socket that has the train's source port and is connected to its destination: what comes
  /// back can be read from it.
  virtual int socket() const = 0;
};

/// Resolves the destination, takes the engine and checks everything that can be checked before a
/// probe goes out. Throws Error or UsageError.
std::unique_ptr<Train> open_train(TrainEngineKind engine, TrainRequest request);

/// kmod if there is a /dev/tscope, else user.
TrainEngineKind best_train_engine();

}  // namespace tscope
