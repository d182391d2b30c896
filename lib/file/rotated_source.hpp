// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "tscope/file/file_source.hpp"

namespace tscope {

/// Opens a file whose copies and times nobody has looked at.
std::unique_ptr<FileSource> open_unchecked(const std::string& path);

/// The files of one capture, one after the other.
class RotatedSource : public FileSource {
 public:
  /// Throws Error for a file that can't be read, and UsageError for standard input.
  explicit RotatedSource(const std::vector<std::string>& paths);

  Next next(Packet& packet) override;
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override;
  ClockInfo clock() const override;
  std::vector<NicStamps> nic_stamps() const override;
  CounterCheck counter_check() const override { return file_->counter_check(); }
  Census census() const override;
  bool truncated() const override { return truncated_ || file_->truncated(); }
  const std::map<std::string, std::string>& facts() const override { return facts_; }
  std::vector<Anchor> take_anchors() override;
  std::vector<NicReading> take_nic_readings() override;
  std::uint32_t tsc_khz() const override { return file_->tsc_khz(); }
  LinkType link_type() const override;

 private:
  void open_next();
  void close();
  void take_interfaces();

  std::vector<std::string> paths_;  // in the order of time
  std::size_t opened_ = 0;
  std::unique_ptr<FileSource> file_;
  std::vector<std::uint32_t> place_;  // in interfaces_, of each of the open file's
  std::vector<Interface> interfaces_;
  std::map<std::string, std::string> facts_;
  // Of the files read already.
  Loss loss_;
  std::vector<Loss::Known> known_;
  ClockInfo clock_;
  Census census_;
  std::vector<NicStamps> nic_stamps_;
  std::vector<Anchor> anchors_;
  std::vector<NicReading> nic_readings_;
  bool truncated_ = false, all_ethernet_ = true;
};

}  // namespace tscope
