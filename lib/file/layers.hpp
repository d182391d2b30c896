// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tscope/record/census.hpp"

namespace tscope {

/// Where a frame came by, as far as its link header says.
struct Place {
  std::uint32_t ifindex = 0;  ///< 0: not said
  enum class Way : std::uint8_t { unknown, in, out } way = Way::unknown;

  bool operator==(const Place&) const = default;
};

/// What a frame carries in the innermost layer that can be read.
struct Carried {
  bool readable = false;  ///< TCP, UDP or an ICMP echo; else `skipped` says why not
  SkipReason skipped = SkipReason::malformed;
  std::uint16_t number = 0;
  std::uint32_t needed = 0;  ///< bytes that would have to be captured, where these are too few

  std::uint8_t protocol = 0;
  bool first_fragment = false;  ///< more follow: how much its packet carries is not known
  std::size_t ip = 0;           ///< where the innermost IP header begins
  std::size_t options_end = 0;  ///< where it ends, extension headers not counted
  std::size_t transport = 0;
  std::uint32_t wrapped = 0;  ///< a bit for each Wrapping
  Place place;
};

/// Follows the headers of one frame to the innermost transport header, through whatever it is
/// wrapped in. The frame is anybody's: each layer lies behind the one before, so the time is
/// bounded by the frame's length, and nothing beyond it is read.
class Layers {
 public:
  /// original_length: the frame's length on the wire, link header included.
  Layers(std::span<const std::uint8_t> frame, std::uint32_t original_length)
      : frame_(frame), original_length_(original_length), end_(frame.size()) {}

  Carried follow(std::uint16_t link_type);

 private:
  enum class Layer : std::uint8_t {
    done,
    link,
    ethernet,
    ether_type,
    llc,
    ppp,
    mpls,
    ip,
    protocol,
    gre,
    udp,
    gtp
  };

  // Each takes one layer at at_, and sets next_, at_ and what the next one needs.
  void link();
  void loopback();
  void cooked();
  void cooked2();
  void netfilter_log();
  void pktap();
  void ethernet();
  void ether_type();
  void llc();
  void ppp();
  void mpls();
  void ip();
  void ip4();
  void ip6();
  void protocol();
  void extension_header();
  void authentication_header();
  void transport(std::size_t header);
  void echo();
  void gre();
  void pptp(std::uint16_t flags);
  void erspan(std::uint16_t flags);
  void udp();
  bool tunnel_of_port(std::uint16_t port);
  void gtp();

  std::uint8_t u8(std::size_t at) const { return frame_[at]; }
  std::uint16_t u16(std::size_t at) const {
    return static_cast<std::uint16_t>(frame_[at] << 8 | frame_[at + 1]);
  }
  std::uint32_t u32(std::size_t at) const {
    return static_cast<std::uint32_t>(u16(at)) << 16 | u16(at + 2);
  }

  /// True if `bytes` from at_ on are there; else the frame is skipped.
  bool has(std::size_t bytes) {
    if (at_ + bytes <= end_) return true;
    skip_short(at_ + bytes);
    return false;
  }
  void go(Layer next, std::size_t bytes) {
    next_ = next;
    at_ += bytes;
  }
  void skip(SkipReason reason, std::uint16_t number = 0);
  void skip_short(std::size_t needed);
  void wrap(Wrapping wrapping) { carried_.wrapped |= 1U << static_cast<unsigned>(wrapping); }

  std::span<const std::uint8_t> frame_;
  std::uint32_t original_length_;
  std::size_t end_;  // of the layer around, by its own length
  std::size_t at_ = 0;
  Layer next_ = Layer::done;
  std::uint16_t type_ = 0;     // of the link, or the EtherType of what is at at_
  std::uint8_t family_ = 0;    // of the IP header around, 0 for none
  std::uint8_t protocol_ = 0;  // of what is at at_
  Carried carried_;
};

/// True if packets of this link type (tcpdump.org/linktypes.html) can carry IP for us.
bool link_type_known(std::uint16_t link_type);

}  // namespace tscope
