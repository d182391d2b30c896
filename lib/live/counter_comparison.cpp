// SPDX-License-Identifier: MIT
#include "live/counter_comparison.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

namespace tscope {

namespace {

using std::chrono::milliseconds;

// Longer than a packet takes from the NIC's ring to the hook, or from the hook to the counter.
constexpr milliseconds under_way{5};
// A thread that does either may lose its CPU meanwhile.
constexpr std::uint64_t margin_factor = 2;
// So many passed the hook and the counter did not move: it is refreshed only now and then.
constexpr std::uint64_t slow_counter_frames = 64;

std::uint64_t counter_of(const LinkCounters& link, Vantage vantage) {
  return vantage == Vantage::driver_rx ? link.rx_packets : link.tx_packets;
}

std::uint64_t counter_of(const LinkTable& links, std::uint32_t ifindex, Vantage vantage) {
  const auto link = links.find(ifindex);
  return link == links.end() ? 0 : counter_of(link->second, vantage);
}

/// How much one interface and direction was doing around one end of the capture.
struct Activity {
  std::uint64_t frames, segments, counted;

  Activity(const CounterReading& reading, Vantage vantage, std::uint32_t ifindex) {
    const auto from = reading.before.passed.at(vantage, ifindex);
    const auto to = reading.after.passed.at(vantage, ifindex);
    const std::uint64_t first = counter_of(reading.before.links, ifindex, vantage);
    const std::uint64_t last = counter_of(reading.after.links, ifindex, vantage);
    frames = to.frames - from.frames;
    segments = to.segments - from.segments;
    counted = last - std::min(first, last);
  }

  std::uint64_t margin() const { return margin_factor * std::max(segments, counted); }
  bool counter_is_slow() const { return frames >= slow_counter_frames && counted == 0; }
};

class Comparison {
 public:
  Comparison(const CounterReading& begin, const CounterReading& end,
             const std::function<std::string(const std::string&)>& driver)
      : begin_(begin), end_(end), driver_(driver) {}

  std::vector<InterfaceCheck> run() {
    std::set<std::uint32_t> devices;
    for (const auto& [ifindex, link] : begin_.now.links) devices.insert(ifindex);
    for (const auto& [ifindex, link] : end_.now.links) devices.insert(ifindex);
    for (const std::uint32_t ifindex : devices) {
      for (const Vantage vantage : end_.now.passed.vantages) add(ifindex, vantage);
    }
    return std::move(checks_);
  }

 private:
  void add(std::uint32_t ifindex, Vantage vantage) {
    const LinkCounters* first = find(begin_.now.links, ifindex);
    const LinkCounters* last = find(end_.now.links, ifindex);
    InterfaceCheck check;
    check.interface = {(last != nullptr ? last : first)->name, vantage};
    const auto from = begin_.now.passed.at(vantage, ifindex);
    const auto to = end_.now.passed.at(vantage, ifindex);
    check.frames = to.frames - from.frames;
    check.segments = to.segments - from.segments;
    if (first == nullptr || last == nullptr) {
      check.obstacle = first == nullptr ? CheckObstacle::appeared : CheckObstacle::disappeared;
      checks_.push_back(std::move(check));
      return;
    }
    describe(check, *first, *last, ifindex);
    const bool anything = check.counted > 0 || check.frames > 0;
    if (anything || check.obstacle == CheckObstacle::reset) checks_.push_back(std::move(check));
  }

  void describe(InterfaceCheck& check, const LinkCounters& first, const LinkCounters& last,
                std::uint32_t ifindex) const {
    const Vantage vantage = check.interface.vantage;
    const std::uint64_t before = counter_of(first, vantage), after = counter_of(last, vantage);
    check.counted = after - std::min(before, after);
    const Activity at_begin(begin_, vantage, ifindex), at_end(end_, vantage, ifindex);
    check.margin = at_begin.margin() + at_end.margin();
    const std::string driver = last.kind.empty() ? driver_(last.name) : "";
    check.counts_frames = link_counts_frames(last, driver);
    check.slow_counter =
        driver_counts_slowly(driver) || at_begin.counter_is_slow() || at_end.counter_is_slow();
    if (vantage == Vantage::driver_tx) {
      check.queue = static_cast<std::uint16_t>(
          std::min<std::uint64_t>(link_counts_behind_queue(last), UINT16_MAX));
    }
    check.xdp = last.xdp != XdpMode::none ? last.xdp : first.xdp;
    if (after < before) {
      check.obstacle = CheckObstacle::reset;
    } else if (!end_.now.passed.counts_all_of(vantage, ifindex)) {
      check.obstacle = CheckObstacle::not_counted;
    } else if (vantage == Vantage::driver_rx && link_receives_at_lower_device(last)) {
      check.obstacle = CheckObstacle::lower_device;
    }
  }

  static const LinkCounters* find(const LinkTable& links, std::uint32_t ifindex) {
    const auto link = links.find(ifindex);
    return link == links.end() ? nullptr : &link->second;
  }

  const CounterReading& begin_;
  const CounterReading& end_;
  const std::function<std::string(const std::string&)>& driver_;
  std::vector<InterfaceCheck> checks_;
};

}  // namespace

CounterComparison::CounterComparison(std::function<std::optional<PassedPackets>()> passed,
                                     const VisitedNetns* netns)
    : passed_(std::move(passed)), netns_(netns) {
}

std::optional<CounterReading> CounterComparison::read() {
  CounterReading reading;
  for (CounterSample* sample : {&reading.before, &reading.now, &reading.after}) {
    if (sample != &reading.before) std::this_thread::sleep_for(under_way);
    auto passed = passed_();
    if (!passed || passed->vantages.empty()) return std::nullopt;
    counts_ = true;
    std::optional<LinkTable> links;
    run_in(netns_, [&] { links = read_links(passed->only_device); });
    if (!links) return std::nullopt;
    *sample = {std::move(*passed), std::move(*links)};
  }
  return reading;
}

void CounterComparison::begin() {
  begin_ = read();
}

void CounterComparison::end() {
  if (!begin_) return;
  end_ = read();
  if (!end_) return;
  run_in(netns_, [&] { checks_ = compare_counters(*begin_, *end_, link_driver); });
}

CounterCheck CounterComparison::result() const {
  CounterCheck check;
  if (counts_) check.state = CounterCheck::State::absent;
  if (!begin_ || !end_) return check;
  check.state = CounterCheck::State::done;
  check.interfaces = checks_;
  return check;
}

std::vector<InterfaceCheck> compare_counters(
    const CounterReading& begin, const CounterReading& end,
    const std::function<std::string(const std::string& name)>& driver) {
  return Comparison(begin, end, driver).run();
}

}  // namespace tscope
