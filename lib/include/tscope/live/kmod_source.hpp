// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "tscope/live/live_source.hpp"

namespace tscope {

/// The module as a source: configures a session and starts it.
///
/// Throws Error when the module is absent, of another version, the caller lacks the
/// privilege, or a vantage point has no hook in this kernel: each says what to do.
std::unique_ptr<LiveSource> open_kmod(const CaptureOptions& options);

/// What the module says of itself, for `doctor`.
struct KmodStatus {
  tscope_info info{};
  std::vector<tscope_hook> hooks;
  std::vector<Anchor> anchors;  ///< a few, to show how wide their reads are
};
KmodStatus kmod_status();

}  // namespace tscope
