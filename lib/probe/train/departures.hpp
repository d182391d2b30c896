// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "probe/train/resolve.hpp"
#include "tscope/live/live_source.hpp"

namespace tscope {

/// When the probes that a process sends are handed to the driver, as the module's hook stamps it:
/// at the same place as it stamps its own probes.
class Departures {
 public:
  /// Nothing where there is no module, or it is not for this process.
  static std::unique_ptr<Departures> watch(const ProbePath& path, std::size_t probes);

  /// Takes what has been stamped since.
  void look();
  /// Takes the rest. Nothing is stamped any more.
  void stop();

  /// Tick of the probe's hand-over to the driver; 0: not stamped (yet).
  std::uint64_t of(std::uint64_t probe) const { return ticks_[probe]; }
  std::uint64_t stamped() const { return stamped_; }
  Loss loss() const { return live_->loss(); }

 private:
  Departures(std::unique_ptr<LiveSource> live, const FrameAddresses& addresses, std::size_t probes)
      : live_(std::move(live)), addresses_(addresses), ticks_(probes) {}
  void take(const tscope_record& record);

  std::unique_ptr<LiveSource> live_;
  FrameAddresses addresses_;
  std::vector<std::uint64_t> ticks_;
  std::uint64_t stamped_ = 0;
};

}  // namespace tscope
