// SPDX-License-Identifier: MIT
#include "train_run.hpp"

#include <fmt/format.h>

#include <map>
#include <string>

#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/report/train.hpp"

namespace {

class Watcher final : public tscope::TrainWatcher {
 public:
  explicit Watcher(std::size_t planned) : planned_(planned) {}

  void ready(const std::map<std::string, std::string>& facts) override {
    fmt::print(stderr, "tscope: sending {} probes ({}) to {} port {} on {} by {}\n", planned_,
               facts.at("schedule"), facts.at("destination"), facts.at("destination_port"),
               facts.at("device"), facts.at("engine") == "kmod" ? "the module" : "this process");
  }

  void unanswered() override {
    fmt::print(stderr, "tscope: warning: no reflector answers there; sending all the same\n");
  }

 private:
  std::size_t planned_;
};

}  // namespace

void run_train(tscope::TrainMeasurement measurement, bool json) {
  const std::atomic<bool>& asked_to_end = catch_signals();
  outlive_closed_pipes();
  Watcher watcher(measurement.request.plan.size());
  const tscope::TrainReport report =
      tscope::measure_train(std::move(measurement), watcher, asked_to_end);
  if (json) {
    fmt::print("{}\n", tscope::train_json(report));
  } else {
    fmt::print(stderr, "{}", tscope::train_text(report));
  }
  if (const std::string failed = tscope::train_failure(report); !failed.empty()) {
    throw tscope::Error(failed);
  }
}
