// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tscope/base/error.hpp"
#include "tscope/live/live_source.hpp"

namespace tscope {

/// A vantage point can't be had. what() ends with what else the user can ask for.
class LackingVantage : public Error {
 public:
  LackingVantage(const std::string& why, const std::string& instead)
      : Error(why + "; " + instead), why_(why), instead_(instead) {}
  /// Returns the message without what else to ask for, and that.
  const std::string& why() const { return why_; }
  const std::string& instead() const { return instead_; }

 private:
  std::string why_, instead_;
};

/// Vantage points that BPF programs can't stamp at.
struct BpfLacking {
  std::vector<Vantage> vantages;
  std::string why;
};

/// BPF programs as a source: loads them, attaches them and starts.
///
/// With `lacking`, vantage points that can't be had are told there and left out.
/// Throws Error when the kernel has no BTF, refuses BPF programs, the caller lacks the privilege,
/// or a vantage point can't be had: each says what to do. Closing it, or the end of the process in
/// whatever way, removes the programs.
std::unique_ptr<LiveSource> open_bpf(const CaptureOptions& options, BpfLacking* lacking = nullptr);

/// What BPF programs can do here, found out by loading them.
struct BpfStatus {
  std::vector<Vantage> vantages;  ///< those that can be had, of one of the protocols at least
  bool functions = false;         ///< entries and exits of functions (fentry, fexit)
  std::string why_no_functions;   ///< the kernel's refusal, in words
  std::string clock;              ///< "tsc" by the module's kfunc, else "monotonic"
};

/// protocols: TSCOPE_PROTO_* bits. Throws Error as open_bpf() does.
BpfStatus bpf_status(std::uint8_t protocols);

}  // namespace tscope
