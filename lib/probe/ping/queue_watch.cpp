// SPDX-License-Identifier: MIT
#include "probe/ping/queue_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace tscope {

namespace {

constexpr std::size_t answer_bytes = 32768;
constexpr unsigned queues_max = 64;

std::optional<std::uint32_t> backlog_of(nlmsghdr* message) {
  nlattr* stats = nlmsg_find_attr(message, sizeof(tcmsg), TCA_STATS2);
  if (stats == nullptr) return std::nullopt;
  nlattr* queue = nla_find(static_cast<nlattr*>(nla_data(stats)), nla_len(stats), TCA_STATS_QUEUE);
  if (queue == nullptr || nla_len(queue) < static_cast<int>(sizeof(gnet_stats_queue))) {
    return std::nullopt;
  }
  gnet_stats_queue figures;
  std::memcpy(&figures, nla_data(queue), sizeof figures);
  return figures.backlog;
}

}  // namespace

QueueWatch::QueueWatch(const std::string& device)
    : device_(if_nametoindex(device.c_str())),
      netlink_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)),
      buffer_(answer_bytes) {
  // An answer that never comes must not stop the pinging.
  const timeval patience{0, 10'000};
  setsockopt(netlink_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  for (unsigned i = 0; i < queues_max; i++) {
    const std::string path =
        fmt::format("/sys/class/net/{}/queues/tx-{}/byte_queue_limits/inflight", device, i);
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) break;
    unsent_.push_back(std::move(file));
  }
}

std::optional<std::uint64_t> QueueWatch::driver_bytes() const {
  if (unsent_.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  for (const Descriptor& file : unsent_) {
    char text[32];
    const ssize_t length = pread(file.get(), text, sizeof text, 0);
    std::uint64_t bytes = 0;
    if (length > 0) std::from_chars(text, text + length, bytes);
    sum += bytes;
  }
  return sum;
}

std::optional<std::uint64_t> QueueWatch::qdisc_bytes() {
  if (device_ == 0 || !netlink_) return std::nullopt;
  struct {
    nlmsghdr header;
    tcmsg qdisc;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = RTM_GETQDISC;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.header.nlmsg_seq = ++questions_;
  question.qdisc.tcm_family = AF_UNSPEC;
  question.qdisc.tcm_ifindex = static_cast<int>(device_);
  if (send(netlink_.get(), &question, sizeof question, 0) < 0) return std::nullopt;
  std::uint64_t root = 0, leaves = 0;
  while (true) {
    const ssize_t length = recv(netlink_.get(), buffer_.data(), buffer_.size(), 0);
    if (length <= 0) return std::nullopt;
    int left = static_cast<int>(length);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer_.data()); nlmsg_ok(message, left);
         message = nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != questions_) continue;
      // A parent's figures include its children's, but for mq's, which has none of its own.
      if (message->nlmsg_type == NLMSG_DONE) return root > leaves ? root : leaves;
      if (message->nlmsg_type == NLMSG_ERROR) return std::nullopt;
      const auto* qdisc = static_cast<const tcmsg*>(nlmsg_data(message));
      if (qdisc->tcm_ifindex != static_cast<int>(device_)) continue;
      const std::uint64_t backlog = backlog_of(message).value_or(0);
      (qdisc->tcm_parent == TC_H_ROOT ? root : leaves) += backlog;
    }
  }
}

}  // namespace tscope
