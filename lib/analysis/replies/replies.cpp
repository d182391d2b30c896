// SPDX-License-Identifier: MIT
#include "tscope/analysis/replies.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "align/envelope.hpp"
#include "analysis/replies/dispersion.hpp"
#include "analysis/replies/reply_order.hpp"

namespace tscope {

namespace {

// What two stamps of the kernel differ by without any clock's fault: a contradiction below it is no
// step.
constexpr std::int64_t stamp_noise_ns = 1000;

// An answered probe's way there and back on the sender's clock; the reflector's times are missing
// within a step.
struct Trip {
  std::int64_t out = 0, back = 0;                  ///< at the sender
  std::optional<std::int64_t> there_rx, there_tx;  ///< at the reflector
};

// One packet of one direction.
struct Leg {
  std::int64_t from = 0, to = 0;
  std::uint64_t number = 0;  ///< one more than its predecessor's if nothing lies between
  std::int64_t delay() const { return to - from; }
};

double median_ratio(std::vector<double> ratios) {
  if (ratios.empty()) return 0;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>((ratios.size() - 1) / 2);
  std::ranges::nth_element(ratios, middle);
  return *middle;
}

// legs: in the order they left. Delays, spacing, PDV and IPDV.
void measure(std::vector<Leg> legs, std::int64_t error_ns, ReplyPath& path) {
  std::vector<std::int64_t> delays, ipdv, sent, arrived;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < legs.size(); i++) {
    delays.push_back(legs[i].delay());
    if (delays.back() < -error_ns) path.negative++;
    if (i == 0 || legs[i].number != legs[i - 1].number + 1) continue;
    ipdv.push_back(delays[i] - delays[i - 1]);
    sent.push_back(legs[i].from - legs[i - 1].from);
    arrived.push_back(legs[i].to - legs[i - 1].to);
    if (sent.back() > 0) {
      ratios.push_back(static_cast<double>(arrived.back()) / static_cast<double>(sent.back()));
    }
  }
  path.ipdv = delay_quantiles(std::move(ipdv));
  path.sent_gap = delay_quantiles(std::move(sent));
  path.arrival_gap = delay_quantiles(std::move(arrived));
  path.gap_ratio_p50 = median_ratio(std::move(ratios));
  path.delay = delay_quantiles(delays);
  for (std::int64_t& delay : delays) delay -= path.delay.min;
  path.pdv = delay_quantiles(std::move(delays));

  std::ranges::stable_sort(legs, {}, &Leg::to);
  double jitter = 0;
  for (std::size_t i = 1; i < legs.size(); i++) {
    const auto change = static_cast<double>(legs[i].delay() - legs[i - 1].delay());
    jitter += (std::abs(change) - jitter) / 16;
  }
  path.jitter_ns = jitter;
}

Alignment align(const MatchedReplies& matched, std::int64_t clock_error_ns) {
  EnvelopeAligner aligner;
  for (const AnsweredProbe* probe : matched.by_arrival) {
    const ProbeReply& reply = *probe->reply;
    aligner.add({probe->sent.handed_ns, reply.reflector_rx_ns, true});
    aligner.add({reply.arrival_ns, reply.reflector_tx_ns, false});
  }
  return aligner.fit(stamp_noise_ns + clock_error_ns);
}

std::optional<std::int64_t> to_sender(const Alignment& alignment, std::int64_t reflector_ns) {
  const auto offset = alignment.offset_at_second(reflector_ns);
  if (!offset) return std::nullopt;
  return reflector_ns - *offset;
}

void reordering(const MatchedReplies& matched, ReplyReport& report) {
  std::vector<std::uint64_t> forward, backward, both;
  std::unordered_map<const AnsweredProbe*, std::uint64_t> place;
  for (const AnsweredProbe* probe : matched.by_reflector) {
    forward.push_back(probe->sent.index);
    place.emplace(probe, place.size());
  }
  for (const AnsweredProbe* probe : matched.by_arrival) {
    backward.push_back(place.at(probe));
    both.push_back(probe->sent.index);
  }
  report.forward.reordering = reordering_of(forward);
  report.backward.reordering = reordering_of(backward);
  report.round_trip.reordering = reordering_of(both);
}

}  // namespace

ReplyReport analyse_replies(const std::vector<SentProbe>& sent, const ReplySet& replies,
                            const ReplyOptions& options) {
  const MatchedReplies matched = match_replies(sent, replies);
  ReplyReport report;
  report.sent = matched.by_index.size();
  report.answered = matched.by_arrival.size();
  report.replies = matched.replies;
  report.unknown = matched.unknown;
  report.impossible = matched.impossible;
  report.stateful = matched.stateful;
  report.dropped = replies.dropped;
  report.overflow = replies.overflow;
  report.foreign = replies.foreign;
  report.user_stamps = replies.user_stamps;
  report.loss = loss_of(matched, replies);
  report.forward.duplicates = matched.forward_copies;
  report.backward.duplicates = matched.backward_copies;
  report.round_trip.duplicates = matched.forward_copies + matched.backward_copies;
  reordering(matched, report);
  report.alignment = align(matched, options.clock_error_ns);
  report.synchronised = !matched.by_arrival.empty();

  const std::int64_t error = report.alignment.error_ns.value_or(0);
  std::vector<std::optional<std::int64_t>> at_reflector(matched.by_index.size());
  std::unordered_map<const AnsweredProbe*, Trip> trips;
  std::vector<Leg> there_and_back, there, back;
  std::vector<std::int64_t> residence;
  for (std::size_t i = 0; i < matched.by_index.size(); i++) {
    const AnsweredProbe& probe = matched.by_index[i];
    if (probe.reply == nullptr) continue;
    const ProbeReply& reply = *probe.reply;
    const std::int64_t stay = reply.reflector_tx_ns - reply.reflector_rx_ns;
    Trip trip{probe.sent.handed_ns, reply.arrival_ns,
              to_sender(report.alignment, reply.reflector_rx_ns),
              to_sender(report.alignment, reply.reflector_tx_ns)};
    residence.push_back(stay);
    there_and_back.push_back({trip.out, trip.back - stay, probe.sent.index});
    if (trip.there_rx && trip.there_tx) {
      there.push_back({trip.out, *trip.there_rx, probe.sent.index});
      at_reflector[i] = trip.there_rx;
    } else {
      report.unaligned++;
    }
    trips.emplace(&probe, trip);
    report.synchronised = report.synchronised && reply.synchronised;
    report.ttl_min = std::min(report.ttl_min.value_or(255), reply.sender_ttl);
    report.ttl_max = std::max<std::uint8_t>(report.ttl_max.value_or(0), reply.sender_ttl);
  }
  for (std::size_t i = 0; i < matched.by_reflector.size(); i++) {
    const AnsweredProbe* probe = matched.by_reflector[i];
    const Trip& trip = trips.at(probe);
    const bool counted = matched.stateful.value_or(false);
    const std::uint64_t number = counted ? probe->reply->reflector_sequence : i;
    if (trip.there_tx && trip.there_rx) back.push_back({*trip.there_tx, trip.back, number});
  }
  report.residence = delay_quantiles(std::move(residence));
  measure(std::move(there_and_back), 0, report.round_trip);
  measure(std::move(there), error, report.forward);
  measure(std::move(back), error, report.backward);
  report.dispersion = dispersion_of(matched, at_reflector, options);
  return report;
}

}  // namespace tscope
