// SPDX-License-Identifier: MIT
#include "tscope/probe/reply_collector.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "probe/train/receiver.hpp"
#include "probe/wire/address.hpp"
#include "probe/wire/clock_state.hpp"
#include "probe/wire/stamp.hpp"
#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int look_ms = 20;
constexpr int buffer_bytes = 16 << 20;
constexpr int marks_max = 3;  // greetings, and leaves

Descriptor open_socket(const CollectorOptions& options) {
  const int family = options.reflector.family == 6 ? AF_INET6 : AF_INET;
  Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw Error(fmt::format("no UDP socket: {}", std::strerror(errno)));
  if (options.local.family != 0) {
    const SocketAddress local = socket_address(options.local);
    if (bind(socket.get(), local.get(), local.length) < 0) {
      throw Error(fmt::format("can't receive at {}: {}; give another source port",
                              options.local.to_string(), std::strerror(errno)));
    }
  }
  const SocketAddress reflector = socket_address(options.reflector);
  if (connect(socket.get(), reflector.get(), reflector.length) < 0) {
    throw Error(fmt::format("can't reach {}: {}; `ip route get` shows the way there",
                            options.reflector.to_string(), std::strerror(errno)));
  }
  return socket;
}

// Probes beside the train, known again by their times.
struct Marks {
  std::vector<std::int64_t> sent_ns;
  std::vector<bool> heard;

  // Its place among them; that of none, the number of them.
  std::size_t answered(std::int64_t time_ns) {
    const auto place =
        static_cast<std::size_t>(std::ranges::find(sent_ns, time_ns) - sent_ns.begin());
    if (place < heard.size()) heard[place] = true;
    return place;
  }
};

}  // namespace

struct ReplyCollector::Impl {
  explicit Impl(const CollectorOptions& options)
      : own(options.socket < 0 ? open_socket(options) : Descriptor()),
        fd(own ? own.get() : options.socket),
        replies_max(options.replies_max),
        reader(fd, base) {
    int family = 0;
    socklen_t length = sizeof family;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    ask_for_ancillary(fd, family, false);
    ask_for_buffer(fd, buffer_bytes);
    thread = std::thread([this] { collect(); });
  }

  ~Impl() { end(); }

  void end() {
    ending = true;
    if (thread.joinable()) thread.join();
  }

  void collect() {
    pollfd polled{fd, POLLIN, 0};
    while (!ending) {
      if (poll(&polled, 1, look_ms) <= 0) continue;
      const std::lock_guard lock(mutex);
      // An error that waits at the socket (nobody listens there) is taken off by the read.
      while (reader.read([this](const ProbeReply& reply) { take(reply); })) {
      }
      if (reader.refused() > 0) refused = true;
      heard.notify_all();
    }
  }

  void take(const ProbeReply& reply) {
    last_heard = Clock::now();
    if (reply.index == greeting) {
      greeted = true;
      greetings.answered(reply.sender_ns);
      set.stateful = reply.reflector_sequence != reply.index;
      const std::uint32_t next = reply.reflector_sequence + 1;
      if (*set.stateful &&
          (!set.first_sequence || static_cast<std::int32_t>(next - *set.first_sequence) > 0)) {
        set.first_sequence = next;
      }
      return;
    }
    if (leave_index && reply.index == *leave_index) {
      // The first leave that arrived there has the number behind the train's last one.
      const auto number = reply.reflector_sequence;
      const std::size_t place = leaves.answered(reply.sender_ns);
      if (!left || static_cast<std::int32_t>(number - *left) < 0) {
        left = number;
        first_leave = place;
      }
      return;
    }
    if (set.replies.size() >= replies_max) {
      set.overflow++;
      return;
    }
    set.replies.push_back(reply);
  }

