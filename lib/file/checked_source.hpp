// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "file/copies.hpp"
#include "file/time_check.hpp"
#include "tscope/file/file_source.hpp"

namespace tscope {

/// A file's packets without copies, and with packets late whose times can't be right. Only other
/// programs' packets are looked at; those of our captures pass as they are.
class CheckedSource : public FileSource {
 public:
  explicit CheckedSource(std::unique_ptr<FileSource> file);

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override { return file_->loss(); }
  ClockInfo clock() const override;
  std::vector<NicStamps> nic_stamps() const override { return file_->nic_stamps(); }
  CounterCheck counter_check() const override { return file_->counter_check(); }
  Census census() const override;
  bool truncated() const override { return file_->truncated(); }
  const std::map<std::string, std::string>& facts() const override { return file_->facts(); }
  std::vector<Anchor> take_anchors() override { return file_->take_anchors(); }
  std::vector<NicReading> take_nic_readings() override { return file_->take_nic_readings(); }
  std::uint32_t tsc_khz() const override { return file_->tsc_khz(); }
  LinkType link_type() const override { return file_->link_type(); }

 private:
  struct Held {
    Packet packet;
    CopyFinder::Judged judged;
  };

  bool read(Packet& packet);
  std::optional<bool> settle(Packet& packet, const CopyFinder::Judged& judged, bool at_end);
  void take_interfaces();
  std::uint32_t second_side_of(std::uint32_t interface);

  std::unique_ptr<FileSource> file_;
  CopyFinder copies_;
  TimeCheck times_;
  std::deque<Held> held_;
  bool ended_ = false;
  Census found_;
  std::vector<Interface> interfaces_;
  std::vector<std::uint32_t> place_;        // in interfaces_, of each of the file's
  std::vector<std::uint32_t> second_side_;  // likewise, behind a router; 0: not seen
};

}  // namespace tscope
