// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tscope/base/error.hpp"
#include "tscope/file/file_source.hpp"
#include "tscope/record/packet.hpp"

// Capture files put together byte by byte, for tests that must not lean on our own writer.
namespace tscope::test {

using Bytes = std::vector<std::uint8_t>;

inline std::string golden(const std::string& name) {
  return std::string(TSCOPE_GOLDEN_DIR) + "/" + name;
}

inline Bytes read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file that has a path but no place on a disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes = {})
      : fd_(memfd_create("capture", MFD_CLOEXEC)) {
    if (fd_ < 0 || pwrite(fd_, bytes.data(), bytes.size(), 0) != std::ssize(bytes)) {
      throw std::runtime_error("no memory file");
    }
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  Bytes bytes() const { return read_bytes(path()); }

 private:
  int fd_;
};

/// Integers of one byte order, one after the other.
class Writer {
 public:
  explicit Writer(bool big_endian = false) : big_endian_(big_endian) {}

  template <typename T>
  Writer& put(T value) {
    for (std::size_t i = 0; i < sizeof(T); i++) {
      const std::size_t shift = 8 * (big_endian_ ? sizeof(T) - 1 - i : i);
      bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  Writer& u16(unsigned value) { return put(static_cast<std::uint16_t>(value)); }
  Writer& u32(std::uint64_t value) { return put(static_cast<std::uint32_t>(value)); }
  Writer& u64(std::uint64_t value) { return put(value); }
  Writer& raw(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Writer& pad() {
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
    return *this;
  }
  Writer& option(unsigned code, std::span<const std::uint8_t> value) {
    return u16(code).u16(static_cast<unsigned>(value.size())).raw(value).pad();
  }
  Writer& text_option(unsigned code, const std::string& text) {
    return option(code, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  /// A whole block around a body.
  Writer& block(std::uint32_t type, const Writer& body) {
    const std::size_t length = 12 + (body.bytes_.size() + 3) / 4 * 4;
    return u32(type).u32(length).raw(body.bytes_).pad().u32(length);
  }
  Writer sub() const { return Writer(big_endian_); }
  const Bytes& bytes() const { return bytes_; }

 private:
  bool big_endian_;
  Bytes bytes_;
};

// Blocks of a pcapng file.
inline void put_section(Writer& file) {
  file.block(0x0a0d0d0a, file.sub().u32(0x1a2b3c4d).u16(1).u16(0).u64(~0ULL));
}
inline void put_interface(Writer& file, unsigned link_type, const Writer& options,
                          std::uint32_t snap_length = 0) {
  file.block(1, file.sub().u16(link_type).u16(0).u32(snap_length).raw(options.bytes()));
}
inline void put_packet(Writer& file, std::uint32_t interface, std::uint64_t ticks,
                       const Bytes& frame, const Writer& options) {
  file.block(6, file.sub()
                    .u32(interface)
                    .u32(ticks >> 32)
                    .u32(ticks)
                    .u32(frame.size())
                    .u32(frame.size())
                    .raw(frame)
                    .pad()
                    .raw(options.bytes()));
}

struct Segment {
  bool v6 = false;
  bool reverse = false;  ///< addresses swapped; ports are as given
  std::uint16_t sport = 5001, dport = 40000;
  std::uint32_t seq = 1000, ack = 2000;
  std::uint8_t flags = 0x10;
  std::uint16_t ip_id = 7;
  std::uint16_t payload = 0;  ///< as the IP header tells; the bytes are not there
  bool timestamps = true;
  std::uint32_t tsval = 11, tsecr = 22;
};

/// IP and TCP header, from 10.0.0.1 (2001:db8::1) to 10.0.0.2 (2001:db8::2); network order.
inline Bytes headers(const Segment& segment) {
  Writer packet(true);
  const unsigned tcp_len = segment.timestamps ? 32 : 20;
  if (segment.v6) {
    const std::uint8_t prefix[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    packet.u32(0x60000000).u16(tcp_len + segment.payload).u16(0x0640);
    const std::uint8_t from = segment.reverse ? 2 : 1;
    packet.raw(prefix).put(from).raw(prefix).put(static_cast<std::uint8_t>(3 - from));
  } else {
    packet.u16(0x4500).u16(20 + tcp_len + segment.payload).u16(segment.ip_id).u16(0x4000);
    packet.u16(0x4006).u16(0);
    packet.u32(segment.reverse ? 0x0a000002 : 0x0a000001);
    packet.u32(segment.reverse ? 0x0a000001 : 0x0a000002);
  }
  packet.u16(segment.sport).u16(segment.dport).u32(segment.seq).u32(segment.ack);
  packet.u16(tcp_len / 4 << 12 | segment.flags).u16(501).u32(0);
  if (segment.timestamps) packet.u32(0x0101080a).u32(segment.tsval).u32(segment.tsecr);
  return packet.bytes();
}

inline Bytes ethernet(const Bytes& packet, bool v6 = false) {
  Writer frame(true);
  frame.u32(0x02000000).u16(2).u32(0x02000000).u16(1).u16(v6 ? 0x86dd : 0x0800).raw(packet);
  return frame.bytes();
}

/// A record as the module would write it.
inline Packet packet_at(Vantage vantage, const Segment& segment, std::int64_t time_ns) {
  Packet packet;
  packet.time_ns = time_ns;
  tscope_record& record = packet.record;
  const Bytes header = headers(segment);
  std::memcpy(record.header, header.data(), header.size());
  record.header_len = static_cast<std::uint8_t>(header.size());
  record.wire_len = static_cast<std::uint32_t>(header.size() + segment.payload);
  record.seq = segment.seq;
  record.seq_end = segment.seq + segment.payload + ((segment.flags & 2) != 0) + (segment.flags & 1);
  record.segs = 1;
  record.vantage = static_cast<std::uint8_t>(vantage);
  record.kind = TSCOPE_PACKET;
  record.clock = TSCOPE_CLOCK_TSC;
  return packet;
}

/// A file's packets with where they were taken, and how it ended.
struct Contents {
  std::vector<Packet> packets;
  std::vector<Interface> at;  ///< of each packet
  std::vector<Interface> interfaces;
  Loss loss;
  ClockInfo clock;
  CounterCheck counter_check;
  Census census;
  std::map<std::string, std::string> facts;
  bool truncated = false;
};

inline Contents read_all(FileSource& source) {
  Contents contents;
  Packet packet;
  while (source.next(packet) == Source::Next::packet) {
    contents.packets.push_back(packet);
    contents.at.push_back(source.interfaces().at(packet.interface));
  }
  contents.interfaces = source.interfaces();
  contents.loss = source.loss();
  contents.clock = source.clock();
  contents.counter_check = source.counter_check();
  contents.census = source.census();
  contents.facts = source.facts();
  contents.truncated = source.truncated();
  return contents;
}

inline Contents read_file(const std::string& path) {
  return read_all(*open_file(path));
}

inline Contents read_memory(std::span<const std::uint8_t> bytes) {
  return read_file(MemoryFile(bytes).path());
}

/// The message of the Error that reading ends in; "" if it ends well.
inline std::string error_of(std::span<const std::uint8_t> bytes) {
  try {
    read_memory(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tscope::test
