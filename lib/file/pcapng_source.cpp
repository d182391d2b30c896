// SPDX-License-Identifier: MIT
#include "file/pcapng_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "file/format.hpp"
#include "file/link_layer.hpp"
#include "file/packet_builder.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t packet_data = 20;  // of an enhanced or old packet block's body
constexpr std::size_t interfaces_max = 65536;
constexpr std::size_t anchors_max = 65536;

void add(Loss& sum, const Loss& loss) {
  for (std::size_t vantage = 0; vantage < sum.dropped.size(); vantage++) {
    for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
      sum.dropped[vantage][cause].records += loss.dropped[vantage][cause].records;
      sum.dropped[vantage][cause].segments += loss.dropped[vantage][cause].segments;
    }
  }
  sum.missed += loss.missed;
  sum.invalid += loss.invalid;
  sum.late += loss.late;
  sum.elsewhere += loss.elsewhere;
}

void add(ClockInfo& sum, const ClockInfo& clock) {
  if (clock.source != "file") sum.source = clock.source;
  sum.error_ns = std::max(sum.error_ns, clock.error_ns);
  sum.resolution_ns = std::max(sum.resolution_ns, clock.resolution_ns);
  sum.steps += clock.steps;
}

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

// Unsigned, so that a made-up time wraps instead of overflowing.
std::int64_t time_of(std::uint64_t ticks, std::uint64_t ticks_per_second, double ns_per_tick,
                     std::int64_t offset_s) {
  constexpr std::uint64_t second = 1'000'000'000;
  const std::uint64_t offset = static_cast<std::uint64_t>(offset_s) * second;
  if (ticks_per_second == second) return static_cast<std::int64_t>(ticks + offset);
  const auto rest = static_cast<double>(ticks % ticks_per_second) * ns_per_tick;
  return static_cast<std::int64_t>(ticks / ticks_per_second * second +
                                   static_cast<std::uint64_t>(std::llround(rest)) + offset);
}

NicStamps nic_stamps_of(const Fields& value, const Interface& interface) {
  NicStamps stamps;
  stamps.interface = interface;
  stamps.error_ns = static_cast<std::int64_t>(value.u64(0));
  stamps.used = value.u64(8);
  stamps.zero = value.u64(16);
  stamps.still = value.u64(24);
  stamps.stray = value.u64(32);
  stamps.no_clock = value.u64(40);
  stamps.steps = value.u64(48);
  stamps.phc = static_cast<int>(value.u32(56));
  return stamps;
}

std::optional<std::size_t> our_ip_offset(std::uint16_t link_type,
                                         std::span<const std::uint8_t> frame) {
  // A VLAN tag that the device adds stands in no record: not the EtherType decides, but the format.
  if (link_type == static_cast<std::uint16_t>(LinkType::ethernet)) return TSCOPE_LINK_MAX;
  return ip_offset(link_type, frame);
}

}  // namespace

void PcapngSource::read_section() {
  for (const FileInterface& interface : section_) {
    add(ended_.loss, interface.loss);
    add(ended_.clock, interface.clock);
    if (interface.nic) ended_nics_.push_back(*interface.nic);
  }
  section_.clear();
  constexpr std::size_t options = 12;  // behind version and section length
  blocks_.body().options(options, [&](std::uint16_t code, const Fields& value) {
    if (code == format::shb_hardware) facts_.emplace("cpu", value.text());
    if (code == format::shb_os) facts_.emplace("kernel", value.text());
    if (code == format::shb_userappl) facts_.emplace("tool", value.text());
  });
}

std::uint32_t PcapngSource::index_of(const Interface& interface) {
  const auto next = static_cast<std::uint32_t>(interfaces_.size());
  const auto [found, added] = index_.try_emplace({interface.device, interface.vantage}, next);
  if (added) interfaces_.push_back(interface);
  return found->second;
}

