// SPDX-License-Identifier: MIT
#include "analysis/delay/track.hpp"

namespace tscope {

namespace {

// A SYN with another initial number opens another connection on the same ports.
template <typename Part>
void place_on_line(Part& part, Segment& segment) {
  if (!part.line.same_connection(segment)) {
    part.matcher.finish(Track::goes_on);
    part.line.reset();
  }
  part.line.place(segment);
}

}  // namespace

Track::Track(bool datagrams, Way way, std::uint32_t netns, const Shared& with)
    : way_(way), netns_(netns) {
  if (datagrams) {
    what_.emplace<DatagramMatcher>(way, with.statistics, with.budget, with.captured, with.calls);
  } else if (way == Way::send) {
    what_.emplace<TcpSending>(with);
  } else {
    what_.emplace<TcpReceiving>(with);
  }
}

void Track::add(Place place, std::uint16_t device, const Segment& given) {
  Segment segment = given;
  if (auto* sending = std::get_if<TcpSending>(&what_)) {
    place_on_line(*sending, segment);
    if (place.at == out::app) return sending->matcher.add_call(segment);
    return sending->matcher.add(place.at, device, segment);
  }
  auto& receiving = std::get<TcpReceiving>(what_);
  place_on_line(receiving, segment);
  if (place.at == in::driver) return receiving.matcher.add_frame(device, segment);
  if (place.at == in::socket) return receiving.matcher.add_segment(device, segment);
  receiving.matcher.add_read(segment);
}

void Track::add(Place place, std::uint16_t device, const Datagram& datagram) {
  std::get<DatagramMatcher>(what_).add(place.at, device, datagram);
}

void Track::finish(std::int64_t end_ns) {
  if (auto* sending = std::get_if<TcpSending>(&what_)) {
    sending->matcher.finish(end_ns);
  } else if (auto* receiving = std::get_if<TcpReceiving>(&what_)) {
    receiving->matcher.finish(end_ns);
  } else {
    std::get<DatagramMatcher>(what_).finish(end_ns);
  }
}

void Track::socket_gone(std::int64_t time_ns) {
  if (auto* receiving = std::get_if<TcpReceiving>(&what_)) receiving->matcher.socket_gone(time_ns);
}

Outcomes& Track::outcomes() {
  if (auto* sending = std::get_if<TcpSending>(&what_)) return sending->matcher.outcomes();
  if (auto* receiving = std::get_if<TcpReceiving>(&what_)) return receiving->matcher.outcomes();
  return std::get<DatagramMatcher>(what_).outcomes();
}

bool Track::has_socket() const {
  if (const auto* sending = std::get_if<TcpSending>(&what_)) return sending->matcher.from_socket();
  if (const auto* receiving = std::get_if<TcpReceiving>(&what_)) {
    return receiving->matcher.to_socket();
  }
  return std::get<DatagramMatcher>(what_).has_socket();
}

}  // namespace tscope
