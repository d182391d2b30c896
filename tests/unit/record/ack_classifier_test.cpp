// SPDX-License-Identifier: MIT
#include "record/ack_classifier.hpp"

#include <gmock/gmock.h>

namespace tscope {
namespace {

TcpHeaders segment(std::uint32_t seq, std::uint16_t flags, std::uint32_t payload = 0) {
  TcpHeaders tcp;
  tcp.seq = seq;
  tcp.flags = flags;
  tcp.payload = payload;
  return tcp;
}

constexpr std::uint16_t A = tcp_flag::ack, S = tcp_flag::syn, F = tcp_flag::fin, R = tcp_flag::rst;

TEST(AckClassifier, TheHandshakesThirdSegmentIsNone) {
  AckClassifier classifier;
  EXPECT_FALSE(classifier.is_ack(segment(100, S)));
  EXPECT_FALSE(classifier.is_ack(segment(101, A)));
  EXPECT_TRUE(classifier.is_ack(segment(101, A)));
}

TEST(AckClassifier, AThirdSegmentWithDataLeavesTheNextAckAnAck) {
  AckClassifier classifier;
  classifier.is_ack(segment(100, S));
  EXPECT_FALSE(classifier.is_ack(segment(101, A, 10)));
  EXPECT_TRUE(classifier.is_ack(segment(111, A)));
}

TEST(AckClassifier, TheOneWhoAcceptsHasNoThirdSegment) {
  AckClassifier classifier;
  EXPECT_FALSE(classifier.is_ack(segment(500, S | A)));
  EXPECT_TRUE(classifier.is_ack(segment(501, A)));
}

TEST(AckClassifier, DataAndConnectionControlAreNone) {
  AckClassifier classifier;
  EXPECT_FALSE(classifier.is_ack(segment(1, A, 1448)));
  EXPECT_FALSE(classifier.is_ack(segment(1449, A | F)));
  EXPECT_FALSE(classifier.is_ack(segment(1450, A | R)));
  EXPECT_FALSE(classifier.is_ack(segment(1450, R)));
}

TEST(AckClassifier, AKeepAliveIsNone) {
  AckClassifier classifier;
  classifier.is_ack(segment(1000, A, 100));
  EXPECT_TRUE(classifier.is_ack(segment(1100, A)));
  EXPECT_FALSE(classifier.is_ack(segment(1099, A)));
  EXPECT_TRUE(classifier.is_ack(segment(1100, A)));
}

TEST(AckClassifier, SequenceNumbersWrap) {
  AckClassifier classifier;
  classifier.is_ack(segment(0xfffffff0, A, 0x20));
  EXPECT_TRUE(classifier.is_ack(segment(0x10, A)));
  EXPECT_FALSE(classifier.is_ack(segment(0x0f, A)));
}

}  // namespace
}  // namespace tscope
