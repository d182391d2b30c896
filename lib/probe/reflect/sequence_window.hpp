// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>

namespace tscope {

/// Follows a sender's numbers modulo 2^32: which are new, came before, were passed over.
class SequenceWindow {
 public:
  static constexpr std::uint32_t reach = 1024;        ///< so far back copies are told
  static constexpr std::uint32_t jump_max = 1 << 20;  ///< farther ahead is no loss but a restart

  /// sent: the sender's time in NTP's format, which tells a number that comes again later (a
  /// restart) from a copy.
  void add(std::uint32_t sequence, std::uint64_t sent);

  std::uint64_t duplicates() const { return duplicates_; }
  std::uint64_t missing() const { return missing_; }
  std::uint64_t reordered() const { return reordered_; }
  std::uint64_t restarts() const { return restarts_; }

 private:
  void begin(std::uint32_t sequence, std::uint64_t sent);

  std::bitset<reach> seen_;  // by number modulo reach
  std::uint32_t first_ = 0, highest_ = 0;
  std::uint64_t highest_sent_ = 0;
  bool begun_ = false;
  std::uint64_t duplicates_ = 0, missing_ = 0, reordered_ = 0, restarts_ = 0;
};

}  // namespace tscope
