// SPDX-License-Identifier: MIT
#pragma once

#include "tscope/probe/train_measurement.hpp"

/// Sends and reports. Throws tscope::Error; what was sent is reported and saved before.
void run_train(tscope::TrainMeasurement measurement, bool json);