void PcapngSource::read_interface() {
  const Fields body = blocks_.body();
  FileInterface made;
  Interface interface { "-", Vantage::tap };
  made.link_type = body.u16(0);
  made.snap_length = body.u32(4);
  body.options(8, [&](std::uint16_t code, const Fields& value) {
    if (code == format::if_name) interface.device = value.text();
    if (code == format::if_tsoffset) made.offset_s = static_cast<std::int64_t>(value.u64(0));
    if (code == format::if_tsresol && value.size() == 1) {
      const double per_second = ticks_in_a_second(value.bytes(0, 1)[0]);
      made.ns_per_tick = 1e9 / per_second;
      made.ticks_per_second = whole_ticks(per_second);
    }
  });
  if (const std::size_t slash = interface.device.rfind('/'); slash != std::string::npos) {
    const auto vantage = vantage_from_name(interface.device.substr(slash + 1));
    if (vantage && *vantage != Vantage::tap) {
      made.ours = true;
      interface = {interface.device.substr(0, slash), *vantage};
    }
  }
  if (made.ours) {
    const auto clock = facts_.find("clock");
    made.clock.source = clock == facts_.end() ? "tsc" : clock->second;
  } else {
    made.clock.source = "file";
  }
  made.clock.resolution_ns = std::max<std::int64_t>(1, static_cast<std::int64_t>(made.ns_per_tick));

  const bool ethernet = made.link_type == static_cast<std::uint16_t>(LinkType::ethernet);
  if (!link_type_known(made.link_type)) {
    unknown_link_type_ = made.link_type;
  } else {
    const bool all_ethernet = !any_known_link_type_ || link_type_ == LinkType::ethernet;
    link_type_ = ethernet && all_ethernet ? LinkType::ethernet : LinkType::raw_ip;
    any_known_link_type_ = true;
  }
  if (interfaces_.size() >= interfaces_max || section_.size() >= interfaces_max) {
    throw Error(
        fmt::format("{}: describes more than {} interfaces: the file is damaged; capture again",
                    blocks_.path(), interfaces_max));
  }
  made.index = index_of(interface);
  made.at = interface.vantage;
  section_.push_back(std::move(made));
}

void PcapngSource::read_statistics() {
  const Fields body = blocks_.body();
  const std::uint32_t id = body.u32(0);
  if (id >= section_.size()) return;
  FileInterface& interface = section_[id];
  const auto vantage = static_cast<std::size_t>(interfaces_[interface.index].vantage);
  Loss loss;
  body.options(12, [&](std::uint16_t code, const Fields& value) {
    if (code == format::isb_ifdrop && !interface.ours) loss.elsewhere = value.u64(0);
    if (code == format::nic_stamps_option && interface.ours &&
        value.size() >= sizeof(format::NicStampsOption)) {
      interface.nic = nic_stamps_of(value, interfaces_[interface.index]);
    }
    if (code != format::loss_option || !interface.ours ||
        value.size() < sizeof(format::LossOption)) {
      return;
    }
    loss.dropped[vantage][TSCOPE_LOST_FULL] = {value.u64(0), value.u64(8)};
    loss.dropped[vantage][TSCOPE_LOST_CONTENDED] = {value.u64(16), value.u64(24)};
    loss.missed = value.u64(32);
    loss.late = value.u64(40);
    loss.invalid = value.u64(48);
    interface.clock.error_ns = static_cast<std::int64_t>(value.u64(56));
    interface.clock.steps = value.u64(64);
  });
  interface.loss = loss;
}

