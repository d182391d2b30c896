// SPDX-License-Identifier: MIT
#include "live/filter.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>

#include <charconv>
#include <cstring>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

std::string device_names() {
  std::string names;
  if (auto* list = if_nameindex()) {
    for (auto* entry = list; entry->if_index != 0; entry++) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", entry->if_name);
    }
    if_freenameindex(list);
  }
  return names;
}

void set_address(tscope_filter& filter, const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  unsigned bits = 0;
  if (inet_pton(AF_INET, address.c_str(), filter.address) == 1) {
    filter.family = AF_INET;
    bits = 32;
  } else if (inet_pton(AF_INET6, address.c_str(), filter.address) == 1) {
    filter.family = AF_INET6;
    bits = 128;
  } else {
    throw UsageError(fmt::format(
        "'{}' is no IPv4 or IPv6 address; give one such as 10.0.0.1 or 2001:db8::/32", text));
  }
  unsigned prefix = bits;
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, prefix);
    if (error != std::errc() || rest != end || prefix == 0 || prefix > bits) {
      throw UsageError(fmt::format("'{}': a prefix length is 1 to {}", text, bits));
    }
  }
  filter.prefix_len = static_cast<std::uint8_t>(prefix);
}

}  // namespace

tscope_filter kernel_filter(const CaptureFilter& filter) {
  tscope_filter result{};
  result.protocols = filter.protocols;
  result.port = filter.port;
  result.port_side = static_cast<std::uint8_t>(filter.port_side);
  if (!filter.device.empty()) {
    result.ifindex = if_nametoindex(filter.device.c_str());
    if (result.ifindex == 0) {
      throw Error(fmt::format("no interface '{}' in this network namespace; there are: {}",
                              filter.device, device_names()));
    }
  }
  if (!filter.address.empty()) set_address(result, filter.address);
  return result;
}

std::uint8_t protocols_asked(const tscope_filter& filter) {
  return filter.protocols != 0 ? filter.protocols : std::uint8_t{TSCOPE_PROTO_ALL};
}

}  // namespace tscope
