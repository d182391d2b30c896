// SPDX-License-Identifier: MIT
#include "tscope/file/capture_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "file/block_buffer.hpp"
#include "file/counter_check_block.hpp"
#include "file/format.hpp"
#include "record/identity.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::uint32_t inbound = 1, outbound = 2;
constexpr std::size_t ethernet_header = 14, ethernet_addresses = 12;
constexpr std::size_t facts_max = 16 * 1024 - 16;
constexpr auto lenient = nlohmann::json::error_handler_t::replace;

const Interface no_packets{"any", Vantage::driver_rx};

struct Written {
  Interface interface;
  std::uint64_t packets = 0;
};

// Of the tag that goes back into the frame.
std::uint32_t tag_bytes(const tscope_record& record) {
  return (record.flags & TSCOPE_F_VLAN) != 0 ? format::vlan_tag : 0;
}

// As many facts as fit: a cut JSON text would be none.
std::string facts_text(const std::map<std::string, std::string>& facts) {
  nlohmann::json kept = nlohmann::json::object();
  std::size_t room = facts_max;
  for (const auto& [key, value] : facts) {
    const std::string entry = nlohmann::json{{key, value}}.dump(-1, ' ', false, lenient);
    if (entry.size() > room) continue;
    room -= entry.size();
    kept[key] = value;
  }
  return kept.dump(-1, ' ', false, lenient);
}

}  // namespace

struct CaptureFile::Impl {
  Impl(const std::string& path, LinkType link) : buffer(path), link_type(link) {}

  std::uint32_t id_of(const Interface& interface) {
    const auto found = std::ranges::find(written, interface, &Written::interface);
    if (found != written.end()) return static_cast<std::uint32_t>(found - written.begin());
    buffer.begin_block(format::interface_description);
    buffer.put(format::InterfaceBlock{.link_type = static_cast<std::uint16_t>(link_type),
                                      .reserved = 0,
                                      .snap_length = format::snap_length});
    buffer.put_text_option(format::if_name,
                           fmt::format("{}/{}", interface.device, vantage_name(interface.vantage)));
    if (is_hardware(interface.vantage)) {
      buffer.put_text_option(format::if_description, "stamps of the NIC's own clock");
    }
    buffer.put_option(format::if_tsresol, std::uint8_t{9});
    buffer.end_options();
    buffer.end_block();
    written.push_back({interface, 0});
    return static_cast<std::uint32_t>(written.size() - 1);
  }

  std::uint32_t id_of(const Packet& packet, const Interface& interface) {
    if (packet.interface >= ids.size()) ids.resize(packet.interface + 1, unknown);
    std::uint32_t& id = ids[packet.interface];
    if (id == unknown) id = id_of(interface);
    return id;
  }

  void put_link_header(const tscope_record& record) {
    std::uint8_t header[ethernet_header] = {};
    if ((record.flags & TSCOPE_F_LINK) != 0) {
      std::memcpy(header, record.link, ethernet_header);
    } else {
      const bool v6 = record.header[0] >> 4 == 6;
      header[12] = v6 ? 0x86 : 0x08;
      header[13] = v6 ? 0xdd : 0x00;
    }
    buffer.put_bytes(header, ethernet_addresses);
    if (tag_bytes(record) != 0) {
      const bool service = (record.flags & TSCOPE_F_VLAN_AD) != 0;
      const std::uint8_t tag[format::vlan_tag] = {static_cast<std::uint8_t>(service ? 0x88 : 0x81),
                                                  static_cast<std::uint8_t>(service ? 0xa8 : 0x00),
                                                  static_cast<std::uint8_t>(record.vlan_tci >> 8),
                                                  static_cast<std::uint8_t>(record.vlan_tci)};
      buffer.put_bytes(tag, sizeof(tag));
    }
    buffer.put_bytes(header + ethernet_addresses, ethernet_header - ethernet_addresses);
  }

  // A vantage point that lost everything has no interface yet, but its loss is to be told.
  void describe_what_lost_everything(const Loss& loss) {
    for (std::size_t i = 0; i < TSCOPE_VANTAGES; i++) {
      const auto vantage = static_cast<Vantage>(i);
      const bool seen = std::ranges::any_of(
          written, [&](const Written& w) { return w.interface.vantage == vantage; });
      if (!seen && loss.at(vantage).records > 0) id_of(Interface{"any", vantage});
    }
    if (written.empty() && loss.missed + loss.invalid > 0) id_of(no_packets);
  }

