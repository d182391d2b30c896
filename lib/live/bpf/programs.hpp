// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config.h"
#include "live/bpf/grace_period.hpp"
#include "tscope/record/vantage.hpp"

struct tscope_bpf;

namespace tscope {

/// The BPF programs of a set of vantage points, loaded and not attached. Attached programs go with
/// this object, or with the process.
class Programs {
 public:
  enum class Lacking : std::uint8_t { refuse, leave_out };

  /// config.slots, .shift and .cpus decide the rings; config.vantages may ask for what can't be
  /// had, and `lacking` says whether that is an Error, found before anything is loaded if possible.
  /// Throws Error where the kernel takes no BPF programs at all.
  Programs(const tscope_bpf_config& config, Lacking lacking);
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  /// Of those asked for, the ones that can be had. Bits.
  std::uint32_t vantages() const { return vantages_; }
  /// Empty, or why entries and exits of functions can't be hooked here.
  const std::string& why_no_functions() const { return why_no_functions_; }
  /// Stamps come from the module's TSC kfunc.
  bool uses_tsc() const { return config_.tsc != 0; }

  /// Throws Error.
  void attach();
  /// No record is written any more when it returns.
  void detach();

  int records_fd() const;
  int rings_fd() const;
  int tails_fd() const;
  /// Hits that gave no record: programs that would have nested, packets that could not be read.
  std::uint64_t missed() const;

 private:
  void choose(bool with_functions);
  void refuse_lacking() const;
  int load();

  struct Deleter {
    void operator()(tscope_bpf* skeleton) const;
  };

  tscope_bpf_config config_;
  std::unique_ptr<tscope_bpf, Deleter> skeleton_;
  std::optional<GracePeriod> grace_period_;
  std::uint32_t vantages_ = 0;
  std::string why_no_functions_;
};

}  // namespace tscope
