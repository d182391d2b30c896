// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tscope/uapi/tscope.h"

namespace tscope {

/// A layer and a direction. All but the last are the kernel's own (uapi/tscope.h);
/// `tap` is where another program's capture file was taken (a packet socket).
enum class Vantage : std::uint8_t {
  driver_rx = TSCOPE_DRIVER_RX,
  socket_rx = TSCOPE_SOCKET_RX,
  app_rx = TSCOPE_APP_RX,
  app_tx = TSCOPE_APP_TX,
  socket_tx = TSCOPE_SOCKET_TX,
  qdisc_tx = TSCOPE_QDISC_TX,
  driver_tx = TSCOPE_DRIVER_TX,
  session = TSCOPE_SESSION,
  hw_rx = TSCOPE_HW_RX,
  hw_tx = TSCOPE_HW_TX,
  tap = 0x80,
};

/// "driver-rx", "session", "tap".
std::string_view vantage_name(Vantage vantage);

/// The reverse of vantage_name; nothing for an unknown name.
std::optional<Vantage> vantage_from_name(std::string_view name);

/// Names and layers as a user writes them: "driver-rx,socket-rx", or "driver"
/// for both directions of a layer. Throws UsageError, listing the known names.
std::vector<Vantage> parse_vantages(std::string_view list);

/// True for the vantage points that packets pass on their way in (hw-rx, driver-rx,
/// socket-rx, app-rx).
bool is_receive(Vantage vantage);

/// True for hw-rx and hw-tx: their times are the NIC's, put on the capture's time line (nic.hpp).
bool is_hardware(Vantage vantage);

/// Position on a packet's way, in the order of time: hw-rx < driver-rx < socket-rx < app-rx,
/// app-tx < socket-tx < qdisc-tx < driver-tx < hw-tx.
int path_order(Vantage vantage);

}  // namespace tscope