  void put_nic_stamps(const Interface& interface) {
    const auto stamps = std::ranges::find(last_nics, interface, &NicStamps::interface);
    if (stamps == last_nics.end()) return;
    buffer.put_option(
        format::nic_stamps_option,
        format::NicStampsOption{.error_ns = static_cast<std::uint64_t>(stamps->error_ns),
                                .used = stamps->used,
                                .zero = stamps->zero,
                                .still = stamps->still,
                                .stray = stamps->stray,
                                .no_clock = stamps->no_clock,
                                .steps = stamps->steps,
                                .phc = static_cast<std::uint32_t>(stamps->phc),
                                .pad = 0});
  }

  void put_statistics(const Loss& loss, const ClockInfo& clock, std::int64_t time_ns) {
    last_loss = loss;
    last_clock = clock;
    last_time_ns = time_ns;
    const auto time = static_cast<std::uint64_t>(time_ns);
    std::array<bool, TSCOPE_VANTAGES> told{};
    for (std::size_t id = 0; id < written.size(); id++) {
      const Written& interface = written[id];
      const auto vantage = static_cast<std::size_t>(interface.interface.vantage);
      const bool first = vantage < TSCOPE_VANTAGES && !std::exchange(told[vantage], true);

      format::LossOption lost{};
      if (first) {
        const auto& dropped = loss.dropped[vantage];
        lost.full_records = dropped[TSCOPE_LOST_FULL].records;
        lost.full_segments = dropped[TSCOPE_LOST_FULL].segments;
        lost.contended_records = dropped[TSCOPE_LOST_CONTENDED].records;
        lost.contended_segments = dropped[TSCOPE_LOST_CONTENDED].segments;
      }
      if (id == 0) {
        lost.missed = loss.missed;
        lost.late = loss.late;
        lost.invalid = loss.invalid;
        lost.clock_error_ns = static_cast<std::uint64_t>(clock.error_ns);
        lost.clock_steps = clock.steps;
      }
      const std::uint64_t dropped = lost.full_records + lost.contended_records;
      buffer.begin_block(format::interface_statistics);
      buffer.put(format::StatisticsBlock{.interface = static_cast<std::uint32_t>(id),
                                         .time_high = static_cast<std::uint32_t>(time >> 32),
                                         .time_low = static_cast<std::uint32_t>(time)});
      buffer.put_option(format::isb_ifrecv, interface.packets + dropped);
      buffer.put_option(format::isb_ifdrop, dropped);
      buffer.put_option(format::isb_usrdeliv, interface.packets);
      buffer.put_option(format::loss_option, lost);
      put_nic_stamps(interface.interface);
      buffer.end_options();
      buffer.end_block();
    }
  }

  static constexpr std::uint32_t unknown = 0xffffffff;

  BlockBuffer buffer;
  LinkType link_type;
  std::vector<Written> written;
  std::vector<std::uint32_t> ids;  // by Packet::interface
  Loss last_loss;
  ClockInfo last_clock;
  std::vector<NicStamps> last_nics;
  std::int64_t last_time_ns = 0;
};

CaptureFile::CaptureFile(const std::string& path, LinkType link_type,
                         const std::map<std::string, std::string>& facts)
    : impl_(std::make_unique<Impl>(path, link_type)) {
  BlockBuffer& buffer = impl_->buffer;
  const auto put_fact = [&](std::uint16_t code, const char* key) {
    if (const auto fact = facts.find(key); fact != facts.end()) {
      buffer.put_text_option(code, fact->second);
    }
  };
  buffer.begin_block(format::section_header);
  buffer.put(format::SectionBlock{
      .magic = format::byte_order_magic, .major = 1, .minor = 0, .length = ~std::uint64_t{0}});
  put_fact(format::shb_hardware, "cpu");
  put_fact(format::shb_os, "kernel");
  put_fact(format::shb_userappl, "tool");
  buffer.end_options();
  buffer.end_block();

  buffer.begin_block(format::host_facts);
  buffer.put_text_option(format::opt_comment, facts_text(facts));
  buffer.end_options();
  buffer.end_block();
  buffer.flush();
}

// libpcap refuses a file that describes no interface, so a capture without packets gets one.
CaptureFile::~CaptureFile() {
  if (impl_->buffer.failed() || !impl_->written.empty()) return;
  try {
    impl_->id_of(no_packets);
    impl_->put_statistics(impl_->last_loss, impl_->last_clock, impl_->last_time_ns);
  } catch (const Error&) {
    return;  // flush() is there for those who want to know
  }
}

