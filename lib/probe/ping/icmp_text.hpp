// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace tscope {

/// An ICMP error (RFC 792) or ICMPv6 error (RFC 4443) in iputils' words; info: the MTU of "too
/// big".
std::string icmp_text(int family, std::uint8_t type, std::uint8_t code, std::uint32_t info);

}  // namespace tscope
