// SPDX-License-Identifier: MIT
#include "file/own_packet.hpp"

#include <algorithm>
#include <cstring>

#include "file/format.hpp"
#include "tscope/file/capture_file.hpp"

namespace tscope {

namespace {

constexpr std::size_t ethernet_addresses = 12, ether_type = 2;

// Where the IP header begins; our files are Ethernet or raw IP.
std::size_t our_ip_offset(std::uint16_t link_type, bool tagged) {
  // Not the EtherType decides, but the record: old files have frames with a tag's and no tag.
  if (link_type == static_cast<std::uint16_t>(LinkType::ethernet)) {
    return TSCOPE_LINK_MAX + (tagged ? format::vlan_tag : 0);
  }
  return 0;
}

// The rest of a record's header bytes holds times, which stand in options of their own.
std::size_t header_max(std::uint8_t kind, Vantage at) {
  if (kind == TSCOPE_PROBE) return TSCOPE_PROBE_AT;
  return is_hardware(at) ? TSCOPE_NIC_TIME_AT : TSCOPE_HEADER_MAX;
}

bool read_record(const Fields& option, std::span<const std::uint8_t> frame,
                 const FileInterface& interface, Packet& packet) {
  using format::RecordOption;
  const std::uint32_t flags =
      option.get(&RecordOption::flags) | std::uint32_t{option.get(&RecordOption::flags_high)} << 16;
  const std::size_t offset = our_ip_offset(interface.link_type, (flags & TSCOPE_F_VLAN) != 0);
  const std::uint8_t kind = option.get(&RecordOption::kind);
  if (offset > frame.size() || kind < TSCOPE_PACKET || kind > TSCOPE_PROBE) {
    return false;
  }
  const auto header = frame.subspan(
      offset, std::min(frame.size() - offset, header_max(kind, interface.interface.vantage)));
  tscope_record& record = packet.record;
  record = tscope_record{};
  record.tsc = option.get(&RecordOption::tsc);
  record.netns = option.get(&RecordOption::netns);
  record.ifindex = option.get(&RecordOption::ifindex);
  record.seq = option.get(&RecordOption::seq);
  record.seq_end = option.get(&RecordOption::seq_end);
  record.wire_len = option.get(&RecordOption::wire_len);
  record.napi_poll = option.get(&RecordOption::napi_poll);
  record.cpu = option.get(&RecordOption::cpu);
  record.segs = std::max<std::uint16_t>(1, option.get(&RecordOption::segs));
  record.flags = flags;
  record.vlan_tci = option.get(&RecordOption::vlan_tci);
  record.kind = kind;
  record.clock = option.get(&RecordOption::clock);
  record.header_len = static_cast<std::uint8_t>(header.size());
  std::ranges::copy(header, record.header);
  if (option.get(&RecordOption::link_len) == TSCOPE_LINK_MAX && offset >= TSCOPE_LINK_MAX) {
    record.flags |= TSCOPE_F_LINK;
    std::ranges::copy(frame.first(ethernet_addresses), record.link);
    std::ranges::copy(frame.subspan(offset - ether_type, ether_type),
                      record.link + ethernet_addresses);
  }
  packet.late = option.get(&RecordOption::late) != 0;
  return true;
}

}  // namespace

bool read_own_packet(const Fields& body, std::size_t options_at,
                     std::span<const std::uint8_t> frame, const FileInterface& interface,
                     Packet& packet) {
  using format::ProbeOption;
  bool known = false;
  tscope_probe times{};
  std::uint64_t nic_ns = 0;
  body.options(options_at, [&](std::uint16_t code, const Fields& value) {
    if (code == format::record_option && value.holds<format::RecordOption>()) {
      known = read_record(value, frame, interface, packet);
    }
    if (code == format::probe_option && value.holds<ProbeOption>()) {
      times = {value.get(&ProbeOption::scheduled), value.get(&ProbeOption::woken),
               value.get(&ProbeOption::spun)};
    }
    if (code == format::nic_time_option) nic_ns = value.get(&format::NicTimeOption::nic_ns);
  });
  if (!known) return false;
  tscope_record& record = packet.record;
  if (record.kind == TSCOPE_PROBE) {
    std::memcpy(record.header + TSCOPE_PROBE_AT, &times, sizeof(times));
  }
  if (is_hardware(interface.interface.vantage)) {
    std::memcpy(record.header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
  }
  return true;
}

}  // namespace tscope
