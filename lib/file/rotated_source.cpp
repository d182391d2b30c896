// SPDX-License-Identifier: MIT
#include "file/rotated_source.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "file/source_sums.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

template <typename T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// As many as one file keeps, if nobody takes them.
template <typename T>
void keep_some(std::vector<T>& all, const std::vector<T>& more) {
  constexpr std::size_t kept_max = 65536;
  append(all, more);
  if (all.size() > kept_max) all.erase(all.begin(), all.end() - kept_max);
}

// A file without packets has no place: it comes first, where it ends no gap.
std::int64_t first_time_ns(const std::string& path) {
  if (path == "-") {
    throw UsageError("rotated files are each opened twice, standard input can't be; name files");
  }
  Packet packet;
  const auto file = open_unchecked(path);
  const bool any = file->next(packet) == Source::Next::packet;
  return any ? packet.time_ns : std::numeric_limits<std::int64_t>::min();
}

}  // namespace

RotatedSource::RotatedSource(const std::vector<std::string>& paths) {
  std::vector<std::pair<std::int64_t, std::string>> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) files.emplace_back(first_time_ns(path), path);
  std::ranges::stable_sort(files, {}, [](const auto& file) { return file.first; });
  for (auto& [time, path] : files) paths_.push_back(std::move(path));
  if (paths_.empty()) throw UsageError("no file to read; name the files of the capture");
  open_next();
}

void RotatedSource::open_next() {
  file_ = open_unchecked(paths_[opened_++]);
  place_.clear();
  take_interfaces();
}

void RotatedSource::take_interfaces() {
  const std::vector<Interface>& all = file_->interfaces();
  while (place_.size() < all.size()) {
    const Interface& interface = all[place_.size()];
    const auto found = std::ranges::find(interfaces_, interface);
    place_.push_back(static_cast<std::uint32_t>(found - interfaces_.begin()));
    if (found == interfaces_.end()) interfaces_.push_back(interface);
  }
}

void RotatedSource::close() {
  add(loss_, file_->loss());
  known_.push_back(file_->loss().known);
  clock_ = clock();
  census_.add(file_->census());
  append(nic_stamps_, file_->nic_stamps());
  keep_some(anchors_, file_->take_anchors());
  keep_some(nic_readings_, file_->take_nic_readings());
  truncated_ = truncated_ || file_->truncated();
  all_ethernet_ = all_ethernet_ && file_->link_type() == LinkType::ethernet;
}

Source::Next RotatedSource::next(Packet& packet) {
  while (true) {
    const bool got = file_->next(packet) == Next::packet;
    if (place_.size() != file_->interfaces().size()) take_interfaces();
    if (got) {
      packet.interface = place_[packet.interface];
      return Next::packet;
    }
    for (const auto& [key, fact] : file_->facts()) facts_.emplace(key, fact);
    if (opened_ == paths_.size()) return Next::end;
    close();
    open_next();
  }
}

Loss RotatedSource::loss() const {
  Loss sum = loss_;
  add(sum, file_->loss());
  std::vector<Loss::Known> known = known_;
  known.push_back(file_->loss().known);
  const auto [best, worst] = std::ranges::minmax(known);
  sum.known = best == worst ? best : Loss::Known::partly;
  return sum;
}

ClockInfo RotatedSource::clock() const {
  const ClockInfo newest = file_->clock();
  ClockInfo sum = clock_;
  if (sum.source.empty()) sum.source = newest.source;
  add(sum, newest);
  sum.error_known = sum.error_known && newest.error_known;
  sum.end_ns = newest.end_ns;
  return sum;
}

Census RotatedSource::census() const {
  Census sum = census_;
  sum.add(file_->census());
  return sum;
}

std::vector<NicStamps> RotatedSource::nic_stamps() const {
  std::vector<NicStamps> all = nic_stamps_;
  append(all, file_->nic_stamps());
  return all;
}

std::vector<Anchor> RotatedSource::take_anchors() {
  std::vector<Anchor> taken = std::exchange(anchors_, {});
  append(taken, file_->take_anchors());
  return taken;
}

std::vector<NicReading> RotatedSource::take_nic_readings() {
  std::vector<NicReading> taken = std::exchange(nic_readings_, {});
  append(taken, file_->take_nic_readings());
  return taken;
}

LinkType RotatedSource::link_type() const {
  return all_ethernet_ ? file_->link_type() : LinkType::raw_ip;
}

}  // namespace tscope
