// SPDX-License-Identifier: MIT
#include "tscope/probe/reflect.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "probe/reflect/responder.hpp"
#include "probe/wire/address.hpp"
#include "probe/wire/ancillary.hpp"
#include "tscope/base/error.hpp"
#include "tscope/probe/reply_collector.hpp"
#include "tscope/report/reflect.hpp"

namespace tscope {
namespace {

constexpr std::int64_t now_ns = 1'700'000'000'000'000'000;

Endpoint sender(std::uint8_t last, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.family = 4;
  endpoint.port = port;
  endpoint.address = {10, 0, 0, last};
  return endpoint;
}

class ReflectResponder : public testing::Test {
 protected:
  std::optional<stamp::ReflectorPacket> probe(const Endpoint& from, std::uint32_t sequence,
                                              std::int64_t at = now_ns, std::uint16_t ssid = 0) {
    stamp::SenderPacket packet;
    packet.sequence = sequence;
    packet.timestamp = stamp::to_ntp(at - 1000);
    packet.session = ssid;
    const auto bytes = stamp::encode(packet);
    return responder_->answer({from, at, 61, true, bytes});
  }

  void with(const ReflectOptions& options) { responder_ = std::make_unique<Responder>(options); }

  std::unique_ptr<Responder> responder_ = std::make_unique<Responder>(ReflectOptions{});
};

TEST_F(ReflectResponder, NumbersEachSessionByItself) {
  EXPECT_EQ(probe(sender(1, 4000), 7)->sequence, 0);
  EXPECT_EQ(probe(sender(1, 4000), 9)->sequence, 1);
  EXPECT_EQ(probe(sender(1, 4001), 7)->sequence, 0);
  EXPECT_EQ(probe(sender(2, 4000), 7)->sequence, 0);
  EXPECT_EQ(probe(sender(2, 4000), 8, now_ns, 5)->sequence, 0);
  const auto answer = probe(sender(1, 4000), 10, now_ns + 5);
  EXPECT_EQ(answer->sequence, 2);
  EXPECT_EQ(answer->sender_sequence, 10);
  EXPECT_EQ(answer->sender_ttl, 61);
  EXPECT_EQ(stamp::from_ntp(answer->received, now_ns), now_ns + 5);
  EXPECT_EQ(stamp::from_ntp(answer->sender_timestamp, now_ns), now_ns + 5 - 1000);
  const auto report = responder_->report();
  EXPECT_EQ(report.sessions.size(), 4);
  EXPECT_EQ(report.sessions[0].sender, sender(1, 4000));
  EXPECT_EQ(report.sessions[0].received, 3);
  EXPECT_EQ(report.sessions[0].missing, 1);
}

TEST_F(ReflectResponder, AnswersNothingButSenders) {
  const std::vector<std::uint8_t> brief(43, 1);
  EXPECT_FALSE(responder_->answer({sender(1, 4000), now_ns, 64, true, brief}));
  const std::vector<std::uint8_t> zeros(44, 0);
  EXPECT_FALSE(responder_->answer({sender(1, 4000), now_ns, 64, true, zeros}));
  EXPECT_FALSE(probe(sender(1, 53), 0));
  EXPECT_FALSE(probe(sender(1, 862), 0));
  std::vector<std::uint8_t> good(44, 1);
  EXPECT_FALSE(responder_->answer({sender(1, 4000), now_ns, 64, false, good}));
  const auto report = responder_->report();
  EXPECT_EQ(report.malformed, 2);
  EXPECT_EQ(report.privileged_port, 1);
  EXPECT_EQ(report.own_kind, 1);
  EXPECT_EQ(report.not_unicast, 1);
  EXPECT_EQ(report.reflected, 0);
  EXPECT_EQ(report.received, 5);
}

TEST_F(ReflectResponder, TwoReflectorsDoNotAnswerEachOther) {
  Responder other({.port = 2000});
  responder_->set_port(3000);
  // Someone forges a probe from the other reflector; their answers then go back and forth.
  auto answer = probe(sender(1, 2000), 0);
  int answers = 0;
  for (std::int64_t at = now_ns; answer && answers < 10; answers++) {
    answer->timestamp = stamp::to_ntp(at += 1000);
    const auto bytes = stamp::encode(*answer);
    Responder& next = answers % 2 == 0 ? other : *responder_;
    answer = next.answer({sender(1, answers % 2 == 0 ? 3000 : 2000), at += 1000, 64, true, bytes});
  }
  EXPECT_LT(answers, 4);
}

TEST_F(ReflectResponder, RatesAreHeldByAddressAndInAll) {
  with({.sender_rate = 1000, .total_rate = 1500});
  std::uint64_t answered = 0;
  // Two addresses, 2000 probes a second each, for a second; one of them from many ports.
  for (std::uint32_t i = 0; i < 2000; i++) {
    const std::int64_t at = now_ns + i * 500'000LL;
    answered += probe(sender(1, static_cast<std::uint16_t>(2000 + i % 7)), i, at) ? 1 : 0;
    answered += probe(sender(2, 2000), i, at + 1) ? 1 : 0;
  }
  const auto report = responder_->report();
  EXPECT_GE(answered, 1500);
  EXPECT_LE(answered, 1500 + 151);
  EXPECT_EQ(report.reflected, answered);
  EXPECT_GT(report.limited_sender, 0);
  EXPECT_GT(report.limited_total, 0);
  EXPECT_EQ(answered + report.limited_sender + report.limited_total, 4000);
}

TEST_F(ReflectResponder, TheOldestSessionGoesAndSilenceEndsOne) {
  with({.sessions_max = 3, .expiry = std::chrono::seconds(10)});
  for (std::uint16_t port = 2000; port < 2003; port++) probe(sender(1, port), 0);
  probe(sender(1, 2000), 1);
  probe(sender(1, 2003), 0);
  EXPECT_EQ(responder_->report().evicted, 1);
  EXPECT_EQ(probe(sender(1, 2000), 2)->sequence, 2);
  EXPECT_EQ(probe(sender(1, 2001), 1)->sequence, 0);
  EXPECT_EQ(probe(sender(1, 2000), 3, now_ns + 11'000'000'000)->sequence, 0);
  EXPECT_EQ(responder_->report().expired, 3);
  EXPECT_EQ(responder_->report().sessions.size(), 1);
}

TEST(ReflectSequences, GapsCopiesAndRestarts) {
  SequenceWindow window;
  for (const std::uint32_t n : {0xffff'ffffU, 0U, 1U, 4U, 3U, 3U, 5U}) {
    window.add(n, 100 + n + 1);
  }
  EXPECT_EQ(window.missing(), 1);
  EXPECT_EQ(window.reordered(), 1);
  EXPECT_EQ(window.duplicates(), 1);
  window.add(5000, 200);
  EXPECT_EQ(window.missing(), 1 + 4994);
  EXPECT_EQ(window.restarts(), 0);
  window.add(0, 300);
  EXPECT_EQ(window.restarts(), 1);
  window.add(0, 300);
  EXPECT_EQ(window.duplicates(), 2);
  window.add(1, 301);
  window.add(0, 400);
  EXPECT_EQ(window.restarts(), 2);
  window.add(0x8000'0000U, 500);
  EXPECT_EQ(window.restarts(), 3);
  EXPECT_EQ(window.missing(), 4995);
}

// A reflector on loopback that a thread runs.
class ReflectLoopback : public testing::Test {
 protected:
  ReflectLoopback() : thread_([this] { reflector_.run([this] { return ends_.load(); }); }) {}
  ~ReflectLoopback() override { stop(); }
  void stop() {
    ends_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<bool> ends_{false};
  Reflector reflector_{{.address = "127.0.0.1", .port = 0}};
  std::thread thread_;
};

TEST_F(ReflectLoopback, CollectorAndReflectorAgree) {
  ReplyCollector collector({.reflector = reflector_.endpoints()[0]});
  ASSERT_TRUE(collector.greet(std::chrono::seconds(5)));
  std::vector<SentProbe> sent;
  for (std::uint32_t i = 0; i < 500; i++) {
    stamp::SenderPacket packet;
    packet.sequence = i;
    const std::int64_t at = realtime_ns();
    packet.timestamp = stamp::to_ntp(at);
    if (i == 100) continue;  // as if it had been lost on the way there
    auto bytes = stamp::encode(packet);
    ASSERT_EQ(send(collector.socket(), bytes.data(), bytes.size(), 0), 44);
    sent.push_back({i, at, at, 44});
  }
  sent.push_back({100, sent[99].handed_ns, sent[99].handed_ns + 1, 44});
  ASSERT_TRUE(collector.take_leave(500, std::chrono::seconds(5)));
  const ReplySet set = collector.finish(std::chrono::milliseconds(100));
  EXPECT_EQ(set.stateful, true);
  EXPECT_EQ(set.first_sequence, 1);
  EXPECT_EQ(set.end_sequence, 500);
  EXPECT_EQ(set.user_stamps, 0);
  for (const ProbeReply& reply : set.replies) EXPECT_EQ(reply.sender_ttl, 64);
  const ReplyReport report = analyse_replies(sent, set, {});
  EXPECT_EQ(report.answered, 499);
  EXPECT_EQ(report.loss.forward, 1);
  EXPECT_EQ(report.loss.backward, 0);
  EXPECT_EQ(report.impossible, 0);
  EXPECT_EQ(report.forward.negative + report.backward.negative, 0);
  // One machine, one clock.
  ASSERT_TRUE(report.alignment.error_ns);
  EXPECT_LE(std::abs(report.alignment.offset_ns()), *report.alignment.error_ns);
  stop();
  const ReflectReport reflected = reflector_.report();
  ASSERT_EQ(reflected.sessions.size(), 1);
  EXPECT_EQ(reflected.sessions[0].received, 501);
  EXPECT_EQ(reflected.sessions[0].missing, 1);
  EXPECT_EQ(nlohmann::json::parse(reflect_json(reflected))["reflected"], 501);
}

TEST_F(ReflectLoopback, NobodyThere) {
  stop();
  Endpoint nobody = reflector_.endpoints()[0];
  nobody.port = 1;
  ReplyCollector collector({.reflector = nobody});
  EXPECT_FALSE(collector.greet(std::chrono::milliseconds(20)));
  EXPECT_TRUE(collector.refused());
  EXPECT_TRUE(collector.finish(std::chrono::milliseconds(1)).replies.empty());
}

// Numbers all six probes, then answers those that are not in `silent`.
std::thread late_reflector(int socket, std::set<std::uint32_t> silent) {
  return std::thread([socket, silent] {
    Responder responder(ReflectOptions{});
    std::vector<std::uint8_t> bytes(100);
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    std::vector<stamp::ReflectorPacket> answers;
    for (int probes = 0; true;) {
      const auto got = recvfrom(socket, bytes.data(), bytes.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
      if (got <= 1) return;
      const auto answer = responder.answer({endpoint_of(from), realtime_ns(), 64, true,
                                            std::span(bytes).first(static_cast<std::size_t>(got))});
      if (answer && !silent.contains(answer->sequence)) answers.push_back(*answer);
      if (++probes < 6) continue;
      for (const auto& late : answers) {
        const auto packet = stamp::encode(late);
        sendto(socket, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
      }
    }
  });
}

// The slack that a collector states, with greetings and leaves sent again before answers come.
std::uint32_t slack_without(const std::set<std::uint32_t>& silent) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(socket, reinterpret_cast<const sockaddr*>(&in), sizeof in);
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  std::thread reflector = late_reflector(socket, silent);
  ReplyCollector collector({.reflector = endpoint_of(address)});
  // Nothing is answered before all was sent: each is sent three times.
  collector.greet(std::chrono::milliseconds(1));
  collector.take_leave(0, std::chrono::milliseconds(1));
  const ReplySet set = collector.finish(std::chrono::seconds(1));
  sendto(socket, "", 1, 0, reinterpret_cast<const sockaddr*>(&address), length);
  reflector.join();
  close(socket);
  return set.slack;
}

TEST(ReflectMarks, OnlyUnansweredOnesLeaveADoubt) {
  // Numbers 0 to 2 are the greetings', 3 to 5 the leaves'.
  EXPECT_EQ(slack_without({}), 0) << "late is not lost";
  EXPECT_EQ(slack_without({0, 1}), 0) << "before the greeting answered last";
  EXPECT_EQ(slack_without({1, 2}), 2);
  EXPECT_EQ(slack_without({3}), 1);
  EXPECT_EQ(slack_without({4, 5}), 0) << "behind the leave answered first";
}

TEST(Reflect, BadOptions) {
  EXPECT_THROW(Reflector({.sender_rate = 0}), UsageError);
  EXPECT_THROW(Reflector({.address = "nowhere"}), UsageError);
  EXPECT_THROW(Reflector({.address = "192.0.2.77", .port = 0}), Error);
}

}  // namespace
}  // namespace tscope
