// SPDX-License-Identifier: MIT
#include "file/file_interface.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "file/format.hpp"
#include "file/possible_time.hpp"

namespace tscope {

namespace {

// if_tsresol: a negative power of ten, or of two with the top bit set.
double ticks_in_a_second(std::uint8_t resolution) {
  const int exponent = resolution & 0x7f;
  return (resolution & 0x80) != 0 ? std::exp2(exponent) : std::pow(10.0, exponent);
}

// Beyond 64 bits no tick count reaches a second.
std::uint64_t whole_ticks(double per_second) {
  return per_second < 0x1p64 ? static_cast<std::uint64_t>(per_second)
                             : std::numeric_limits<std::uint64_t>::max();
}

NicStamps nic_stamps_of(const Fields& option, const Interface& interface) {
  using format::NicStampsOption;
  NicStamps stamps;
  stamps.interface = interface;
  stamps.error_ns = possible_span(option.get(&NicStampsOption::error_ns));
  stamps.used = option.get(&NicStampsOption::used);
  stamps.zero = option.get(&NicStampsOption::zero);
  stamps.still = option.get(&NicStampsOption::still);
  stamps.stray = option.get(&NicStampsOption::stray);
  stamps.no_clock = option.get(&NicStampsOption::no_clock);
  stamps.steps = option.get(&NicStampsOption::steps);
  stamps.phc = static_cast<int>(option.get(&NicStampsOption::phc));
  return stamps;
}

void read_loss(const Fields& option, FileInterface& interface, Loss& loss) {
  using format::LossOption;
  auto& dropped = loss.dropped[static_cast<std::size_t>(interface.interface.vantage)];
  dropped[TSCOPE_LOST_FULL] = {option.get(&LossOption::full_records),
                               option.get(&LossOption::full_segments)};
  dropped[TSCOPE_LOST_CONTENDED] = {option.get(&LossOption::contended_records),
                                    option.get(&LossOption::contended_segments)};
  loss.known = Loss::Known::all;
  interface.clock.error_known = true;
  loss.missed = option.get(&LossOption::missed);
  loss.late = option.get(&LossOption::late);
  loss.invalid = option.get(&LossOption::invalid);
  interface.clock.error_ns = possible_span(option.get(&LossOption::clock_error_ns));
  interface.clock.steps = option.get(&LossOption::clock_steps);
}

}  // namespace

// Unsigned, so that a made-up time wraps instead of overflowing.
std::int64_t FileInterface::time_ns(std::uint32_t high, std::uint32_t low) const {
  constexpr std::uint64_t second = 1'000'000'000;
  const std::uint64_t ticks = static_cast<std::uint64_t>(high) << 32 | low;
  const std::uint64_t offset = static_cast<std::uint64_t>(offset_s) * second;
  if (ticks_per_second == second) return static_cast<std::int64_t>(ticks + offset);
  const auto rest = static_cast<double>(ticks % ticks_per_second) * ns_per_tick;
  return static_cast<std::int64_t>(ticks / ticks_per_second * second +
                                   static_cast<std::uint64_t>(std::llround(rest)) + offset);
}

FileInterface read_interface(const Fields& body, const std::string& own_clock) {
  FileInterface made;
  made.link_type = body.get(&format::InterfaceBlock::link_type);
  made.snap_length = body.get(&format::InterfaceBlock::snap_length);
  std::string name = made.interface.device;
  body.options(sizeof(format::InterfaceBlock), [&](std::uint16_t code, const Fields& value) {
    if (code == format::if_name) name = value.text();
    if (code == format::if_tsoffset) made.offset_s = static_cast<std::int64_t>(value.u64(0));
    if (code == format::if_tsresol && value.size() == 1) {
      const double per_second = ticks_in_a_second(value.bytes(0, 1)[0]);
      made.ns_per_tick = 1e9 / per_second;
      made.ticks_per_second = whole_ticks(per_second);
    }
  });
  made.interface.device = name;
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    const auto vantage = vantage_from_name(name.substr(slash + 1));
    if (vantage && *vantage != Vantage::tap) {
      made.ours = true;
      made.interface = {name.substr(0, slash), *vantage};
    }
  }
  made.clock.error_known = false;  // until its statistics say
  made.clock.source = made.ours ? own_clock : "file";
  made.clock.resolution_ns = std::max<std::int64_t>(1, static_cast<std::int64_t>(made.ns_per_tick));
  return made;
}

void read_statistics(const Fields& body, FileInterface& interface) {
  Loss loss{.known = Loss::Known::none};
  body.options(sizeof(format::StatisticsBlock), [&](std::uint16_t code, const Fields& value) {
    if (!interface.ours) {
      if (code == format::isb_ifdrop) {
        loss.elsewhere = value.u64(0);
        loss.known = Loss::Known::all;
      }
      return;
    }
    if (code == format::nic_stamps_option && value.holds<format::NicStampsOption>()) {
      interface.nic = nic_stamps_of(value, interface.interface);
    }
    if (code == format::loss_option && value.holds<format::LossOption>()) {
      read_loss(value, interface, loss);
    }
  });
  interface.loss = loss;
}

}  // namespace tscope