void CaptureFile::write(const Packet& packet, const Interface& interface) {
  const tscope_record& record = packet.record;
  const bool ethernet = impl_->link_type == LinkType::ethernet;
  const std::uint32_t link = ethernet ? ethernet_header + tag_bytes(record) : 0;
  const std::uint32_t id = impl_->id_of(packet, interface);
  const auto time = static_cast<std::uint64_t>(packet.time_ns);
  const bool probe = record.kind == TSCOPE_PROBE;
  const bool hardware = is_hardware(interface.vantage);
  const std::uint32_t header_len =
      std::min<std::uint32_t>(record.header_len, probe      ? TSCOPE_PROBE_AT
                                                 : hardware ? TSCOPE_NIC_TIME_AT
                                                            : TSCOPE_HEADER_MAX);
  const std::uint32_t captured = link + header_len;

  BlockBuffer& buffer = impl_->buffer;
  buffer.begin_block(format::enhanced_packet);
  buffer.put(format::PacketBlock{.interface = id,
                                 .time_high = static_cast<std::uint32_t>(time >> 32),
                                 .time_low = static_cast<std::uint32_t>(time),
                                 .captured = captured,
                                 .original = std::max(captured, link + record.wire_len)});
  if (ethernet) impl_->put_link_header(record);
  buffer.put_bytes(record.header, header_len);
  buffer.pad();

  if (interface.vantage != Vantage::session && interface.vantage != Vantage::tap) {
    buffer.put_option(format::epb_flags, is_receive(interface.vantage) ? inbound : outbound);
  }
  if (interface.vantage == Vantage::session) {
    buffer.put_text_option(format::opt_comment,
                           record.kind == TSCOPE_OPEN ? "connection opened" : "connection closed");
  }
  if (const auto identity = wire_segment_id(record))
    buffer.put_option(format::epb_packetid, *identity);
  buffer.put_option(
      format::record_option,
      format::RecordOption{.tsc = record.tsc,
                           .netns = record.netns,
                           .ifindex = record.ifindex,
                           .seq = record.seq,
                           .seq_end = record.seq_end,
                           .wire_len = record.wire_len,
                           .napi_poll = record.napi_poll,
                           .cpu = record.cpu,
                           .segs = record.segs,
                           .flags = static_cast<std::uint16_t>(record.flags & ~TSCOPE_F_LINK),
                           .kind = record.kind,
                           .clock = record.clock,
                           .link_len = static_cast<std::uint8_t>(
                               (record.flags & TSCOPE_F_LINK) != 0 ? ethernet_header : 0),
                           .late = packet.late,
                           .vlan_tci = record.vlan_tci,
                           .flags_high = static_cast<std::uint16_t>(record.flags >> 16),
                           .pad = {}});
  if (probe) {
    format::ProbeOption times{};
    std::memcpy(&times, record.header + TSCOPE_PROBE_AT, sizeof(times));
    buffer.put_option(format::probe_option, times);
  }
  if (hardware) {
    buffer.put_option(format::nic_time_option, format::NicTimeOption{nic_time(record)});
  }
  buffer.end_options();
  buffer.end_block();
  impl_->written[id].packets++;
}

void CaptureFile::write(const Anchor& anchor, std::uint32_t tsc_khz) {
  BlockBuffer& buffer = impl_->buffer;
  buffer.begin_block(format::clock_anchor);
  buffer.put(format::AnchorBlock{.tsc = anchor.tsc,
                                 .width = anchor.width,
                                 .monotonic_raw_ns = anchor.monotonic_raw_ns,
                                 .realtime_ns = anchor.realtime_ns,
                                 .tsc_khz = tsc_khz,
                                 .pad = 0});
  buffer.end_block();
}

void CaptureFile::write(const NicReading& reading) {
  BlockBuffer& buffer = impl_->buffer;
  buffer.begin_block(format::nic_reading);
  buffer.put(format::NicReadingBlock{.tsc = reading.tsc,
                                     .width = reading.width,
                                     .nic_ns = reading.nic_ns,
                                     .phc = reading.phc,
                                     .pad = 0});
  buffer.end_block();
}

void CaptureFile::write(const CounterCheck& check) {
  put_counter_check(impl_->buffer, check);
}

void CaptureFile::write_statistics(const Loss& loss, const ClockInfo& clock, std::int64_t time_ns,
                                   const std::vector<NicStamps>& nics) {
  impl_->describe_what_lost_everything(loss);
  for (const NicStamps& stamps : nics) impl_->id_of(stamps.interface);
  impl_->last_nics = nics;
  impl_->put_statistics(loss, clock, time_ns);
}

void CaptureFile::flush() {
  impl_->buffer.flush();
}

std::uint64_t CaptureFile::bytes() const {
  return impl_->buffer.bytes();
}

}  // namespace tscope
