// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "tscope/analysis/replies.hpp"
#include "tscope/probe/train_run.hpp"

struct TrainRun {
  tscope::TrainEngineKind engine = tscope::TrainEngineKind::user;
  tscope::TrainRequest request;
  std::string schedule;
  std::string output;  // "" for none
  bool json = false;
  bool greet = false;               // the reflector, before and after the train
  std::chrono::nanoseconds wait{};  // for replies, after the last one
  tscope::ReplyOptions replies;
};

/// Sends and reports. Throws tscope::Error; what was sent is reported and saved before.
void run_train(TrainRun run);
