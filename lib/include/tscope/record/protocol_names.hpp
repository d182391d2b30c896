// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

#include "tscope/record/headers.hpp"

namespace tscope {

struct ProtocolName {
  Protocol protocol;
  std::string_view name;
};

/// The protocols as a user writes them and as reports name them.
inline constexpr std::array protocol_names{ProtocolName{Protocol::tcp, "tcp"},
                                           ProtocolName{Protocol::udp, "udp"},
                                           ProtocolName{Protocol::icmp, "icmp"}};

}  // namespace tscope