bool PcapngSource::read_our_record(const Fields& option, std::span<const std::uint8_t> frame,
                                   const FileInterface& interface, Packet& packet) const {
  const auto offset = our_ip_offset(interface.link_type, frame);
  const auto tail = option.bytes(38, 4);
  const std::uint8_t kind = tail[0];
  if (!offset || *offset > frame.size() || kind < TSCOPE_PACKET || kind > TSCOPE_PROBE)
    return false;

  const std::size_t header_max = kind == TSCOPE_PROBE        ? TSCOPE_PROBE_AT
                                 : is_hardware(interface.at) ? TSCOPE_NIC_TIME_AT
                                                             : TSCOPE_HEADER_MAX;
  const auto header =
      frame.subspan(*offset, std::min<std::size_t>(frame.size() - *offset, header_max));
  tscope_record& record = packet.record;
  record = tscope_record{};
  record.tsc = option.u64(0);
  record.netns = option.u32(8);
  record.ifindex = option.u32(12);
  record.seq = option.u32(16);
  record.seq_end = option.u32(20);
  record.wire_len = option.u32(24);
  record.napi_poll = option.u32(28);
  record.cpu = option.u16(32);
  record.segs = std::max<std::uint16_t>(1, option.u16(34));
  record.flags = option.u16(36);
  record.kind = kind;
  record.clock = tail[1];
  record.header_len = static_cast<std::uint16_t>(header.size());
  std::ranges::copy(header, record.header);
  if (tail[2] == TSCOPE_LINK_MAX && *offset == TSCOPE_LINK_MAX) {
    record.link_len = TSCOPE_LINK_MAX;
    std::ranges::copy(frame.first(TSCOPE_LINK_MAX), record.link);
  }
  packet.late = tail[3] != 0;
  return true;
}

