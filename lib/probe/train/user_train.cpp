// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "live/devices/interface_table.hpp"
#include "probe/train/departures.hpp"
#include "probe/train/engine.hpp"
#include "probe/train/user_sender.hpp"
#include "record/clock_reading.hpp"
#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/facts.hpp"
#include "tscope/base/tsc.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_looks{50};
constexpr milliseconds to_learn_the_rate{100};
constexpr std::uint64_t looks_per_anchor = 20;
constexpr int anchor_tries = 8;

// The narrowest of some: nobody interrupted it.
Anchor best_anchor() {
  Anchor best{};
  for (int i = 0; i < anchor_tries; i++) {
    const Anchor anchor = read_anchor(read_tsc);
    if (i == 0 || anchor.width < best.width) best = anchor;
  }
  return best;
}

/// Keeps CPUs out of deep sleep while it lives (kernel: power/pm_qos_interface); where it is not
/// allowed, nothing happens.
class LatencyRequest {
 public:
  LatencyRequest() : file_(open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC)) {
    const std::int32_t none = 0;
    if (file_ && write(file_.get(), &none, sizeof(none)) < 0) file_ = {};
  }
  bool held() const { return static_cast<bool>(file_); }

 private:
  Descriptor file_;
};

const char* mode_name(UserMode mode) {
  switch (mode) {
    case UserMode::sleep:
      return "sleep";
    case UserMode::txtime:
      return "txtime";
    default:
      return "spin";
  }
}

void use_txtime(const TrainJob& job) {
  Netlink netlink;
  const auto device = static_cast<int>(job.path.route_device);
  if (!netlink.has_qdisc(device, "etf")) {
    throw Error(
        fmt::format("--user-mode txtime needs an etf qdisc on {}, and there is none: see "
                    "tc-etf(8), or use --user-mode spin",
                    job.path.device));
  }
  const sock_txtime settings{CLOCK_TAI, SOF_TXTIME_REPORT_ERRORS};
  if (setsockopt(job.path.socket.get(), SOL_SOCKET, SO_TXTIME, &settings, sizeof(settings)) < 0) {
    throw Error(fmt::format("SO_TXTIME is refused: {}; run it as root, or use --user-mode spin",
                            std::strerror(errno)));
  }
}

void set_socket(const ProbePath& path) {
  const int hops = 255, no_fragments = IP_PMTUDISC_DO;
  const int fd = path.socket.get();
  if (path.addresses.source.family == AF_INET) {
    setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops));
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &no_fragments, sizeof(no_fragments));
  } else {
    setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &no_fragments, sizeof(no_fragments));
  }
}

// What etf dropped because its time had passed, as the error queue has it.
std::uint64_t count_expired(int fd) {
  std::uint64_t expired = 0;
  while (true) {
    char control[512];
    msghdr message{};
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return expired;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      sock_extended_err error{};
      if (header->cmsg_len < CMSG_LEN(sizeof(error))) continue;
      std::memcpy(&error, CMSG_DATA(header), sizeof(error));
      if (error.ee_origin == SO_EE_ORIGIN_TXTIME) expired++;
    }
  }
}

/// So that a sink that throws does not wait for the train's end.
struct EndOnExit {
  std::atomic<bool>& end;
  ~EndOnExit() { end = true; }
};

class UserTrain final : public Train {
 public:
  explicit UserTrain(TrainJob job) : job_(std::move(job)), netns_(own_netns()) {
    set_socket(job_.path);
    if (job_.request.user_mode == UserMode::txtime) use_txtime(job_);
    departures_ = Departures::watch(job_.path, job_.request.plan.size());
    job_.facts["user_mode"] = mode_name(job_.request.user_mode);
    job_.facts["hand_over"] = departures_ ? "driver" : "send call";
  }

  TrainOutcome run(TrainSink& sink, const std::atomic<bool>& cancel) override;
  const std::map<std::string, std::string>& facts() const override { return job_.facts; }
  int socket() const override { return job_.path.socket.get(); }

 private:
  void deliver(TrainSink& sink, const UserSender& sender, const ClockModel& clock,
               std::uint64_t until);
  Packet packet_of(const UserSender& sender, std::uint32_t index, const ClockModel& clock);
  void add_notes(TrainOutcome& outcome, const UserSender& sender, bool awake, bool locked) const;

  TrainJob job_;
  std::uint32_t netns_;
  std::unique_ptr<Departures> departures_;
  std::uint64_t delivered_ = 0, unstamped_ = 0;
  TrainOutcome outcome_;
};

// As the module would have recorded it, but for the IP id, which the kernel chose.
Packet UserTrain::packet_of(const UserSender& sender, std::uint32_t index,
                            const ClockModel& clock) {
  const UserProbe& sent = sender.at(index);
  const std::uint64_t departed = departures_ ? departures_->of(index) : 0;
  const std::uint64_t handed = departed != 0 ? departed : sent.handed;
  const std::uint32_t size = job_.request.plan[index].size;
  job_.frame.set(index, sender.time_in(sent), size);
  const auto frame = job_.frame.bytes();

  Packet packet;
  tscope_record& record = packet.record;
  record.tsc = handed;
  record.netns = netns_;
  record.ifindex = job_.path.route_device;
  record.seq = index;
  record.wire_len = job_.frame.ip_length_of(size);
  record.error = static_cast<std::uint32_t>(sent.error);
  record.cpu = static_cast<std::uint16_t>(job_.cpu);
  record.segs = 1;
  record.flags = TSCOPE_F_SYNTH_IP | TSCOPE_F_LINK;
  if (job_.request.user_mode != UserMode::spin) record.flags |= TSCOPE_F_TIMER;
  const std::int64_t late = clock.to_ns(handed) - clock.to_ns(sent.scheduled);
  if (late > job_.request.late_ns) record.flags |= TSCOPE_F_LATE;
  record.vantage = departed != 0 ? TSCOPE_DRIVER_TX : TSCOPE_APP_TX;
  record.kind = TSCOPE_PROBE;
  record.clock = TSCOPE_CLOCK_TSC;
  // A VLAN tag is the device's to add: not in the record.
  std::ranges::copy(frame.first(12), record.link);
  std::ranges::copy(frame.subspan(job_.frame.ip_at() - 2, 2), record.link + 12);
  record.header_len =
      static_cast<std::uint8_t>(std::min<std::uint32_t>(record.wire_len, TSCOPE_PROBE_AT));
  std::ranges::copy(frame.subspan(job_.frame.ip_at(), record.header_len), record.header);
  const tscope_probe times{sent.scheduled, sent.woken, sent.spun};
  std::memcpy(record.header + TSCOPE_PROBE_AT, &times, sizeof(times));
  packet.time_ns = clock.to_ns(handed);
  return packet;
}

