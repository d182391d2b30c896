// SPDX-License-Identifier: MIT
#include "file_source/pcapng_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "capture_file/format.hpp"
#include "file_source/link_layer.hpp"
#include "file_source/packet_builder.hpp"
#include "tscope/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t packet_data = 20;  // of an enhanced or old packet block's body
constexpr std::size_t interfaces_max = 65536;

}  // namespace

bool PcapngSource::is_magic(std::span<const std::uint8_t, 4> bytes) {
  return Fields(bytes, false).u32(0) == format::section_header;
}

PcapngSource::PcapngSource(ByteReader reader, std::array<std::uint8_t, 4> /*magic*/)
    : reader_(std::move(reader)) {}

void PcapngSource::damaged(std::uint64_t at, const std::string& what) const {
  throw Error(fmt::format("{}: the block at byte {} {}: the file is damaged; capture again or repair "
                          "it with editcap",
                          reader_.path(), at, what));
}

// A section's byte order is known only behind its length.
bool PcapngSource::read_section_length(std::uint32_t& length, std::uint64_t at) {
  std::array<std::uint8_t, 4> magic{};
  if (reader_.read(magic) < magic.size()) return false;
  if (Fields(magic, false).u32(0) == format::byte_order_magic) {
    swapped_ = false;
  } else if (Fields(magic, true).u32(0) == format::byte_order_magic) {
    swapped_ = true;
    length = __builtin_bswap32(length);
  } else {
    damaged(at, "has no byte order");
  }
  return true;
}

// Nothing at the end of the file, and with truncated_ set where it ends within a block.
std::optional<PcapngSource::Block> PcapngSource::read_block() {
  Block block;
  std::array<std::uint8_t, 8> head{};
  const std::size_t known = first_ ? 4 : 0;
  block.at = reader_.offset() - known;
  const std::size_t got = reader_.read(std::span(head).subspan(known));
  if (first_) {
    const std::uint32_t magic = format::section_header;
    std::memcpy(head.data(), &magic, sizeof(magic));
  }
  first_ = false;
  if (got == 0 && known == 0) return std::nullopt;
  if (got + known < head.size()) {
    truncated_ = true;
    return std::nullopt;
  }
  block.type = Fields(head, swapped_).u32(0);
  std::uint32_t length = Fields(head, swapped_).u32(4);
  std::uint32_t taken = 8;
  if (block.type == format::section_header) {
    length = Fields(head, false).u32(4);
    if (!read_section_length(length, block.at)) {
      truncated_ = true;
      return std::nullopt;
    }
    taken = 12;
  }
  if (length < taken + 4 || length % 4 != 0 || length > format::block_max) {
    damaged(block.at, fmt::format("claims a length of {} bytes", length));
  }
  body_.resize(length - taken);
  if (reader_.read(body_) < body_.size()) {
    truncated_ = true;
    return std::nullopt;
  }
  if (Fields(body_, swapped_).u32(body_.size() - 4) != length) {
    damaged(block.at, "ends with another length than it began with");
  }
  body_.resize(body_.size() - 4);
  return block;
}

void PcapngSource::read_section() {
  std::ranges::move(section_, std::back_inserter(ended_));
  section_.clear();
  // Behind the byte-order magic: version and section length.
  Fields(body_, swapped_).options(12, [&](std::uint16_t code, const Fields& value) {
    if (code == format::shb_hardware) facts_.emplace("cpu", value.text());
    if (code == format::shb_os) facts_.emplace("kernel", value.text());
    if (code == format::shb_userappl) facts_.emplace("tool", value.text());
  });
}

std::uint32_t PcapngSource::index_of(const Interface& interface) {
  const auto found = std::ranges::find(interfaces_, interface);
  if (found == interfaces_.end()) {
    interfaces_.push_back(interface);
    return static_cast<std::uint32_t>(interfaces_.size() - 1);
  }
  return static_cast<std::uint32_t>(found - interfaces_.begin());
}

