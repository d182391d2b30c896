// SPDX-License-Identifier: MIT
#include "analysis/two_captures/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tscope {

namespace {

// What a vantage point is to the packets of a flow.
enum class Role { entry, transit, exit };

Role role_of(Vantage vantage) {
  if (vantage == Vantage::tap) return Role::transit;
  return is_receive(vantage) ? Role::entry : Role::exit;
}

bool only(const std::vector<Interface>& points, Role wanted) {
  return std::ranges::all_of(points,
                             [&](const Interface& p) { return role_of(p.vantage) == wanted; });
}

// What the vantage points alone tell: a flow that is only received in one of the captures ends
// there.
int hint_towards_second(const std::vector<Interface>& first, const std::vector<Interface>& second) {
  const bool there = only(second, Role::entry) || only(first, Role::exit);
  const bool back = only(first, Role::entry) || only(second, Role::exit);
  return there == back ? 0 : there ? 1 : -1;
}

}  // namespace

Interface point_out(const std::vector<Interface>& points) {
  const Interface* best = &points.front();
  for (const Interface& point : points) {
    const auto better = [&] {
      if (role_of(point.vantage) != role_of(best->vantage)) {
        return role_of(point.vantage) > role_of(best->vantage);
      }
      // Received only: a forwarder whose sending side was not captured.
      if (role_of(point.vantage) == Role::entry) {
        return path_order(point.vantage) <= path_order(best->vantage);
      }
      return role_of(point.vantage) == Role::transit ||
             path_order(point.vantage) >= path_order(best->vantage);
    };
    if (better()) best = &point;
  }
  return *best;
}

Interface point_in(const std::vector<Interface>& points) {
  const Interface* best = &points.front();
  for (const Interface& point : points) {
    const auto better = [&] {
      if (role_of(point.vantage) != role_of(best->vantage)) {
        return role_of(point.vantage) < role_of(best->vantage);
      }
      // Sent only: the other capture's point lies between these, as a tap does that stands behind
      // the queue and before the driver.
      if (role_of(point.vantage) == Role::exit) {
        return path_order(point.vantage) > path_order(best->vantage);
      }
      return role_of(point.vantage) != Role::transit &&
             path_order(point.vantage) < path_order(best->vantage);
    };
    if (better()) best = &point;
  }
  return *best;
}

std::vector<FlowPlan> plan_flows(const CaptureSurvey& first, const CaptureSurvey& second,
                                 const CaptureOverlap& overlap) {
  std::vector<FlowPlan> plans;
  for (const auto& [flow, at_first] : first.flows()) {
    const auto found = second.flows().find(flow);
    if (found == second.flows().end()) continue;
    const CaptureSurvey::Direction& at_second = found->second;
    FlowPlan plan;
    plan.flow = flow;
    int towards = overlap.towards_second(flow);
    if (towards == 0) towards = hint_towards_second(at_first.points, at_second.points);
    plan.assumed = towards == 0;
    const auto back = first.flows().find(flow.reversed());
    if (plan.assumed && back != first.flows().end()) {
      // One of the two goes the other way: the compared ACKs shall be those towards the second.
      const std::uint64_t there = at_first.acks, here = back->second.acks;
      towards = there > here || (there == here && flow < back->first) ? 1 : -1;
    }
    plan.towards_second = towards >= 0;
    plan.points = plan.towards_second
                      ? std::array{point_out(at_first.points), point_in(at_second.points)}
                      : std::array{point_in(at_first.points), point_out(at_second.points)};
    const auto& inside = plan.towards_second ? at_second.points : at_first.points;
    if (plan.points[plan.into()].vantage == Vantage::driver_rx) {
      const auto socket = std::ranges::find(inside, Vantage::socket_rx, &Interface::vantage);
      if (socket != inside.end()) plan.last = *socket;
    }
    plans.push_back(std::move(plan));
  }
  // In an order that does not depend on a hash.
  std::ranges::sort(plans, {}, &FlowPlan::flow);
  return plans;
}

std::string why_swapped(const CaptureSurvey& first, const CaptureSurvey& second,
                        const std::vector<FlowPlan>& plans) {
  if (first.is_endpoint() != second.is_endpoint()) {
    return first.is_endpoint() ? "the first one given has the connections' sockets" : "";
  }
  std::uint64_t towards_first = 0, towards_second = 0;
  for (const FlowPlan& plan : plans) {
    if (plan.assumed) continue;
    (plan.towards_second ? towards_second : towards_first) += first.flows().at(plan.flow).acks;
  }
  if (towards_first <= 2 * towards_second) return "";
  return fmt::format("{} of {} ACKs pass the second one given first", towards_first,
                     towards_first + towards_second);
}

}  // namespace tscope
