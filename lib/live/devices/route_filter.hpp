// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "tscope/live/visited_netns.hpp"
#include "tscope/uapi/tscope.h"

namespace tscope {

using AddressBytes = std::array<std::uint8_t, 16>;  ///< IPv4: the first four

/// A packet whose way is asked for.
struct RouteQuestion {
  std::uint8_t family = 0;    ///< AF_INET or AF_INET6
  std::uint8_t protocol = 0;  ///< IPPROTO_*
  AddressBytes local{};       ///< zero: the kernel chooses
  AddressBytes remote{};

  auto operator<=>(const RouteQuestion&) const = default;
};

/// How the kernel would send it.
struct RouteTaken {
  std::uint32_t ifindex = 0;
  AddressBytes local{};
};

/// Asks the kernel, in the calling thread's network namespace; nothing if there is no route.
std::optional<RouteTaken> ask_route(const RouteQuestion& question);

/// Judges records that the kernel's filter let pass because their layer did not know the device or
/// the source address yet, as in the send call of a socket that is not connected: by the route to
/// where they go. A route that is chosen by the socket's mark or by control data of the call is not
/// known here.
class RouteFilter {
 public:
  using Ask = std::function<std::optional<RouteTaken>(const RouteQuestion&)>;
  static constexpr std::chrono::seconds answer_lasts{1};
  static constexpr std::size_t answers_max = 4096;

  RouteFilter(const tscope_filter& filter, Ask ask) : filter_(filter), ask_(std::move(ask)) {}

  /// Returns true if the filter wants the record, with the device that it found out. What no route
  /// tells (the socket chooses the device for a group and for link-local addresses) is taken.
  bool wants(tscope_record& record);
  /// Returns how many were taken although they may be another device's or address's.
  std::uint64_t unsure() const { return unsure_; }

 private:
  const std::optional<RouteTaken>& answer_to(const RouteQuestion& question);
  bool matches(const AddressBytes& address) const;

  tscope_filter filter_;
  Ask ask_;
  std::map<RouteQuestion, std::optional<RouteTaken>> answers_;
  std::chrono::steady_clock::time_point forget_at_{};
  std::uint64_t unsure_ = 0;
};

}  // namespace tscope
