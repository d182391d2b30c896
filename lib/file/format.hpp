// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What docs/file-format.md says, for writer and reader alike: the writer puts these layouts into
// the file as they are, the reader takes each field from where its layout has it (Fields::get). An
// option or block of ours may grow at its end: the reader takes the part it knows.
namespace tscope::format {

// Standard pcapng (draft-ietf-opsawg-pcapng).
inline constexpr std::uint32_t section_header = 0x0a0d0d0a;
inline constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
inline constexpr std::uint32_t interface_description = 1;
inline constexpr std::uint32_t old_packet = 2;
inline constexpr std::uint32_t simple_packet = 3;
inline constexpr std::uint32_t interface_statistics = 5;
inline constexpr std::uint32_t enhanced_packet = 6;

inline constexpr std::uint16_t opt_end = 0, opt_comment = 1;
inline constexpr std::uint16_t shb_hardware = 2, shb_os = 3, shb_userappl = 4;
inline constexpr std::uint16_t if_name = 2, if_description = 3, if_tsresol = 9, if_tsoffset = 14;
inline constexpr std::uint16_t epb_flags = 2, epb_packetid = 5;
inline constexpr std::uint16_t isb_ifrecv = 4, isb_ifdrop = 5, isb_usrdeliv = 8;

// Ours: local use.
inline constexpr std::uint32_t clock_anchor = 0x80000001;
inline constexpr std::uint32_t host_facts = 0x80000002;
inline constexpr std::uint32_t nic_reading = 0x80000003;
inline constexpr std::uint32_t counter_check = 0x80000004;
inline constexpr std::uint16_t record_option = 0x8001;
inline constexpr std::uint16_t loss_option = 0x8002;
inline constexpr std::uint16_t probe_option = 0x8003;
inline constexpr std::uint16_t nic_time_option = 0x8004;
inline constexpr std::uint16_t nic_stamps_option = 0x8005;
inline constexpr std::uint16_t counter_check_option = 0x8006;

inline constexpr std::uint32_t vlan_tag = 4;           // bytes
inline constexpr std::uint32_t snap_length = 262144;   // libpcap's largest
inline constexpr std::uint32_t block_max = 16U << 20;  // as libpcap: a longer one is damage

// Blocks of the standard, up to their data and options.

struct SectionBlock {
  std::uint32_t magic;
  std::uint16_t major, minor;
  std::uint64_t length;  // all bits set: not known
};
static_assert(sizeof(SectionBlock) == 16);

struct InterfaceBlock {
  std::uint16_t link_type, reserved;
  std::uint32_t snap_length;
};
static_assert(sizeof(InterfaceBlock) == 8);

struct PacketBlock {
  std::uint32_t interface, time_high, time_low;
  std::uint32_t captured, original;  // bytes
};
static_assert(sizeof(PacketBlock) == 20);

struct OldPacketBlock {
  std::uint16_t interface, drops;
  std::uint32_t time_high, time_low, captured, original;  // as in PacketBlock
};
static_assert(sizeof(OldPacketBlock) == sizeof(PacketBlock));

struct SimplePacketBlock {
  std::uint32_t original;
};

struct StatisticsBlock {
  std::uint32_t interface, time_high, time_low;
};
static_assert(sizeof(StatisticsBlock) == 12);

// Ours.

struct RecordOption {
  std::uint64_t tsc;
  std::uint32_t netns;
  std::uint32_t ifindex;
  std::uint32_t seq;
  std::uint32_t seq_end;
  std::uint32_t wire_len;
  std::uint32_t napi_poll;
  std::uint16_t cpu;
  std::uint16_t segs;
  std::uint16_t flags;  // the low half
  std::uint8_t kind;
  std::uint8_t clock;
  std::uint8_t link_len;
  std::uint8_t late;
  std::uint16_t vlan_tci;  // these two: zero in files of before there were VLAN tags in records
  std::uint16_t flags_high;
  std::uint16_t pad;
};
static_assert(sizeof(RecordOption) == 48);

struct ProbeOption {
  std::uint64_t scheduled, woken, spun;
};
static_assert(sizeof(ProbeOption) == 24);

struct NicTimeOption {
  std::uint64_t nic_ns;
};

struct LossOption {
  std::uint64_t full_records, full_segments;
  std::uint64_t contended_records, contended_segments;
  std::uint64_t missed, late, invalid;  // of the capture: at the file's first interface, else 0
  std::uint64_t clock_error_ns, clock_steps;
};
static_assert(sizeof(LossOption) == 72);

struct AnchorBlock {
  std::uint64_t tsc, width, monotonic_raw_ns, realtime_ns;
  std::uint32_t tsc_khz, pad;
};
static_assert(sizeof(AnchorBlock) == 40);

struct NicReadingBlock {
  std::uint64_t tsc, width, nic_ns;
  std::uint32_t phc, pad;
};
static_assert(sizeof(NicReadingBlock) == 32);

struct NicStampsOption {
  std::uint64_t error_ns, used, zero, still, stray, no_clock, steps;
  std::uint32_t phc, pad;  // phc: all bits set for none
};
static_assert(sizeof(NicStampsOption) == 64);

struct CounterCheckOption {
  std::uint64_t counted, frames, segments, margin;
  std::uint8_t vantage, obstacle, counts_frames, slow_counter, xdp;
  std::uint8_t pad;
  std::uint16_t queue;
  char device[16];  // up to the first zero byte
};
static_assert(sizeof(CounterCheckOption) == 56);

}  // namespace tscope::format
