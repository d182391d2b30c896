// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "probe/train/resolve.hpp"
#include "tscope/probe/train_run.hpp"

namespace tscope {

/// What each engine starts from.
struct TrainJob {
  TrainRequest request;
  ProbePath path;
  ProbeFrame frame;  ///< of the largest probe
  std::uint32_t cpu = 0;
  std::map<std::string, std::string> facts;
};

std::unique_ptr<Train> open_kmod_train(TrainJob job);
std::unique_ptr<Train> open_user_train(TrainJob job);

}  // namespace tscope
