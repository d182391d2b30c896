// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <netinet/in.h>

#include "probe/ping/book.hpp"
#include "probe/ping/echo.hpp"
#include "probe/ping/icmp_text.hpp"

namespace tscope {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Kind = PingNote::Kind;

constexpr std::uint16_t id = 0xbeef;
constexpr std::uint64_t secret = 0x1234'5678'9abc'def0;

Bytes request(Echo& echo, std::uint64_t index) {
  const auto bytes = echo.request(index, true);
  return {bytes.begin(), bytes.end()};
}

Bytes reply_to(Bytes message, bool v6 = false) {
  message[0] = v6 ? 129 : 0;
  return message;
}

TEST(Echo, ChecksumHolds) {
  for (const std::size_t size : {0U, 1U, 7U, 56U}) {
    Echo echo(false, id, size, secret);
    const Bytes bytes = request(echo, 77);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i++) {
      sum += static_cast<std::uint32_t>(i % 2 == 0 ? bytes[i] << 8 : bytes[i]);
    }
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    EXPECT_EQ(sum, 0xffffU) << size;
  }
}

TEST(Echo, GoodReply) {
  for (const bool v6 : {false, true}) {
    Echo echo(v6, id, 56, secret);
    const auto reply = echo.read(reply_to(request(echo, 3), v6), 64, 5);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->fault, ReplyFault::none);
    EXPECT_EQ(reply->index, 3);
    EXPECT_EQ(reply->bytes, 64);
  }
}

