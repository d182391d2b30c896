// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "tscope/analysis/replies.hpp"

namespace tscope::test {

/// A path to a stateful reflector and back whose every deed is known.
struct SyntheticPath {
  std::uint64_t seed = 1;
  std::uint32_t count = 1000;
  std::int64_t gap_ns = 1'000'000;
  std::int64_t start_ns = 1'700'000'000'000'000'000;
  std::int64_t offset_ns = 0;  ///< the reflector's clock is ahead by this
  double drift = 0;            ///< ns a ns
  std::int64_t there_ns = 200'000, back_ns = 300'000, residence_ns = 20'000;
  std::int64_t noise_ns = 0;  ///< uniform, added to each way
  bool stateful = true;
  std::uint32_t first_sequence = 0;
  std::set<std::uint32_t> lost_there, lost_back;  ///< by index
  std::set<std::uint32_t> doubled_there, doubled_back;
  std::set<std::uint32_t> held_there, held_back;  ///< these come `hold_ns` later
  std::int64_t hold_ns = 3'500'000;
  std::function<std::int64_t(std::uint32_t)> sent_at;      ///< ns after the start
  std::function<std::int64_t(std::uint32_t)> extra_there;  ///< added delay

  std::vector<SentProbe> sent;
  ReplySet set;

  void run() {
    std::mt19937_64 random(seed);
    const auto noise = [&] {
      return noise_ns == 0
                 ? 0
                 : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(noise_ns));
    };
    const auto reflector_clock = [&](std::int64_t at) {
      return at + offset_ns + static_cast<std::int64_t>(drift * static_cast<double>(at - start_ns));
    };
    struct Arrived {
      std::uint32_t index;
      std::int64_t at;
    };
    std::vector<Arrived> arrived;
    for (std::uint32_t i = 0; i < count; i++) {
      const std::int64_t out = start_ns + (sent_at ? sent_at(i) : i * gap_ns);
      sent.push_back({i, out, out, 44});
      if (lost_there.contains(i)) continue;
      std::int64_t at = out + there_ns + noise() + (extra_there ? extra_there(i) : 0);
      if (held_there.contains(i)) at += hold_ns;
      arrived.push_back({i, at});
      if (doubled_there.contains(i)) arrived.push_back({i, at + 5000});
    }
    std::ranges::stable_sort(arrived, {}, &Arrived::at);
    std::uint32_t sequence = first_sequence;
    for (const Arrived& a : arrived) {
      ProbeReply reply;
      reply.index = a.index;
      reply.reflector_sequence = stateful ? sequence++ : a.index;
      reply.sender_ns = sent[a.index].handed_ns;
      reply.reflector_rx_ns = reflector_clock(a.at);
      reply.reflector_tx_ns = reflector_clock(a.at + residence_ns);
      reply.arrival_ns = a.at + residence_ns + back_ns + noise();
      if (held_back.contains(a.index)) reply.arrival_ns += hold_ns;
      reply.sender_ttl = 63;
      if (lost_back.contains(a.index)) continue;
      set.replies.push_back(reply);
      if (doubled_back.contains(a.index)) {
        reply.arrival_ns += 4000;
        set.replies.push_back(reply);
      }
    }
    end_sequence = sequence;
    std::ranges::stable_sort(set.replies, {}, &ProbeReply::arrival_ns);
  }

  /// What greetings before and after the train tell.
  void greet() {
    set.stateful = stateful;
    if (!stateful) return;
    set.first_sequence = first_sequence;
    set.end_sequence = end_sequence;
  }

  ReplyReport report(const ReplyOptions& options = {}) const {
    return analyse_replies(sent, set, options);
  }

  std::uint32_t end_sequence = 0;
};

}  // namespace tscope::test
