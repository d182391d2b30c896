// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tscope/probe/ping_report.hpp"

namespace tscope {

namespace {

using Time = std::optional<std::int64_t>;

class Values {
 public:
  void add(const Time& from, const Time& to) {
    if (from && to) values_.push_back(*to - *from);
  }
  void add(const Time& value) { add(0, value); }

  PingQuantiles quantiles() {
    if (values_.empty()) return {};
    return {values_.size(), at(50), at(99)};
  }

 private:
  std::int64_t at(std::size_t percent) {
    const std::size_t rank = (values_.size() * percent + 99) / 100;
    const auto where =
        values_.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(values_.begin(), where, values_.end());
    return *where;
  }

  std::vector<std::int64_t> values_;
};

struct Layer {
  const char* name;
  Time PingStamps::*tx;
  Time PingStamps::*rx;
};

constexpr std::array layers{
    Layer{"app", &PingStamps::app_tx, &PingStamps::app_rx},
    Layer{"socket", &PingStamps::socket_tx, &PingStamps::socket_rx},
    Layer{"driver", &PingStamps::driver_tx, &PingStamps::driver_rx},
};

PingLayer layer_of(std::span<const PingSample> samples, const Layer& layer, const Layer* below) {
  Values rtt, added, send, receive;
  for (const PingSample& sample : samples) {
    const PingStamps& stamps = sample.stamps;
    if (!stamps.consistent()) continue;
    rtt.add(stamps.*layer.tx, stamps.*layer.rx);
    if (below == nullptr) continue;
    const Time tx = stamps.*below->tx, rx = stamps.*below->rx;
    send.add(stamps.*layer.tx, tx);
    receive.add(rx, stamps.*layer.rx);
    if (tx && rx && stamps.*layer.tx && stamps.*layer.rx) {
      added.add((*tx - *(stamps.*layer.tx)) + (*(stamps.*layer.rx) - *rx));
    }
  }
  return {layer.name, rtt.quantiles(), added.quantiles(), send.quantiles(), receive.quantiles()};
}

bool stamped(std::span<const PingSample> samples, const Layer& layer) {
  return std::ranges::any_of(samples, [&](const PingSample& sample) {
    return sample.stamps.*layer.tx && sample.stamps.*layer.rx;
  });
}

// On the NIC's own clock: no stage to the driver can be told, its RTT can.
void add_hardware(std::span<const PingSample> samples, PingSummary& summary) {
  Values rtt, added;
  for (const PingSample& sample : samples) {
    if (!sample.stamps.consistent()) continue;
    const Time hw = sample.stamps.hw_rtt(), driver = sample.stamps.driver_rtt();
    rtt.add(hw);
    if (hw && driver) added.add(*driver - *hw);
  }
  PingLayer layer{"hw", rtt.quantiles(), {}, {}, {}};
  if (layer.rtt.count == 0) return;
  if (!summary.layers.empty()) summary.layers.back().added = added.quantiles();
  summary.layers.push_back(layer);
}

}  // namespace

PingSummary summarise(std::span<const PingSample> samples) {
  PingSummary summary;
  for (std::size_t i = 0; i < layers.size(); i++) {
    if (!stamped(samples, layers[i])) continue;
    const Layer* below = nullptr;
    for (std::size_t j = i + 1; j < layers.size() && below == nullptr; j++) {
      if (stamped(samples, layers[j])) below = &layers[j];
    }
    summary.layers.push_back(layer_of(samples, layers[i], below));
  }
  add_hardware(samples, summary);
  Values queue, all, clean, biased;
  for (const PingSample& sample : samples) {
    if (sample.stamps.consistent()) queue.add(sample.stamps.qdisc_tx, sample.stamps.driver_tx);
    const Time rtt = sample.stamps.app_rtt();
    all.add(rtt);
    (sample.verdict.clean() ? clean : biased).add(rtt);
    for (const PingReason reason : sample.verdict.reasons) {
      summary.reasons.at(static_cast<std::size_t>(reason))++;
    }
  }
  summary.queue = queue.quantiles();
  summary.all = all.quantiles();
  summary.clean = clean.quantiles();
  summary.biased = biased.quantiles();
  return summary;
}

}  // namespace tscope
