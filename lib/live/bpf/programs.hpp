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

struct bpf_link;
struct bpf_map;
struct bpf_object;
struct bpf_program;

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
  /// What is not stamped although its vantage point is: those of the protocols asked for that have
  /// no place there which can be had, a sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Stamps come from the module's TSC kfunc.
  bool uses_tsc() const { return config_.tsc != 0; }

  /// They write nothing as long as no ring's `running` is set. Throws Error.
  void attach();
  /// No record is written any more when it returns, if `running` of all rings was cleared before.
  void detach();

  int records_fd() const;
  int rings_fd() const;
  int tails_fd() const;
  /// Returns how often a program was not run since it would have nested in itself.
  std::uint64_t nested() const;

 private:
  void choose(bool with_functions);
  void refuse_lacking() const;
  int load();

  bpf_program* program(const char* name) const;
  bpf_map* map(const char* name) const;

  struct Deleter {
    void operator()(bpf_object* object) const;
    void operator()(bpf_link* link) const;
  };

  tscope_bpf_config config_;
  std::unique_ptr<bpf_object, Deleter> object_;
  std::vector<std::unique_ptr<bpf_link, Deleter>> links_;
  std::optional<GracePeriod> grace_period_;
  std::uint32_t vantages_ = 0;   // asked for and to be had
  std::uint32_t available_ = 0;  // to be had, asked for or not
  std::vector<std::string> warnings_;
  std::string why_no_functions_;
};

}  // namespace tscope
