// SPDX-License-Identifier: MIT
#include "analysis/replies/reply_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

using ProbeTable = std::vector<AnsweredProbe>;

AnsweredProbe* find(ProbeTable& probes, std::uint32_t index) {
  const auto at = std::ranges::lower_bound(probes, index, {},
                                           [](const AnsweredProbe& p) { return p.sent.index; });
  return at != probes.end() && at->sent.index == index ? &*at : nullptr;
}

// Answers are different ones if the reflector numbered or received them apart.
using Answer = std::tuple<std::uint32_t, std::int64_t>;
Answer answer_of(const ProbeReply& reply) {
  return {reply.reflector_sequence, reply.reflector_rx_ns};
}

// A stateless reflector copies the sender's number.
bool counts_by_itself(const ProbeTable& probes) {
  return std::ranges::any_of(probes, [](const AnsweredProbe& p) {
    return p.reply != nullptr && p.reply->reflector_sequence != p.sent.index;
  });
}

}  // namespace

MatchedReplies match_replies(std::vector<SentProbe> sent, const ReplySet& set) {
  MatchedReplies matched;
  std::ranges::sort(sent, {}, &SentProbe::index);
  matched.by_index.reserve(sent.size());
  for (const SentProbe& probe : sent) {
    if (!matched.by_index.empty() && matched.by_index.back().sent.index == probe.index) {
      throw Error(fmt::format("probe {} was sent twice: one train at a time", probe.index));
    }
    matched.by_index.push_back({probe, nullptr});
  }

  // Of answers to a probe beyond the first, which are few.
  std::unordered_map<std::uint32_t, std::set<Answer>> copies;
  for (const ProbeReply& reply : set.replies) {
    AnsweredProbe* probe = find(matched.by_index, reply.index);
    if (probe == nullptr) {
      matched.unknown++;
      continue;
    }
    if (reply.arrival_ns < probe->sent.handed_ns) {
      matched.impossible++;
      continue;
    }
    matched.replies++;
    matched.sequences.push_back(reply.reflector_sequence);
    if (probe->reply == nullptr) {
      probe->reply = &reply;
      matched.by_arrival.push_back(probe);
      continue;
    }
    auto& known = copies[reply.index];
    known.insert(answer_of(*probe->reply));
    (known.insert(answer_of(reply)).second ? matched.forward_copies : matched.backward_copies)++;
  }
  std::ranges::sort(matched.sequences);
  const auto repeated = std::unique(matched.sequences.begin(), matched.sequences.end());
  matched.sequences.erase(repeated, matched.sequences.end());

  matched.stateful = set.stateful;
  if (!matched.stateful && counts_by_itself(matched.by_index)) matched.stateful = true;
  matched.by_reflector = matched.by_arrival;
  const bool counted = matched.stateful.value_or(false);
  std::ranges::stable_sort(matched.by_reflector, {}, [counted](const AnsweredProbe* p) {
    return counted ? static_cast<std::int64_t>(p->reply->reflector_sequence)
                   : p->reply->reflector_rx_ns;
  });
  return matched;
}

namespace {

void count_periods(const ProbeTable& probes, ReplyLoss& loss) {
  std::uint64_t run = 0;
  for (const AnsweredProbe& probe : probes) {
    if (probe.reply != nullptr) {
      run = 0;
      continue;
    }
    loss.lost++;
    if (++run == 1) loss.periods++;
    loss.longest = std::max(loss.longest, run);
  }
}

}  // namespace

ReplyLoss loss_of(const MatchedReplies& matched, const ReplySet& set) {
  ReplyLoss loss;
  count_periods(matched.by_index, loss);
  loss.undetermined = loss.lost;
  const auto& numbers = matched.sequences;
  const bool ends_known = set.first_sequence && set.end_sequence;
  if (loss.lost == 0 || !matched.stateful.value_or(false) || (numbers.empty() && !ends_known)) {
    return loss;
  }

  // Between these numbers the reflector answered; what does not arrive of them was lost on the way
  // back. Number 0 opens a session, so nothing was answered before it.
  const bool start_known = set.first_sequence || numbers.front() == 0;
  const std::uint32_t from = set.first_sequence.value_or(numbers.empty() ? 0 : numbers.front());
  const std::uint32_t to = set.end_sequence.value_or(numbers.empty() ? from : numbers.back() + 1);
  const auto span = static_cast<std::int64_t>(static_cast<std::int32_t>(to - from));
  const auto arrived =
      std::ranges::count_if(numbers, [&](std::uint32_t n) { return n - from < to - from; });
  const auto missing = static_cast<std::uint64_t>(std::max<std::int64_t>(0, span - arrived));
  const std::uint64_t doubtful = std::min<std::uint64_t>(missing, set.slack);

  // The probes sent while it did; those before and after are left open where no number bounds them.
  std::uint64_t lost = 0, run = 0;
  bool begun = start_known;
  for (const AnsweredProbe& probe : matched.by_index) {
    if (probe.reply == nullptr) {
      run++;
      continue;
    }
    if (begun) lost += run;
    begun = true;
    run = 0;
  }
  if (set.end_sequence && begun) lost += run;

  loss.backward = std::min(missing - doubtful, lost);
  const std::uint64_t open = std::min(doubtful, lost - loss.backward);
  loss.forward = lost - loss.backward - open;
  loss.undetermined = loss.lost - loss.forward - loss.backward;
  return loss;
}

}  // namespace tscope