TEST(Echo, SequencesWrap) {
  Echo echo(false, id, 16, secret);
  const auto of = [&](std::uint64_t index, std::uint64_t last) {
    const auto reply = echo.read(reply_to(request(echo, index)), 24, last);
    return reply ? reply->index.value_or(0) : 0;
  };
  EXPECT_EQ(of(65'535, 65'540), 65'535U);
  EXPECT_EQ(of(65'536, 65'540), 65'536U);
  EXPECT_EQ(of(65'540, 65'540), 65'540U);
  EXPECT_EQ(of(1'000'000, 1'000'100), 1'000'000U);
}

TEST(Echo, NotOurs) {
  Echo echo(false, id, 56, secret), other(false, id + 1, 56, secret);
  EXPECT_FALSE(echo.read(reply_to(request(other, 3)), 64, 5)) << "another program's";
  EXPECT_FALSE(echo.read(request(echo, 3), 64, 5)) << "a request: our own, over loopback";
  EXPECT_FALSE(echo.read(Bytes(7), 7, 5));
  EXPECT_FALSE(echo.read({}, 0, 5));
}

TEST(Echo, Faults) {
  Echo echo(false, id, 56, secret), guess(false, id, 56, secret + 1);
  const Bytes good = reply_to(request(echo, 3));
  const auto fault = [&](Bytes message, std::uint64_t last = 5) {
    return echo.read(message, message.size(), last).value().fault;
  };
  EXPECT_EQ(fault(good, 2), ReplyFault::forged) << "of a probe that was not sent yet";
  Bytes zero = good;
  zero[6] = zero[7] = 0;
  EXPECT_EQ(fault(zero), ReplyFault::forged) << "there is no probe 0";
  EXPECT_EQ(fault(reply_to(request(guess, 3))), ReplyFault::forged) << "who did not see the probe";
  Bytes moved = good;
  moved[7] = 4;
  EXPECT_EQ(fault(moved), ReplyFault::forged) << "one probe's payload for another";
  Bytes shorter = good;
  shorter.pop_back();
  EXPECT_EQ(fault(shorter), ReplyFault::truncated);
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(fault(longer), ReplyFault::corrupted);
  for (std::size_t i = 16; i < good.size(); i++) {
    Bytes changed = good;
    changed[i] ^= 1;
    EXPECT_EQ(fault(changed), ReplyFault::corrupted) << i;
  }
  Bytes both = shorter;
  both.back() ^= 1;
  EXPECT_EQ(fault(both), ReplyFault::corrupted);
}

TEST(Echo, QuotedByAnError) {
  Echo echo(false, id, 56, secret), other(false, id + 1, 56, secret);
  const Bytes bytes = request(echo, 4);
  EXPECT_EQ(echo.quoted(bytes, 5), 4);
  Bytes with_ip{0x45};
  with_ip.resize(20);
  with_ip.insert(with_ip.end(), bytes.begin(), bytes.begin() + 8);
  EXPECT_EQ(echo.quoted(with_ip, 5), 4);
  EXPECT_FALSE(echo.quoted(request(other, 4), 5));
  EXPECT_FALSE(echo.quoted(std::span(bytes).first(7), 5));
  EXPECT_FALSE(echo.quoted({}, 5));
}

Reply good(std::uint64_t index) {
  Reply reply;
  reply.index = index;
  reply.from.family = AF_INET;
  reply.bytes = 64;
  reply.app_rx_ns = static_cast<std::int64_t>(index) * 1000;
  return reply;
}

struct Tried {
  PingBook book;
  PingCounts counts;
  explicit Tried(std::uint64_t sent) {
    for (std::uint64_t i = 1; i <= sent; i++) book.add(i);
  }
  std::optional<Kind> take(const Reply& reply) {
    const auto note = book.take(reply, counts);
    return note ? std::optional(note->kind) : std::nullopt;
  }
};

TEST(PingBook, FirstReplyCountsOthersAreDuplicates) {
  Tried tried(2);
  EXPECT_FALSE(tried.take(good(1)));
  EXPECT_EQ(tried.take(good(1)), Kind::duplicate);
  EXPECT_EQ(tried.take(good(1)), Kind::duplicate);
  EXPECT_EQ(tried.counts.received, 1U);
  EXPECT_EQ(tried.counts.duplicates, 2U);
  EXPECT_EQ(tried.book.find(1)->stamps.app_rx, 1000);
}

TEST(PingBook, ReorderedAreReceived) {
  Tried tried(3);
  for (const std::uint64_t index : {2, 1, 3}) EXPECT_FALSE(tried.take(good(index)));
  EXPECT_EQ(tried.counts.received, 3U);
  EXPECT_EQ(tried.counts.reordered, 1U);
}

TEST(PingBook, FaultyRepliesLeaveTheProbeUnanswered) {
  Tried tried(1);
  Reply reply = good(1);
  for (const auto& [fault, kind] :
       {std::pair{ReplyFault::truncated, Kind::truncated},
        std::pair{ReplyFault::corrupted, Kind::corrupted},
        std::pair{ReplyFault::forged, Kind::forged}, std::pair{ReplyFault::resent, Kind::resent}}) {
    reply.fault = fault;
    EXPECT_EQ(tried.take(reply), kind);
  }
  EXPECT_EQ(tried.counts.received, 0U);
  EXPECT_FALSE(tried.take(good(1))) << "the good one that comes after them";
  EXPECT_EQ(tried.take(good(9)), Kind::forged) << "never sent";
}

TEST(PingBook, ForgetsTheOldest) {
  Tried tried(PingBook::entries_max + 10);
  EXPECT_EQ(tried.book.find(10), nullptr);
  ASSERT_NE(tried.book.find(11), nullptr);
  EXPECT_EQ(tried.book.find(11)->index, 11U);
  EXPECT_EQ(tried.book.find(PingBook::entries_max + 11), nullptr);
}

TEST(PingBook, WhatNeverGotOutLeavesAHole) {
  Tried tried(3);
  tried.book.take_back();
  tried.book.add(4);
  EXPECT_EQ(tried.book.find(3), nullptr);
  EXPECT_EQ(tried.book.find(4)->index, 4U);
  EXPECT_EQ(tried.book.find(2)->index, 2U);
}

TEST(PingBook, TheSendersOwnDeviceStampsFirst) {
  PingBook book;
  book.add(1);
  for (const std::int64_t later : {0, 5'000}) {
    book.take(TransmitStamp{1, TransmitStamp::At::qdisc, 100 + later});
    book.take(TransmitStamp{1, TransmitStamp::At::driver, 110 + later});
  }
  EXPECT_EQ(book.find(1)->stamps.qdisc_tx, 100);
  EXPECT_EQ(book.find(1)->stamps.driver_tx, 110);
}

TEST(IcmpText, AsIputilsSaysIt) {
  EXPECT_EQ(icmp_text(AF_INET, 3, 1, 0), "Destination Host Unreachable");
  EXPECT_EQ(icmp_text(AF_INET, 3, 4, 1400), "Frag needed and DF set (mtu = 1400)");
  EXPECT_EQ(icmp_text(AF_INET, 11, 0, 0), "Time to live exceeded");
  EXPECT_EQ(icmp_text(AF_INET6, 1, 3, 0), "Destination unreachable: Address unreachable");
}

}  // namespace
}  // namespace tscope