bool PcapngSource::read_packet(const Fields& body, Packet& packet) {
  const std::uint32_t id = blocks_.type() == format::old_packet ? body.u16(0) : body.u32(0);
  if (id >= section_.size()) return false;
  const FileInterface& interface = section_[id];
  if (!link_type_known(interface.link_type)) return false;
  const std::uint64_t ticks = static_cast<std::uint64_t>(body.u32(4)) << 32 | body.u32(8);
  const std::uint32_t captured = body.u32(12), original = body.u32(16);
  const auto frame = body.bytes(packet_data, captured);
  if (frame.size() < captured) return false;

  bool known = false;
  tscope_probe times{};
  std::uint64_t nic_ns = 0;
  if (interface.ours) {
    const std::size_t options = packet_data + (captured + 3ULL) / 4 * 4;
    body.options(options, [&](std::uint16_t code, const Fields& value) {
      if (code == format::record_option && value.size() >= sizeof(format::RecordOption)) {
        known = read_our_record(value, frame, interface, packet);
      }
      if (code == format::probe_option && value.size() >= sizeof(format::ProbeOption)) {
        times = {value.u64(0), value.u64(8), value.u64(16)};
      }
      if (code == format::nic_time_option) nic_ns = value.u64(0);
    });
  }
  if (known && packet.record.kind == TSCOPE_PROBE) {
    std::memcpy(packet.record.header + TSCOPE_PROBE_AT, &times, sizeof(times));
  }
  if (known && is_hardware(interface.at)) {
    std::memcpy(packet.record.header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
  }
  if (!known && !build_foreign_packet(interface.link_type, frame, original, packet)) return false;
  packet.record.vantage = static_cast<std::uint8_t>(interfaces_[interface.index].vantage);
  packet.interface = interface.index;
  packet.time_ns =
      time_of(ticks, interface.ticks_per_second, interface.ns_per_tick, interface.offset_s);
  return true;
}

// Has no time and no interface: it is the section's first.
bool PcapngSource::read_simple_packet(const Fields& body, Packet& packet) {
  if (section_.empty() || !link_type_known(section_[0].link_type)) return false;
  const FileInterface& interface = section_[0];
  const std::uint32_t original = body.u32(0);
  const std::uint32_t snap = interface.snap_length != 0 ? interface.snap_length : original;
  if (!build_foreign_packet(interface.link_type, body.bytes(4, std::min(original, snap)), original,
                            packet)) {
    return false;
  }
  packet.record.vantage = static_cast<std::uint8_t>(interfaces_[interface.index].vantage);
  packet.interface = interface.index;
  packet.time_ns = 0;
  return true;
}

void PcapngSource::read_anchor() {
  const Fields body = blocks_.body();
  if (body.size() < sizeof(format::AnchorBlock)) return;
  const Anchor anchor{body.u64(0), body.u64(8), body.u64(16), body.u64(24)};
  tsc_khz_ = body.u32(32);
  if (!first_anchor_) first_anchor_ = anchor;
  last_anchor_ = anchor;
  if (anchors_.size() == anchors_max) anchors_.pop_front();
  anchors_.push_back(anchor);
}

void PcapngSource::read_nic_reading() {
  const Fields body = blocks_.body();
  if (body.size() < sizeof(format::NicReadingBlock)) return;
  if (nic_readings_.size() == anchors_max) nic_readings_.pop_front();
  nic_readings_.push_back({body.u64(0), body.u64(8), body.u64(16), body.u32(24)});
}

void PcapngSource::read_facts() {
  blocks_.body().options(0, [&](std::uint16_t code, const Fields& value) {
    if (code != format::opt_comment) return;
    const auto json = nlohmann::json::parse(value.text(), nullptr, false);
    if (!json.is_object()) return;
    for (const auto& [key, fact] : json.items()) {
      if (fact.is_string()) facts_[key] = fact.get<std::string>();
    }
  });
}

void PcapngSource::refuse_if_no_link_type_was_known() const {
  if (!unknown_link_type_ || any_known_link_type_) return;
  throw Error(
      fmt::format("{}: its link type {} carries no IP that tscope can read; capture on an "
                  "Ethernet or raw IP interface",
                  blocks_.path(), *unknown_link_type_));
}

// True if it was a packet.
bool PcapngSource::read_block(Packet& packet) {
  switch (blocks_.type()) {
    case format::section_header:
      read_section();
      return false;
    case format::interface_description:
      read_interface();
      return false;
    case format::interface_statistics:
      read_statistics();
      return false;
    case format::clock_anchor:
      read_anchor();
      return false;
    case format::nic_reading:
      read_nic_reading();
      return false;
    case format::host_facts:
      read_facts();
      return false;
    case format::simple_packet:
    case format::enhanced_packet:
    case format::old_packet: {
      const bool got = blocks_.type() == format::simple_packet
                           ? read_simple_packet(blocks_.body(), packet)
                           : read_packet(blocks_.body(), packet);
      if (!got) skipped_++;
      return got;
    }
    default:
      return false;
  }
}

Source::Next PcapngSource::next(Packet& packet) {
  while (blocks_.next()) {
    if (read_block(packet)) return Next::packet;
  }
  refuse_if_no_link_type_was_known();
  if (skipped_ > 0) facts_["skipped_packets"] = std::to_string(skipped_);
  return Next::end;
}

std::vector<Anchor> PcapngSource::take_anchors() {
  std::vector<Anchor> taken(anchors_.begin(), anchors_.end());
  anchors_.clear();
  return taken;
}

std::vector<NicReading> PcapngSource::take_nic_readings() {
  std::vector<NicReading> taken(nic_readings_.begin(), nic_readings_.end());
  nic_readings_.clear();
  return taken;
}

std::vector<NicStamps> PcapngSource::nic_stamps() const {
  std::vector<NicStamps> all = ended_nics_;
  for (const FileInterface& interface : section_) {
    if (interface.nic) all.push_back(*interface.nic);
  }
  return all;
}

Loss PcapngSource::loss() const {
  Loss sum = ended_.loss;
  for (const FileInterface& interface : section_) add(sum, interface.loss);
  return sum;
}

ClockInfo PcapngSource::clock() const {
  ClockInfo info = ended_.clock;
  if (info.source.empty()) info.source = "file";
  for (const FileInterface& interface : section_) add(info, interface.clock);
  if (first_anchor_ && last_anchor_->monotonic_raw_ns > first_anchor_->monotonic_raw_ns &&
      last_anchor_->tsc > first_anchor_->tsc) {
    info.tsc_hz =
        static_cast<double>(last_anchor_->tsc - first_anchor_->tsc) * 1e9 /
        static_cast<double>(last_anchor_->monotonic_raw_ns - first_anchor_->monotonic_raw_ns);
  }
  return info;
}

}  // namespace tscope
