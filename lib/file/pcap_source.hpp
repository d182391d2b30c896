// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>

#include "file/byte_reader.hpp"
#include "file/place_table.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

/// Classic pcap, of either byte order, with microseconds or nanoseconds.
class PcapSource : public FileSource {
 public:
  static bool is_magic(std::span<const std::uint8_t, 4> bytes);

  /// `magic`: the file's first four bytes, read already.
  PcapSource(ByteReader reader, std::array<std::uint8_t, 4> magic);

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override { return {.known = Loss::Known::none}; }
  ClockInfo clock() const override;
  Census census() const override { return census_; }
  bool truncated() const override { return truncated_; }
  const std::map<std::string, std::string>& facts() const override { return facts_; }

 private:
  ByteReader reader_;
  bool swapped_ = false;
  bool nanoseconds_ = false;
  bool truncated_ = false;
  std::uint16_t link_type_ = 0;
  Census census_;
  PlaceTable places_;
  std::vector<Interface> interfaces_{Interface{"-", Vantage::tap}};
  std::map<std::string, std::string> facts_;
};

}  // namespace tscope
