// SPDX-License-Identifier: MIT
#include "file/counter_check_block.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "file/format.hpp"

namespace tscope {

namespace {

using format::CounterCheckOption;

constexpr std::size_t interfaces_in_block = 256;  // far below BlockBuffer's room
constexpr std::size_t interfaces_max = 65536;

CounterCheckOption option_of(const InterfaceCheck& check) {
  CounterCheckOption option{.counted = check.counted,
                            .frames = check.frames,
                            .segments = check.segments,
                            .margin = check.margin,
                            .vantage = static_cast<std::uint8_t>(check.interface.vantage),
                            .obstacle = static_cast<std::uint8_t>(check.obstacle),
                            .counts_frames = check.counts_frames,
                            .slow_counter = check.slow_counter,
                            .xdp = static_cast<std::uint8_t>(check.xdp),
                            .pad = 0,
                            .queue = check.queue,
                            .device = {}};
  check.interface.device.copy(option.device, sizeof(option.device));
  return option;
}

// A later version may know more obstacles and modes: what we don't know is no comparison, and no
// mode.
CheckObstacle obstacle_of(std::uint8_t number) {
  constexpr auto last = static_cast<std::uint8_t>(CheckObstacle::unknown);
  return static_cast<CheckObstacle>(std::min(number, last));
}

XdpMode xdp_of(std::uint8_t number) {
  constexpr auto last = static_cast<std::uint8_t>(XdpMode::several);
  return number <= last ? static_cast<XdpMode>(number) : XdpMode::none;
}

InterfaceCheck check_of(const Fields& option) {
  InterfaceCheck check;
  const auto name =
      option.bytes(offsetof(CounterCheckOption, device), sizeof(CounterCheckOption::device));
  check.interface = {std::string(name.begin(), std::ranges::find(name, 0)),
                     static_cast<Vantage>(option.get(&CounterCheckOption::vantage))};
  check.counted = option.get(&CounterCheckOption::counted);
  check.frames = option.get(&CounterCheckOption::frames);
  check.segments = option.get(&CounterCheckOption::segments);
  check.margin = option.get(&CounterCheckOption::margin);
  check.obstacle = obstacle_of(option.get(&CounterCheckOption::obstacle));
  check.counts_frames = option.get(&CounterCheckOption::counts_frames) != 0;
  check.slow_counter = option.get(&CounterCheckOption::slow_counter) != 0;
  check.xdp = xdp_of(option.get(&CounterCheckOption::xdp));
  check.queue = option.get(&CounterCheckOption::queue);
  return check;
}

bool is_driver(Vantage vantage) {
  return vantage == Vantage::driver_rx || vantage == Vantage::driver_tx;
}

}  // namespace

void put_counter_check(BlockBuffer& buffer, const CounterCheck& check) {
  if (check.state != CounterCheck::State::done) return;
  std::span<const InterfaceCheck> rest = check.interfaces;
  do {
    const auto some = rest.first(std::min(rest.size(), interfaces_in_block));
    buffer.begin_block(format::counter_check);
    for (const InterfaceCheck& interface : some) {
      buffer.put_option(format::counter_check_option, option_of(interface));
    }
    buffer.end_options();
    buffer.end_block();
    rest = rest.subspan(some.size());
  } while (!rest.empty());
}

void read_counter_check(const Fields& body, CounterCheck& check) {
  check.state = CounterCheck::State::done;
  body.options(0, [&](std::uint16_t code, const Fields& value) {
    if (code != format::counter_check_option || !value.holds<CounterCheckOption>() ||
        check.interfaces.size() >= interfaces_max) {
      return;
    }
    InterfaceCheck interface = check_of(value);
    if (is_driver(interface.interface.vantage)) check.interfaces.push_back(std::move(interface));
  });
}

}  // namespace tscope
