// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "tscope/analysis/replies.hpp"

namespace tscope {

/// A probe and the first answer to it.
struct AnsweredProbe {
  SentProbe sent;
  const ProbeReply* reply = nullptr;
};

/// Replies sorted out: which answer which probe, and which are copies.
struct MatchedReplies {
  std::vector<AnsweredProbe> by_index;  ///< probes in the order of their index, lost ones too
  std::vector<const AnsweredProbe*> by_arrival;    ///< answered ones, as they arrived
  std::vector<const AnsweredProbe*> by_reflector;  ///< answered ones, as the reflector saw them
  std::vector<std::uint32_t>
      sequences;                      ///< the reflector's numbers that arrived, sorted, each once
  std::uint64_t forward_copies = 0;   ///< the reflector got the probe more than once
  std::uint64_t backward_copies = 0;  ///< one answer arrived more than once
  std::uint64_t replies = 0, unknown = 0, impossible = 0;
  std::optional<bool> stateful;

  MatchedReplies() = default;
  MatchedReplies(const MatchedReplies&) = delete;  // it points into itself
  MatchedReplies(MatchedReplies&&) = default;
};

/// Throws Error if an index was sent twice. The result points into `replies`.
MatchedReplies match_replies(std::vector<SentProbe> sent, const ReplySet& replies);

ReplyLoss loss_of(const MatchedReplies& matched, const ReplySet& replies);

}  // namespace tscope
