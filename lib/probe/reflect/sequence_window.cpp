// SPDX-License-Identifier: MIT
#include "probe/reflect/sequence_window.hpp"

namespace tscope {

void SequenceWindow::begin(std::uint32_t sequence, std::uint64_t sent) {
  seen_.reset();
  seen_.set(sequence % reach);
  first_ = highest_ = sequence;
  highest_sent_ = sent;
  begun_ = true;
}

void SequenceWindow::add(std::uint32_t sequence, std::uint64_t sent) {
  if (!begun_) {
    begin(sequence, sent);
    return;
  }
  const auto ahead = static_cast<std::int32_t>(sequence - highest_);
  const bool sent_later = static_cast<std::int64_t>(sent - highest_sent_) > 0;
  if (ahead > static_cast<std::int32_t>(jump_max) || ahead <= -static_cast<std::int32_t>(reach) ||
      (ahead <= 0 && sent_later)) {
    restarts_++;
    begin(sequence, sent);
    return;
  }
  if (ahead > 0) {
    if (ahead >= static_cast<std::int32_t>(reach)) {
      seen_.reset();
    } else {
      for (std::uint32_t n = highest_ + 1; n != sequence; n++) seen_.reset(n % reach);
    }
    missing_ += static_cast<std::uint64_t>(ahead) - 1;
    seen_.set(sequence % reach);
    highest_ = sequence;
    highest_sent_ = sent;
    return;
  }
  if (seen_.test(sequence % reach)) {
    duplicates_++;
    return;
  }
  seen_.set(sequence % reach);
  reordered_++;
  // One before the first was not counted as passed over.
  if (static_cast<std::int32_t>(sequence - first_) > 0 && missing_ > 0) missing_--;
}

}  // namespace tscope