void PcapngSource::read_interface() {
  const Fields fields(body_, swapped_);
  FileInterface made;
  Interface interface{"-", Vantage::tap};
  made.link_type = fields.u16(0);
  fields.options(8, [&](std::uint16_t code, const Fields& value) {
    if (code == format::if_name) interface.device = value.text();
    if (code == format::if_tsoffset) made.offset_s = static_cast<std::int64_t>(value.u64(0));
    if (code == format::if_tsresol && value.size() == 1) {
      const std::uint8_t resolution = value.bytes(0, 1)[0];
      const double per_second = resolution & 0x80 ? std::exp2(resolution & 0x7f)
                                                  : std::pow(10.0, resolution & 0x7f);
      made.ns_per_tick = 1e9 / per_second;
      made.ticks_per_second =
          per_second < 1e18 ? static_cast<std::uint64_t>(per_second) : 1'000'000'000'000'000'000;
    }
  });
  const std::size_t slash = interface.device.rfind('/');
  if (slash != std::string::npos) {
    const auto vantage = vantage_from_name(interface.device.substr(slash + 1));
    if (vantage && *vantage != Vantage::tap) {
      made.ours = true;
      interface = {interface.device.substr(0, slash), *vantage};
    }
  }
  if (link_type_known(made.link_type)) {
    any_known_link_type_ = true;
  } else {
    unknown_link_type_ = made.link_type;
  }
  if (interfaces_.size() >= interfaces_max || section_.size() >= interfaces_max) {
    throw Error(fmt::format("{}: describes more than {} interfaces: the file is damaged; capture again",
                            reader_.path(), interfaces_max));
  }
  made.index = index_of(interface);
  section_.push_back(std::move(made));
}

void PcapngSource::read_statistics() {
  const Fields fields(body_, swapped_);
  const std::uint32_t id = fields.u32(0);
  if (id >= section_.size()) return;
  FileInterface& interface = section_[id];
  const auto vantage = static_cast<std::size_t>(interfaces_[interface.index].vantage);
  Loss loss;
  fields.options(12, [&](std::uint16_t code, const Fields& value) {
    if (code == format::isb_ifdrop && !interface.ours) loss.elsewhere = value.u64(0);
    if (code != format::loss_option || !interface.ours ||
        value.size() != sizeof(format::LossOption)) {
      return;
    }
    loss.dropped[vantage][TSCOPE_LOST_FULL] = {value.u64(0), value.u64(8)};
    loss.dropped[vantage][TSCOPE_LOST_CONTENDED] = {value.u64(16), value.u64(24)};
    loss.missed = value.u64(32);
    loss.late = value.u64(40);
    loss.invalid = value.u64(48);
    interface.error_ns = value.u64(56);
    interface.steps = value.u64(64);
  });
  interface.loss = loss;
}

bool PcapngSource::read_our_record(const Fields& option, std::span<const std::uint8_t> frame,
                                   std::uint32_t original_length, const FileInterface& interface,
                                   Packet& packet) const {
  const auto offset = ip_offset(interface.link_type, frame);
  if (!offset || *offset > frame.size()) return false;
  const auto header = frame.subspan(*offset);
  tscope_record& record = packet.record;
  record = tscope_record{};
  record.tsc = option.u64(0);
  record.netns = option.u32(8);
  record.ifindex = option.u32(12);
  record.seq = option.u32(16);
  record.seq_end = option.u32(20);
  record.napi_poll = option.u32(24);
  record.cpu = option.u16(28);
  record.segs = std::max<std::uint16_t>(1, option.u16(30));
  record.flags = option.u16(32);
  const auto tail = option.bytes(34, 4);
  record.kind = tail[0];
  record.clock = tail[1];
  packet.late = tail[3] != 0;
  record.header_len =
      static_cast<std::uint16_t>(std::min<std::size_t>(header.size(), TSCOPE_HEADER_MAX));
  std::ranges::copy(header.first(record.header_len), record.header);
  record.wire_len = original_length - std::min(original_length, static_cast<std::uint32_t>(*offset));
  if (tail[2] == TSCOPE_LINK_MAX && *offset == TSCOPE_LINK_MAX) {
    record.link_len = TSCOPE_LINK_MAX;
    std::ranges::copy(frame.first(TSCOPE_LINK_MAX), record.link);
  }
  record.vantage = static_cast<std::uint8_t>(interfaces_[interface.index].vantage);
  return true;
}

