// SPDX-License-Identifier: MIT
#include "tscope/report/delay_between.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "tscope/analysis/delay_between_report.hpp"
#include "tscope/base/error.hpp"
#include "unit/analysis/two_captures/two_captures.hpp"

namespace tscope {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

const Interface app_tx{"eth0", Vantage::app_tx}, socket_tx{"eth0", Vantage::socket_tx},
    qdisc_tx{"eth0", Vantage::qdisc_tx}, tap_rx{"tap0", Vantage::driver_rx},
    tap_qdisc{"tap0", Vantage::qdisc_tx}, tap_tx{"tap0", Vantage::driver_tx};

/// The guest has every vantage point: its data take 3, 2 and 1 µs to its driver. The host has its
/// tap device's, where an ACK waits for 4 µs.
HostAndGuest with_layers(const Scene& scene) {
  HostAndGuest captures = play(scene);
  const auto before = [](const Sighting& s, std::int64_t ns, const Interface& at) {
    Sighting earlier = s;
    earlier.time_ns -= ns;
    earlier.at = at;
    return earlier;
  };
  Sightings guest, host;
  for (const Sighting& s : captures.guest) {
    if (s.at.vantage == Vantage::driver_tx) {
      guest.push_back(before(s, 6'000, app_tx));
      guest.push_back(before(s, 3'000, socket_tx));
      guest.push_back(before(s, 1'000, qdisc_tx));
    }
    guest.push_back(s);
  }
  for (const Sighting& s : captures.host) {
    const bool data = s.segment.payload > 0;
    if (!data) host.push_back(before(s, 4'000, tap_qdisc));
    host.push_back(before(s, 0, data ? tap_rx : tap_tx));
  }
  std::ranges::stable_sort(guest, {}, &Sighting::time_ns);
  std::ranges::stable_sort(host, {}, &Sighting::time_ns);
  return {host, guest};
}

Scene scene_with_sockets() {
  Scene scene;
  scene.sockets = true;
  return scene;
}

DelayBetweenReport between(const MemoryFile& host, const MemoryFile& guest,
                           const DelayBetweenOptions& options = {}) {
  return delays_between(host.path(), guest.path(), options);
}

DelayBetweenReport between(const HostAndGuest& captures, const DelayBetweenOptions& options = {}) {
  return between(*tscope_file_of(captures.host, {}), *tscope_file_of(captures.guest, {}), options);
}

const DelayBetweenChain& chain_from(const DelayBetweenReport& report, std::size_t file) {
  for (const DelayBetweenChain& chain : report.chains) {
    if (chain.from.file == file) return chain;
  }
  throw std::runtime_error("no chain from there: " + report.why_nothing);
}

void expect_stages_sum_to_totals(const DelayBetweenReport& report) {
  for (const DelayBetweenChain& chain : report.chains) {
    std::int64_t sum = 0;
    double share = 0;
    for (const DelayStage& stage : chain.stages) {
      sum += stage.sum_ns;
      share += stage.share;
    }
    EXPECT_EQ(sum, chain.total.sum_ns);
    EXPECT_NEAR(share, 1, 1e-9);
  }
}

TEST(Between, TransitIsFoundWithinTheStatedErrorAndLayersExactly) {
  for (unsigned seed = 1; seed <= 10; seed++) {
    Scene scene = scene_with_sockets();
    scene.seed = seed;
    scene.guest_drift = (static_cast<double>(seed) - 5) * 12e-6;
    const DelayBetweenReport report = between(with_layers(scene));
    ASSERT_TRUE(report.alignment.error_ns);
    const auto error = static_cast<double>(*report.alignment.error_ns);
    EXPECT_LT(error, 40'000) << seed;
    const DelayBetweenChain& out = chain_from(report, 1);
    EXPECT_EQ(out.packets, 4000U);
    EXPECT_THAT(out.kinds, ElementsAre(PacketKind::data, std::nullopt));
    ASSERT_EQ(out.stages.size(), 4U);
    EXPECT_EQ(out.between, 3U);
    EXPECT_EQ(out.stages[0].from, Vantage::app_tx);
    EXPECT_EQ(out.stages[3].from, Vantage::driver_tx);
    EXPECT_EQ(out.stages[3].to, Vantage::driver_rx);
    EXPECT_EQ(out.stages[0].max_ns, 3'000);
    EXPECT_EQ(out.stages[1].max_ns, 2'000);
    EXPECT_EQ(out.stages[2].sum_ns, 4000 * 1'000);
    // Median of the queue: mean * ln 2.
    EXPECT_NEAR(static_cast<double>(out.stages[3].p50_ns), 20'000 + 6'931, error + 1'000) << seed;
    const DelayBetweenChain& in = chain_from(report, 0);
    EXPECT_EQ(in.packets, 2000U);
    EXPECT_THAT(in.kinds, ElementsAre(PacketKind::control, PacketKind::control));
    ASSERT_EQ(in.stages.size(), 3U);
    EXPECT_EQ(in.between, 1U);
    EXPECT_EQ(in.stages[0].max_ns, 4'000);
    EXPECT_NEAR(static_cast<double>(in.stages[1].p50_ns), 30'000 + 6'931, error + 1'000) << seed;
    EXPECT_NEAR(static_cast<double>(in.stages[2].max_ns), 3'000, 1);
    for (const DelayBetweenCounts& pair : report.counts) {
      EXPECT_EQ(pair.incomplete + pair.unmatched[0] + pair.unmatched[1], 0U);
    }
    expect_stages_sum_to_totals(report);
  }
}

TEST(Between, FromSendCallToReceiveCall) {
  Scene scene = scene_with_sockets();
  scene.queue_ns = 1'000;  // nothing is overtaken
  HostAndGuest captures = with_layers(scene);
  Sightings receiver;
  for (const Sighting& s : captures.host) {
    receiver.push_back(s);
    if (s.segment.payload == 0) continue;
    receiver.push_back(s);
    receiver.back().time_ns += 2'000;
    receiver.back().at = {"tap0", Vantage::socket_rx};
    receiver.push_back(s);
    receiver.back().time_ns += 7'000;
    receiver.back().at = {"tap0", Vantage::app_rx};
  }
  std::ranges::stable_sort(receiver, {}, &Sighting::time_ns);
  captures.host = std::move(receiver);
  const DelayBetweenReport report = between(captures);
  const DelayBetweenChain& chain = report.chains.at(0);
  EXPECT_EQ(chain.packets, 4000U);
  EXPECT_THAT(chain.kinds, ElementsAre(PacketKind::data, PacketKind::data));
  ASSERT_EQ(chain.stages.size(), 6U);
  EXPECT_EQ(chain.between, 3U);
  EXPECT_EQ(chain.total.from, Vantage::app_tx);
  EXPECT_EQ(chain.total.to, Vantage::app_rx);
  EXPECT_EQ(chain.stages[4].max_ns, 2'000);
  EXPECT_EQ(chain.stages[5].max_ns, 5'000);
  expect_stages_sum_to_totals(report);
}

TEST(Between, WhatNobodyReadIsIncompleteWhereCallsAloneTellOfTheSocket) {
  Scene scene = scene_with_sockets();
  scene.queue_ns = 1'000;  // nothing is overtaken
  HostAndGuest captures = with_layers(scene);
  Sightings receiver;
  std::uint64_t data = 0;
  for (const Sighting& s : captures.host) {
    receiver.push_back(s);
    if (s.segment.payload == 0 || ++data > 3900) continue;
    receiver.push_back(s);
    receiver.back().time_ns += 7'000;
    receiver.back().at = {"tap0", Vantage::app_rx};
  }
  std::ranges::stable_sort(receiver, {}, &Sighting::time_ns);
  captures.host = std::move(receiver);
  const DelayBetweenReport report = between(captures);
  EXPECT_EQ(chain_from(report, 1).packets, 3900U);
  EXPECT_EQ(chain_from(report, 1).total.to, Vantage::app_rx);
  for (const DelayBetweenCounts& pair : report.counts) {
    EXPECT_EQ(pair.incomplete, pair.from.file == 1 ? 100U : 0U);
  }
}

TEST(Between, AHostWithSocketsOfItsOwn) {
  HostAndGuest captures = with_layers(scene_with_sockets());
  Sighting own = captures.host.front();
  own.segment.sport = 22;
  own.at = {"eth0", Vantage::socket_rx};
  captures.host.insert(captures.host.begin(), own);
  const DelayBetweenReport report = between(captures);
  EXPECT_EQ(chain_from(report, 1).packets, 4000U);
  EXPECT_EQ(chain_from(report, 1).kinds[1], std::nullopt);
  EXPECT_EQ(chain_from(report, 0).packets, 2000U);
  EXPECT_EQ(chain_from(report, 0).stages.size(), 3U);
}

TEST(Between, AnotherProgramsCaptureOfTheHost) {
  const HostAndGuest captures = with_layers(scene_with_sockets());
  const HostAndGuest plain = play(scene_with_sockets());
  const auto host = pcap_of(plain.host), guest = tscope_file_of(captures.guest, {});
  const DelayBetweenReport report = between(*host, *guest);
  EXPECT_EQ(chain_from(report, 1).stages.back().to, Vantage::tap);
  EXPECT_EQ(chain_from(report, 1).packets, 4000U);
  EXPECT_THAT(chain_from(report, 0).kinds, ElementsAre(std::nullopt, PacketKind::control));
  EXPECT_EQ(chain_from(report, 0).between, 0U);
  const DelayBetweenReport swapped = between(*guest, *host);
  EXPECT_TRUE(swapped.swapped);
  EXPECT_EQ(chain_from(swapped, 1).total.sum_ns, chain_from(report, 1).total.sum_ns);
}

TEST(Between, OneCounterNeedsNoAlignment) {
  Scene scene = scene_with_sockets();
  scene.guest_offset_ns = 0;
  scene.guest_drift = 0;
  const DelayBetweenReport report = between(with_layers(scene));
  EXPECT_EQ(report.alignment.method, AlignMethod::shared);
  ASSERT_TRUE(report.alignment.error_ns);
  EXPECT_LT(*report.alignment.error_ns, 10);
  const DelayBetweenChain& out = chain_from(report, 1);
  EXPECT_NEAR(static_cast<double>(out.stages[3].p50_ns), 20'000 + 6'931, 1'000);
  EXPECT_NEAR(static_cast<double>(out.stages[0].max_ns), 3'000, 1);
  expect_stages_sum_to_totals(report);
}

// Nine of ten data packets are late by 1 ms, which shifts what least squares make of the offset by
// half of that: so the others seem to arrive before they were sent, by less than the error. Three
// do by more.
TEST(Between, BeforeTheyWereSentIsToldByTheError) {
  Scene scene = scene_with_sockets();
  scene.acks = 1000;
  scene.ack_gap_ns = 50'000'000;
  scene.guest_drift = 0;
  HostAndGuest captures = with_layers(scene);
  std::uint64_t data = 0;
  for (Sighting& s : captures.guest) {
    if (s.segment.payload > 0) s.time_ns += 25'000'000;
  }
  for (Sighting& s : captures.host) {
    if (s.segment.payload == 0) continue;
    s.time_ns += 25'000'000 + (data % 10 == 0 ? 0 : 1'000'000);
    if (data % 700 == 11) s.time_ns -= 8'000'000;
    data++;
  }
  std::ranges::stable_sort(captures.host, {}, &Sighting::time_ns);
  std::ranges::stable_sort(captures.guest, {}, &Sighting::time_ns);
  DelayBetweenOptions options;
  options.align = AlignMethod::at_rest;
  const DelayBetweenReport report = between(captures, options);
  const DelayBetweenChain& out = chain_from(report, 1);
  EXPECT_EQ(out.packets, 2000U);
  EXPECT_EQ(out.before_within_error, 200U);
  EXPECT_EQ(out.before, 3U);
  EXPECT_EQ(out.total.cdf.back().share, 1);
  EXPECT_GE(out.stages[3].sum_ns, 1797 * std::int64_t{300'000});
  expect_stages_sum_to_totals(report);
  const std::string text = delay_between_text(report, false, false);
  EXPECT_THAT(text, HasSubstr("200 packets seen at the second before the first, but within"));
  EXPECT_THAT(text, HasSubstr("3 packets seen at the second before the first by more than"));
}

TEST(Between, PacketsMissingAreCountedWhereTheyAre) {
  HostAndGuest captures = with_layers(scene_with_sockets());
  std::uint64_t data = 0;
  std::erase_if(captures.host,
                [&](const Sighting& s) { return s.segment.payload > 0 && ++data % 100 == 0; });
  // These have no record at the queue.
  std::uint64_t calls = 0;
  std::erase_if(captures.guest,
                [&](const Sighting& s) { return s.at == qdisc_tx && ++calls % 50 == 1; });
  const DelayBetweenReport report = between(captures);
  const DelayBetweenCounts* out = nullptr;
  for (const DelayBetweenCounts& pair : report.counts) {
    if (pair.from.file == 1) out = &pair;
  }
  ASSERT_TRUE(out != nullptr);
  EXPECT_EQ(out->matched, 3960U);
  EXPECT_EQ(out->unmatched[0] + out->outside[0], 40U);
  EXPECT_EQ(out->unmatched[1], 0U);
  EXPECT_EQ(out->incomplete, 80U);
  EXPECT_EQ(chain_from(report, 1).packets, 3880U);
}

/// As tcpdump sees 10.0.0.1 ping 10.0.0.2, every millisecond; there and back by the file's clock.
std::unique_ptr<MemoryFile> pings(std::int64_t request_ns, std::int64_t reply_ns) {
  Writer file;
  file.u32(0xa1b23c4d).u16(2).u16(4).u32(0).u32(0).u32(262144).u32(101);
  for (unsigned i = 0; i < 500; i++) {
    for (const bool reply : {false, true}) {
      Writer packet(true);
      packet.u16(0x4500).u16(36).u16(reply ? 0 : i + 1).u16(0x4000).u16(0x4001).u16(0);
      packet.u32(reply ? 0x0a000002 : 0x0a000001).u32(reply ? 0x0a000001 : 0x0a000002);
      packet.u16(reply ? 0 : 0x0800).u16(0).u16(77).u16(i).u32(0x12345678).u32(i);
      const std::int64_t time = epoch + i * 1'000'000LL + (reply ? reply_ns : request_ns);
      const std::size_t size = packet.bytes().size();
      file.u32(time / 1'000'000'000).u32(time % 1'000'000'000).u32(size).u32(size);
      file.raw(packet.bytes());
    }
  }
  return std::make_unique<MemoryFile>(file.bytes());
}

TEST(Between, DatagramsAreFollowedToo) {
  // 20 µs there, 30 µs back; the guest's clock is 7 ms ahead.
  const auto host = pings(20'000, 120'000), guest = pings(7'000'000, 7'150'000);
  DelayBetweenReport report = between(*host, *guest);
  ASSERT_EQ(report.chains.size(), 2U);
  ASSERT_TRUE(report.alignment.error_ns);
  const DelayBetweenChain& out = chain_from(report, 1);
  EXPECT_EQ(out.packets, 500U);
  EXPECT_EQ(out.kinds[0], PacketKind::datagram);
  EXPECT_NEAR(static_cast<double>(out.total.p50_ns), 20'000,
              static_cast<double>(*report.alignment.error_ns));
  EXPECT_EQ(out.total.sum_ns + chain_from(report, 0).total.sum_ns, 500 * 50'000);
}

TEST(Between, TextAndJson) {
  const DelayBetweenReport report = between(with_layers(scene_with_sockets()));
  const std::string text = delay_between_text(report, true, false);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > 0; }));
  EXPECT_THAT(text, HasSubstr("2 > 1     driver-tx > driver-rx"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  const auto json = nlohmann::json::parse(delay_between_json(report));
  EXPECT_EQ(json["schema"], "tscope-delay-1");
  EXPECT_EQ(json["file"], report.files[1]);
  const auto& chain = json["between"]["chains"][0];
  EXPECT_EQ(chain["stages"][3]["error_ns"], *report.alignment.error_ns);
  EXPECT_TRUE(chain["stages"][3]["file"].is_null());
  EXPECT_EQ(chain["stages"][0]["file"], 1);
  EXPECT_EQ(json["between"]["alignment"]["method"], "envelope");
  EXPECT_EQ(json["between"]["other"]["file"], report.files[0]);
}

TEST(Between, SaysWhyThereIsNothing) {
  HostAndGuest captures = with_layers(scene_with_sockets());
  DelayBetweenOptions options;
  options.delay.flow = "1.2.3.4";
  EXPECT_THAT(between(captures, options).why_nothing, HasSubstr("without it"));
  for (Sighting& s : captures.guest) s.segment.seq += 1'000'000'000;
  const DelayBetweenReport report = between(captures);
  EXPECT_THAT(report.why_nothing, HasSubstr("at the same time"));
  EXPECT_THAT(delay_between_json(report), HasSubstr("why_nothing"));
  const auto host = tscope_file_of(captures.host, {});
  EXPECT_THROW(between(*host, *host), UsageError);
}

TEST(Between, SumsOfImpossibleDelaysStayAtTheLargestNumber) {
  Scene scene = scene_with_sockets();
  scene.acks = 100;
  scene.guest_offset_ns = 2'800'000'000'000'000'000;
  DelayBetweenOptions options;
  options.align = AlignMethod::none;
  const DelayBetweenReport report = between(with_layers(scene), options);
  const DelayBetweenChain& in = chain_from(report, 0);
  EXPECT_EQ(in.packets, 100U);
  EXPECT_EQ(in.total.sum_ns, INT64_MAX);
}

}  // namespace
}  // namespace tscope