void UserTrain::deliver(TrainSink& sink, const UserSender& sender, const ClockModel& clock,
                        std::uint64_t until) {
  for (; delivered_ < until; delivered_++) {
    const Packet packet = packet_of(sender, static_cast<std::uint32_t>(delivered_), clock);
    const Interface interface { job_.path.device, packet.vantage() };
    const bool good = packet.record.error == 0;
    unstamped_ += good && interface.vantage == Vantage::app_tx ? 1 : 0;
    outcome_.sent += good ? 1 : 0;
    outcome_.failed += good ? 0 : 1;
    outcome_.late += good && (packet.record.flags & TSCOPE_F_LATE) != 0 ? 1 : 0;
    outcome_.timer += good && (packet.record.flags & TSCOPE_F_TIMER) != 0 ? 1 : 0;
    sink.probe(packet, interface);
  }
}

void UserTrain::add_notes(TrainOutcome& outcome, const UserSender& sender, bool awake,
                          bool locked) const {
  outcome.notes = sender.notes();
  outcome.refused = sender.refused();
  if (!awake) {
    outcome.notes.emplace_back(
        "/dev/cpu_dma_latency can't be held: an idle CPU may sleep deep and wake late");
  }
  if (!locked) outcome.notes.emplace_back("memory can't be locked: a page fault may delay a probe");
  if (departures_ && unstamped_ > 0) {
    outcome.notes.push_back(fmt::format(
        "{} probes have no stamp at the driver (a queue dropped them, or {} records were lost): "
        "their time is the send call's",
        unstamped_, departures_->loss().lost()));
  }
  if (job_.request.user_mode == UserMode::txtime && !departures_) {
    outcome.notes.emplace_back(
        "handed to the qdisc ahead of its time: lateness tells of the call, not of the departure");
  }
  const std::string source =
      first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (source != "tsc" && source != "kvm-clock" && source != "xen") {
    outcome.notes.push_back(fmt::format(
        "the kernel does not keep time by the TSC (but by {}): the times may be wrong", source));
  }
}

TrainOutcome UserTrain::run(TrainSink& sink, const std::atomic<bool>& cancel) {
  const LatencyRequest awake;
  const bool locked = mlockall(MCL_CURRENT) == 0;
  const Anchor first = best_anchor();
  std::this_thread::sleep_for(to_learn_the_rate);
  const Anchor second = best_anchor();
  const TickRate rate(first, second);
  ClockModel clock(first, rate.khz());
  clock.add(second);
  sink.anchor(first, rate.khz());
  sink.anchor(second, rate.khz());

  UserSender sender(job_, rate);
  std::atomic<bool> end = false;
  std::jthread thread([&] { sender.run(end); });
  const EndOnExit guard{end};
  // A probe's departure may be stamped a while after its send call: it waits for a look.
  std::uint64_t done = 0;
  for (std::uint64_t look = 1; !sender.over(); look++) {
    std::this_thread::sleep_for(between_looks);
    end = cancel.load();
    if (look % looks_per_anchor == 0) {
      const Anchor anchor = best_anchor();
      clock.add(anchor);
      sink.anchor(anchor, rate.khz());
    }
    if (departures_) departures_->look();
    deliver(sink, sender, clock, departures_ ? done : sender.done());
    done = sender.done();
  }
  thread.join();
  if (departures_) departures_->stop();
  const Anchor last = best_anchor();
  clock.add(last);
  sink.anchor(last, rate.khz());
  deliver(sink, sender, clock, sender.done());
  if (locked) munlockall();

  const std::uint64_t total = job_.request.plan.size();
  outcome_.left = total - outcome_.sent - outcome_.failed;
  outcome_.reason = outcome_.left > 0 ? ECANCELED : 0;
  outcome_.lead_ns = static_cast<std::uint64_t>(sender.lead_ns());
  if (sender.ended() > sender.started()) {
    outcome_.elapsed_s =
        static_cast<double>(rate.ns(static_cast<std::int64_t>(sender.ended() - sender.started()))) /
        1e9;
  }
  outcome_.busy_s = static_cast<double>(sender.busy_ns()) / 1e9;
  outcome_.spin_s =
      static_cast<double>(rate.ns(static_cast<std::int64_t>(sender.spin_ticks()))) / 1e9;
  if (job_.request.user_mode == UserMode::txtime) outcome_.expired = count_expired(socket());
  outcome_.clock = clock.info();
  add_notes(outcome_, sender, awake.held(), locked);
  return outcome_;
}

}  // namespace

std::unique_ptr<Train> open_user_train(TrainJob job) {
  return std::make_unique<UserTrain>(std::move(job));
}

}  // namespace tscope