bool PcapngSource::read_packet(std::uint32_t type, Packet& packet) {
  const Fields fields(body_, swapped_);
  const std::uint32_t id =
      type == format::old_packet ? fields.u16(0) : fields.u32(0);
  if (id >= section_.size() || body_.size() < packet_data) return false;
  const FileInterface& interface = section_[id];
  if (!link_type_known(interface.link_type)) return false;
  const std::uint64_t ticks = static_cast<std::uint64_t>(fields.u32(4)) << 32 | fields.u32(8);
  const std::uint32_t captured = fields.u32(12), original = fields.u32(16);
  const auto frame = fields.bytes(packet_data, captured);
  if (frame.size() < captured) return false;

  bool known = false;
  if (interface.ours) {
    fields.options(packet_data + (captured + 3ULL) / 4 * 4,
                   [&](std::uint16_t code, const Fields& value) {
                     if (code == format::record_option &&
                         value.size() == sizeof(format::RecordOption)) {
                       known = read_our_record(value, frame, original, interface, packet);
                     }
                   });
  }
  if (!known && !build_foreign_packet(interface.link_type, frame, original, packet)) return false;
  packet.record.vantage = static_cast<std::uint8_t>(interfaces_[interface.index].vantage);
  packet.interface = interface.index;
  // Unsigned, so that a made-up time wraps instead of overflowing.
  const std::uint64_t seconds =
      ticks / interface.ticks_per_second + static_cast<std::uint64_t>(interface.offset_s);
  const std::uint64_t rest = ticks % interface.ticks_per_second;
  packet.time_ns = static_cast<std::int64_t>(
      seconds * 1'000'000'000 +
      static_cast<std::uint64_t>(std::llround(static_cast<double>(rest) * interface.ns_per_tick)));
  return true;
}

void PcapngSource::refuse_if_no_link_type_was_known() const {
  if (!unknown_link_type_ || any_known_link_type_) return;
  throw Error(fmt::format("{}: its link type {} carries no IP that tscope can read; capture on an "
                          "Ethernet or raw IP interface",
                          reader_.path(), *unknown_link_type_));
}

Source::Next PcapngSource::next(Packet& packet) {
  while (true) {
    const auto block = read_block();
    if (!block) {
      refuse_if_no_link_type_was_known();
      return Next::end;
    }
    switch (block->type) {
      case format::section_header:
        read_section();
        break;
      case format::interface_description:
        read_interface();
        break;
      case format::interface_statistics:
        read_statistics();
        break;
      case format::enhanced_packet:
      case format::old_packet:
        if (read_packet(block->type, packet)) return Next::packet;
        break;
      case format::clock_anchor: {
        const Fields fields(body_, swapped_);
        anchors_.push_back({fields.u64(0), fields.u64(8), fields.u64(16), fields.u64(24)});
        break;
      }
      case format::host_facts:
        Fields(body_, swapped_).options(0, [&](std::uint16_t, const Fields& value) {
          const auto json = nlohmann::json::parse(value.text(), nullptr, false);
          if (!json.is_object()) return;
          for (const auto& [key, fact] : json.items()) {
            if (fact.is_string()) facts_[key] = fact.get<std::string>();
          }
        });
        break;
      default:
        break;
    }
  }
}

Loss PcapngSource::loss() const {
  Loss sum;
  for (const auto* interfaces : {&ended_, &section_}) {
    for (const FileInterface& interface : *interfaces) {
      for (std::size_t vantage = 0; vantage < sum.dropped.size(); vantage++) {
        for (std::size_t cause = 0; cause < TSCOPE_LOST_CAUSES; cause++) {
          sum.dropped[vantage][cause].records += interface.loss.dropped[vantage][cause].records;
          sum.dropped[vantage][cause].segments += interface.loss.dropped[vantage][cause].segments;
        }
      }
      sum.missed += interface.loss.missed;
      sum.invalid += interface.loss.invalid;
      sum.late += interface.loss.late;
      sum.elsewhere += interface.loss.elsewhere;
    }
  }
  return sum;
}

ClockInfo PcapngSource::clock() const {
  ClockInfo info;
  info.source = "file";
  for (const auto* interfaces : {&ended_, &section_}) {
    for (const FileInterface& interface : *interfaces) {
      if (interface.ours) info.source = "tsc";
      info.error_ns = std::max(info.error_ns, static_cast<std::int64_t>(interface.error_ns));
      info.steps += interface.steps;
      info.resolution_ns =
          std::max(info.resolution_ns, static_cast<std::int64_t>(interface.ns_per_tick));
    }
  }
  if (anchors_.size() > 1 && anchors_.back().monotonic_raw_ns > anchors_.front().monotonic_raw_ns) {
    info.tsc_hz = static_cast<double>(anchors_.back().tsc - anchors_.front().tsc) * 1e9 /
                  static_cast<double>(anchors_.back().monotonic_raw_ns -
                                      anchors_.front().monotonic_raw_ns);
  }
  return info;
}

}  // namespace tscope
