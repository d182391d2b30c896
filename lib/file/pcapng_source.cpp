// SPDX-License-Identifier: MIT
#include "file/pcapng_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "file/counter_check_block.hpp"
#include "file/format.hpp"
#include "file/own_packet.hpp"
#include "file/packet_builder.hpp"
#include "file/possible_time.hpp"
#include "file/source_sums.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t interfaces_max = 65536;
constexpr std::size_t anchors_max = 65536;

}  // namespace

void PcapngSource::read_section() {
  ended_error_known_ = ended_error_known_ || error_known_of_section();
  if (!section_.empty()) ended_known_.push_back(known_of_section());
  for (const FileInterface& interface : section_) {
    add(ended_.loss, interface.loss);
    add(ended_.clock, interface.clock);
    if (interface.nic) ended_nics_.push_back(*interface.nic);
  }
  section_.clear();
  uncounted_ = 0;
  constexpr std::size_t options = sizeof(format::SectionBlock) - sizeof(format::byte_order_magic);
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

void PcapngSource::note_link_type(std::uint16_t link_type) {
  if (!link_type_known(link_type)) {
    unknown_link_type_ = link_type;
    return;
  }
  const bool ethernet = link_type == static_cast<std::uint16_t>(LinkType::ethernet);
  const bool all_ethernet = !any_known_link_type_ || link_type_ == LinkType::ethernet;
  link_type_ = ethernet && all_ethernet ? LinkType::ethernet : LinkType::raw_ip;
  any_known_link_type_ = true;
}

void PcapngSource::add_interface() {
  const auto clock = facts_.find("clock");
  FileInterface made =
      read_interface(blocks_.body(), clock == facts_.end() ? "tsc" : clock->second);
  note_link_type(made.link_type);
  if (interfaces_.size() >= interfaces_max || section_.size() >= interfaces_max) {
    throw Error(
        fmt::format("{}: describes more than {} interfaces: the file is damaged; capture again",
                    blocks_.path(), interfaces_max));
  }
  made.index = index_of(made.interface);
  section_.push_back(std::move(made));
}

void PcapngSource::add_statistics() {
  const Fields body = blocks_.body();
  const std::uint32_t id = body.get(&format::StatisticsBlock::interface);
  if (id < section_.size()) read_statistics(body, section_[id]);
  uncounted_ = 0;
}

bool PcapngSource::read_packet(const Fields& body, Packet& packet) {
  using format::PacketBlock;
  const std::uint32_t id = blocks_.type() == format::old_packet
                               ? body.get(&format::OldPacketBlock::interface)
                               : body.get(&PacketBlock::interface);
  const FileInterface* const interface = interface_of_packet(id);
  if (interface == nullptr) return false;
  const std::uint32_t captured = body.get(&PacketBlock::captured);
  const auto frame = body.bytes(sizeof(PacketBlock), captured);
  if (frame.size() < captured) return skip(SkipReason::malformed);

  const std::int64_t time_ns =
      interface->time_ns(body.get(&PacketBlock::time_high), body.get(&PacketBlock::time_low));
  const bool possible = is_possible_time(time_ns);
  // We wrote no such time.
  if (interface->ours && !possible) return skip(SkipReason::no_record);

  const std::size_t options = sizeof(PacketBlock) + (captured + 3ULL) / 4 * 4;
  if (interface->ours && read_own_packet(body, options, frame, *interface, packet)) {
    packet.interface = interface->index;
    packet.record.vantage = static_cast<std::uint8_t>(interface->interface.vantage);
  } else if (!read_foreign_packet(*interface, frame, body.get(&PacketBlock::original), packet)) {
    return false;
  }
  packet.time_ns = possible ? time_ns : 0;  // 0: it has none
  return true;
}

bool PcapngSource::skip(SkipReason reason, std::uint16_t number) {
  census_.skip(reason, number);
  return false;
}

// Nothing, and the packet is counted as skipped, if its interface is not described or carries no
// IP.
const FileInterface* PcapngSource::interface_of_packet(std::uint32_t id) {
  if (id >= section_.size()) {
    skip(SkipReason::no_interface);
    return nullptr;
  }
  const FileInterface& interface = section_[id];
  if (link_type_known(interface.link_type)) return &interface;
  skip(SkipReason::link_type, interface.link_type);
  return nullptr;
}

bool PcapngSource::read_foreign_packet(const FileInterface& interface,
                                       std::span<const std::uint8_t> frame, std::uint32_t original,
                                       Packet& packet) {
  Place place;
  if (!build_foreign_packet(interface.link_type, frame, original, packet, place, census_)) {
    return false;
  }
  packet.record.vantage = static_cast<std::uint8_t>(interface.interface.vantage);
  packet.interface =
      interface.ours ? interface.index : places_.index_of(interface.index, place, interfaces_);
  return true;
}

// Has no time and no interface: it is the section's first.
bool PcapngSource::read_simple_packet(const Fields& body, Packet& packet) {
  const FileInterface* const interface = interface_of_packet(0);
  if (interface == nullptr) return false;
  const std::uint32_t original = body.get(&format::SimplePacketBlock::original);
  const std::uint32_t snap = interface->snap_length != 0 ? interface->snap_length : original;
  const auto frame = body.bytes(sizeof(format::SimplePacketBlock), std::min(original, snap));
  packet.time_ns = 0;
  return read_foreign_packet(*interface, frame, original, packet);
}

void PcapngSource::read_anchor() {
  using format::AnchorBlock;
  const Fields body = blocks_.body();
  if (!body.holds<AnchorBlock>()) return;
  const Anchor anchor{.tsc = body.get(&AnchorBlock::tsc),
                      .width = body.get(&AnchorBlock::width),
                      .monotonic_raw_ns = body.get(&AnchorBlock::monotonic_raw_ns),
                      .realtime_ns = body.get(&AnchorBlock::realtime_ns)};
  const auto possible = [](std::uint64_t ns) {
    return ns <= static_cast<std::uint64_t>(latest_ns);
  };
  if (!possible(anchor.monotonic_raw_ns) || !possible(anchor.realtime_ns)) return;
  tsc_khz_ = body.get(&AnchorBlock::tsc_khz);
  if (!first_anchor_) first_anchor_ = anchor;
  last_anchor_ = anchor;
  if (anchors_.size() == anchors_max) anchors_.pop_front();
  anchors_.push_back(anchor);
}

void PcapngSource::read_nic_reading() {
  using format::NicReadingBlock;
  const Fields body = blocks_.body();
  if (!body.holds<NicReadingBlock>()) return;
  if (nic_readings_.size() == anchors_max) nic_readings_.pop_front();
  nic_readings_.push_back({.tsc = body.get(&NicReadingBlock::tsc),
                           .width = body.get(&NicReadingBlock::width),
                           .nic_ns = body.get(&NicReadingBlock::nic_ns),
                           .phc = body.get(&NicReadingBlock::phc)});
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
      add_interface();
      return false;
    case format::interface_statistics:
      add_statistics();
      return false;
    case format::clock_anchor:
      read_anchor();
      return false;
    case format::nic_reading:
      read_nic_reading();
      return false;
    case format::counter_check:
      read_counter_check(blocks_.body(), counter_check_);
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
      packet.number = ++census_.packets;
      uncounted_ += got ? 1 : 0;
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

// Captures, and nothing else that we write, have the fact on their vantage points.
CounterCheck PcapngSource::counter_check() const {
  CounterCheck check = counter_check_;
  const bool driver = std::ranges::any_of(interfaces_, [](const Interface& interface) {
    return interface.vantage == Vantage::driver_rx || interface.vantage == Vantage::driver_tx;
  });
  if (check.state == CounterCheck::State::not_applicable && driver &&
      facts_.contains("vantage_points")) {
    check.state = CounterCheck::State::absent;
  }
  return check;
}

// A capture of ours writes the counts of all its interfaces at once, now and then and at its end.
Loss::Known PcapngSource::known_of_section() const {
  using enum Loss::Known;
  if (section_.empty()) return anchored_twice() ? all : none;
  const auto counted = static_cast<std::size_t>(
      std::ranges::count(section_, all, [](const auto& one) { return one.loss.known; }));
  if (counted == 0) return none;
  return counted < section_.size() || uncounted_ > 0 || blocks_.truncated() ? partly : all;
}

Loss PcapngSource::loss() const {
  Loss sum = ended_.loss;
  for (const FileInterface& interface : section_) add(sum, interface.loss);
  std::vector<Loss::Known> known = ended_known_;
  if (!section_.empty() || known.empty()) known.push_back(known_of_section());
  const auto [best, worst] = std::ranges::minmax(known);
  sum.known = best == worst ? best : Loss::Known::partly;
  return sum;
}

bool PcapngSource::error_known_of_section() const {
  return std::ranges::any_of(section_, [](const auto& one) { return one.clock.error_known; });
}

bool PcapngSource::anchored_twice() const {
  return first_anchor_ && last_anchor_->monotonic_raw_ns > first_anchor_->monotonic_raw_ns &&
         last_anchor_->tsc > first_anchor_->tsc;
}

ClockInfo PcapngSource::clock() const {
  ClockInfo info = ended_.clock;
  info.error_known = ended_error_known_ || error_known_of_section();
  if (info.source.empty()) info.source = "file";
  for (const FileInterface& interface : section_) add(info, interface.clock);
  if (first_anchor_) {
    const auto end_ns =
        static_cast<std::int64_t>(first_anchor_->realtime_ns + last_anchor_->monotonic_raw_ns -
                                  first_anchor_->monotonic_raw_ns);
    info.end_ns = std::clamp(end_ns, earliest_ns, latest_ns);
  }
  if (anchored_twice()) {
    info.tsc_hz =
        static_cast<double>(last_anchor_->tsc - first_anchor_->tsc) * 1e9 /
        static_cast<double>(last_anchor_->monotonic_raw_ns - first_anchor_->monotonic_raw_ns);
  }
  return info;
}

}  // namespace tscope
