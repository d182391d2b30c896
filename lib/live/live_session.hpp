// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "live/devices/device_watch.hpp"
#include "live/devices/interface_table.hpp"
#include "live/devices/route_filter.hpp"
#include "live/engine.hpp"
#include "live/nic_clocks.hpp"
#include "live/reader/merge.hpp"
#include "tscope/live/live_source.hpp"

namespace tscope {

/// What a session counts of the packets that pass its hooks.
struct PassedScope {
  std::vector<Vantage> vantages;  ///< driver-rx, driver-tx: those it has
  std::uint32_t only_device = 0;  ///< ifindex; 0: all
};

/// Whose records a session has, where that is for the reader to find out.
struct RecordScope {
  std::shared_ptr<const VisitedNetns> netns;  ///< null: the calling thread's
  std::string device;                         ///< that the filter names; empty: all
  tscope_filter filter{};
};

/// An engine's records in the order of time.
class LiveSession final : public LiveSource {
 public:
  /// Starts the engine. Throws what it throws.
  LiveSession(std::unique_ptr<Engine> engine, std::chrono::milliseconds reorder_window,
              std::chrono::milliseconds nap = std::chrono::milliseconds(20), NicSetup nics = {},
              PassedScope passed = {}, RecordScope scope = {});

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_.all(); }
  Loss loss() const override;
  std::optional<PassedPackets> passed() const override;
  ClockInfo clock() const override;
  std::vector<NicStamps> nic_stamps() const override { return nics_.stamps(); }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  void stop() override;
  std::vector<Anchor> take_anchors() override;
  std::vector<NicReading> take_nic_readings() override { return nics_.take_readings(); }
  std::uint32_t clock_khz() const override { return engine_->clock_khz(); }
  bool netns_gone() const override { return netns_gone_; }
  bool device_gone() const override { return device_gone_; }
  std::vector<std::string> warnings() const override;
  const VisitedNetns* netns() const override { return scope_.netns.get(); }
  std::int64_t watermark_ns() const override;

 private:
  Anchor read_anchor();
  void keep_anchor(const Anchor& anchor);
  void read_clocks();
  void refill();
  void look_at_devices(std::uint64_t now);
  void note_change(const DeviceChange& change, std::uint64_t now);

  std::unique_ptr<Engine> engine_;
  std::chrono::milliseconds nap_;
  Merge merge_;
  std::optional<ClockModel> clock_;
  NicClocks nics_;
  PassedScope passed_;
  std::vector<Anchor> anchors_;
  std::size_t anchors_taken_ = 0;
  std::uint64_t narrowest_anchor_ = UINT64_MAX;
  std::uint64_t next_anchor_ = 0;  // ticks
  std::uint64_t stopped_at_ = 0;   // ticks
  std::uint64_t missed_before_ = 0;
  bool stopped_ = false;
  bool drained_ = false;
  std::uint64_t delivered_until_ = 0;  // ticks
  bool netns_gone_ = false, device_gone_ = false;
  RecordScope scope_;
  DeviceWatch devices_;
  InterfaceTable interfaces_;
  RouteFilter routes_;
  bool filters_ = false;         // by device or address
  std::uint64_t looked_at_ = 0;  // ticks, at the devices
  std::vector<std::string> renamings_;
  std::map<std::string, std::string> facts_;
};

/// A session in the network namespace that the options name, with the NICs' clocks that they ask
/// for. engine: makes the engine there. Throws what it and the NICs throw.
std::unique_ptr<LiveSource> open_live(const std::function<std::unique_ptr<Engine>()>& engine,
                                      const CaptureOptions& options);

/// Slots a ring: what was asked for, checked, or the default. Throws UsageError.
std::uint32_t ring_slots(std::uint32_t asked, std::uint32_t cpus, std::uint32_t max_slots);
/// What the default may shrink to where memory is short.
constexpr std::uint32_t default_slots_min = 1024;

std::uint32_t vantage_bits(const std::vector<Vantage>& vantages);
/// "driver-rx, socket-rx".
std::string vantage_list(std::uint32_t bits, const char* separator = ", ");

}  // namespace tscope
