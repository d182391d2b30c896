// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "file/block_reader.hpp"
#include "file/file_interface.hpp"
#include "file/place_table.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

/// pcapng of either byte order, any number of sections and interfaces; ours with every record
/// field.
class PcapngSource : public FileSource {
 public:
  /// The file's first four bytes were read already and are a section header's type.
  explicit PcapngSource(ByteReader reader) : blocks_(std::move(reader)) {}

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override;
  ClockInfo clock() const override;
  Census census() const override { return census_; }
  std::vector<NicStamps> nic_stamps() const override;
  CounterCheck counter_check() const override;
  bool truncated() const override { return blocks_.truncated(); }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  std::vector<Anchor> take_anchors() override;
  std::vector<NicReading> take_nic_readings() override;
  std::uint32_t tsc_khz() const override { return tsc_khz_; }
  LinkType link_type() const override { return link_type_; }

 private:
  bool read_block(Packet& packet);
  void read_section();
  Loss::Known known_of_section() const;
  bool error_known_of_section() const;
  bool anchored_twice() const;
  void add_interface();
  void add_statistics();
  void read_anchor();
  void read_nic_reading();
  void read_facts();
  bool read_packet(const Fields& body, Packet& packet);
  bool read_simple_packet(const Fields& body, Packet& packet);
  const FileInterface* interface_of_packet(std::uint32_t id);
  bool read_foreign_packet(const FileInterface& interface, std::span<const std::uint8_t> frame,
                           std::uint32_t original, Packet& packet);
  bool skip(SkipReason reason, std::uint16_t number = 0);
  void note_link_type(std::uint16_t link_type);
  void refuse_if_no_link_type_was_known() const;
  std::uint32_t index_of(const Interface& interface);

  BlockReader blocks_;
  std::vector<FileInterface> section_;
  std::uint64_t uncounted_ = 0;           // packets since the section's last statistics
  std::vector<Loss::Known> ended_known_;  // of all earlier sections
  bool ended_error_known_ = false;
  FileInterface ended_;  // loss and clock of all earlier sections
  std::vector<Interface> interfaces_;
  std::map<std::pair<std::string, Vantage>, std::uint32_t> index_;  // into interfaces_
  std::optional<Anchor> first_anchor_, last_anchor_;
  std::deque<Anchor> anchors_;  // not taken yet
  std::deque<NicReading> nic_readings_;
  std::vector<NicStamps> ended_nics_;  // of all earlier sections
  CounterCheck counter_check_;
  std::uint32_t tsc_khz_ = 0;
  LinkType link_type_ = LinkType::raw_ip;
  std::optional<std::uint16_t> unknown_link_type_;
  bool any_known_link_type_ = false;
  Census census_;
  PlaceTable places_;
  std::map<std::string, std::string> facts_;
};

}  // namespace tscope
