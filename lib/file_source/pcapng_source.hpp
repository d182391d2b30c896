// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>

#include "file_source/byte_reader.hpp"
#include "tscope/source.hpp"

namespace tscope {

/// pcapng of either byte order, any number of sections and interfaces; ours with every record field.
class PcapngSource : public Source {
 public:
  static bool is_magic(std::span<const std::uint8_t, 4> bytes);

  /// `magic`: the file's first four bytes, read already.
  PcapngSource(ByteReader reader, std::array<std::uint8_t, 4> magic);

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override;
  ClockInfo clock() const override;
  bool truncated() const override { return truncated_; }
  const std::map<std::string, std::string>& facts() const override { return facts_; }

  /// Clock anchors of our own files, as far as read.
  const std::vector<Anchor>& anchors() const { return anchors_; }

 private:
  struct FileInterface {  // one of a section's
    std::uint32_t index = 0;  // in interfaces_
    std::uint16_t link_type = 0;
    bool ours = false;
    double ns_per_tick = 1000;
    std::uint64_t ticks_per_second = 1'000'000;
    std::int64_t offset_s = 0;
    Loss loss;              // of its last statistics block
    std::uint64_t error_ns = 0;
    std::uint64_t steps = 0;
  };
  struct Block {
    std::uint32_t type = 0;
    std::uint64_t at = 0;  // in the file
  };

  std::optional<Block> read_block();
  bool read_section_length(std::uint32_t& length, std::uint64_t at);
  [[noreturn]] void damaged(std::uint64_t at, const std::string& what) const;

  void read_section();
  void read_interface();
  void read_statistics();
  bool read_packet(std::uint32_t type, Packet& packet);
  bool read_our_record(const Fields& option, std::span<const std::uint8_t> frame,
                       std::uint32_t original_length, const FileInterface& interface,
                       Packet& packet) const;
  void refuse_if_no_link_type_was_known() const;
  std::uint32_t index_of(const Interface& interface);

  ByteReader reader_;
  bool first_ = true;      // the type of the first block was read by our caller
  bool swapped_ = false;
  bool truncated_ = false;
  std::vector<std::uint8_t> body_;  // of the present block, without its lengths
  std::vector<FileInterface> section_;
  std::vector<FileInterface> ended_;  // of earlier sections
  std::vector<Interface> interfaces_;
  std::vector<Anchor> anchors_;
  std::optional<std::uint16_t> unknown_link_type_;
  bool any_known_link_type_ = false;
  std::map<std::string, std::string> facts_;
};

}  // namespace tscope