  // A probe from user space, beside the train.
  void send_mark(std::uint32_t index, Marks& marks) {
    const std::int64_t now_ns = realtime_ns();
    {
      const std::lock_guard lock(mutex);
      marks.sent_ns.push_back(now_ns);
      marks.heard.push_back(false);
    }
    stamp::SenderPacket packet;
    packet.sequence = index;
    packet.timestamp = stamp::to_ntp(now_ns);
    packet.error = realtime_error();
    const auto bytes = stamp::encode(packet);
    // What ICMP said of an earlier one is told by this call, in place of sending.
    if (send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        errno == ECONNREFUSED) {
      refused = true;
    }
  }

  template <typename Answered>
  bool mark(std::uint32_t index, Marks& marks, std::chrono::milliseconds patience,
            Answered answered) {
    for (int sent = 1; sent <= marks_max; sent++) {
      send_mark(index, marks);
      std::unique_lock lock(mutex);
      heard.wait_for(lock, patience, [&] { return answered() || nobody_there(); });
      if (answered()) return true;
      if (nobody_there()) break;
    }
    return false;
  }

  // Greetings sent after the last one answered, and leaves sent before the first one that arrived
  // there, may have got there and a number, and their answers been lost.
  std::uint32_t slack() const {
    std::ptrdiff_t open = 0;
    const auto last = std::find(greetings.heard.rbegin(), greetings.heard.rend(), true);
    if (greeted) open += last - greetings.heard.rbegin();
    const auto before = leaves.heard.begin() + static_cast<std::ptrdiff_t>(first_leave);
    if (left) open += std::count(leaves.heard.begin(), before, false);
    return static_cast<std::uint32_t>(open);
  }

  bool nobody_there() const { return refused && !greeted && set.replies.empty(); }

  const Descriptor own;  // none if the caller gave a socket
  const int fd;
  const std::size_t replies_max;
  const std::int64_t base = realtime_less_raw_ns();
  std::mutex mutex;  // guards everything below but the atomics
  std::condition_variable heard;
  ReplyReader reader;
  ReplySet set;
  bool greeted = false;
  Marks greetings, leaves;
  std::optional<std::uint32_t> leave_index, left;
  std::size_t first_leave = 0;  // of the leaves sent, the one with the number `left`
  Clock::time_point last_heard = Clock::now();
  std::atomic<bool> refused{false}, ending{false};
  std::thread thread;
};

ReplyCollector::ReplyCollector(const CollectorOptions& options)
    : impl_(std::make_unique<Impl>(options)) {
}

ReplyCollector::~ReplyCollector() = default;

int ReplyCollector::socket() const {
  return impl_->fd;
}

bool ReplyCollector::greet(std::chrono::milliseconds patience) {
  return impl_->mark(greeting, impl_->greetings, patience, [this] { return impl_->greeted; });
}

bool ReplyCollector::take_leave(std::uint32_t index, std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->leave_index = index;
  }
  return impl_->mark(index, impl_->leaves, patience, [this] { return impl_->left.has_value(); });
}

bool ReplyCollector::refused() const {
  return impl_->refused;
}

std::uint64_t ReplyCollector::replies() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->set.replies.size();
}

ReplySet ReplyCollector::finish(std::chrono::milliseconds quiet,
                                const std::optional<Anchor>& time_line) {
  const Clock::time_point begun = Clock::now();
  while (true) {
    std::unique_lock lock(impl_->mutex);
    const auto until = std::max(impl_->last_heard, begun) + quiet;
    if (Clock::now() >= until) break;
    impl_->heard.wait_until(lock, until);
  }
  impl_->end();
  ReplySet set = std::move(impl_->set);
  if (set.stateful.value_or(false)) {
    set.end_sequence = impl_->left;
    set.slack = impl_->slack();
  }
  set.dropped = impl_->reader.dropped();
  set.foreign = impl_->reader.foreign();
  set.user_stamps = impl_->reader.user_stamps();
  if (time_line) {
    const auto theirs = static_cast<std::int64_t>(time_line->realtime_ns) -
                        static_cast<std::int64_t>(time_line->monotonic_raw_ns);
    for (ProbeReply& reply : set.replies) reply.arrival_ns += theirs - impl_->base;
  }
  return set;
}

}  // namespace tscope
