// SPDX-License-Identifier: MIT
#include <array>

#include "tscope/probe/ping.hpp"

namespace tscope {

namespace {

using Time = std::optional<std::int64_t>;

Time between(const Time& from, const Time& to) {
  if (!from || !to) return std::nullopt;
  return *to - *from;
}

}  // namespace

Time PingStamps::app_rtt() const {
  return between(app_tx, app_rx);
}

Time PingStamps::socket_rtt() const {
  return between(socket_tx, socket_rx);
}

Time PingStamps::driver_rtt() const {
  return between(driver_tx, driver_rx);
}

Time PingStamps::hw_rtt() const {
  const Time rtt = between(hw_tx, hw_rx);
  return rtt && *hw_tx != 0 && *hw_rx != 0 && *rtt > 0 ? rtt : std::nullopt;
}

Time PingStamps::send_delay() const {
  return between(app_tx, driver_tx);
}

Time PingStamps::enqueue_delay() const {
  return between(app_tx, qdisc_tx ? qdisc_tx : driver_tx);
}

Time PingStamps::queue_delay() const {
  return between(qdisc_tx, driver_tx);
}

Time PingStamps::receive_delay() const {
  return between(driver_rx, app_rx);
}

bool PingStamps::consistent() const {
  Time last;
  for (const Time& time : {app_tx, socket_tx, qdisc_tx, driver_tx, driver_rx, socket_rx, app_rx}) {
    if (!time) continue;
    if (last && *time < *last) return false;
    last = time;
  }
  return true;
}

}  // namespace tscope
