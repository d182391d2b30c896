// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "live/kmod/device.hpp"
#include "live/kmod/session_memory.hpp"
#include "live/live_session.hpp"
#include "probe/train/engine.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/tsc.hpp"

namespace tscope {

namespace {

constexpr std::chrono::milliseconds reorder_window{20};
constexpr std::uint32_t slots_min = 1024, slots_max = 65536;

std::string why_no_session(int error) {
  switch (error) {
    case EPERM:
      return "no permission to send trains: that needs CAP_NET_RAW; run it as root or with that "
             "capability";
    case EINVAL:
      return "the loaded module sends no trains: load the module of the same build (rmmod tscope, "
             "make kmod, insmod)";
    case ENOMEM:
      return "no memory for the train's records: free some, or give a smaller --count";
    case ENXIO:
      return "the network namespace is gone; send from one that lives";
    default:
      return fmt::format("the module refuses the session: {}; see tscope doctor",
                         std::strerror(error));
  }
}

std::string why_no_train(int error, const TrainJob& job) {
  switch (error) {
    case EPERM:
      return fmt::format(
          "CPU {} is not among those this process may use (taskset, cpuset); give "
          "another --cpu",
          job.cpu);
    case EAGAIN:
      return "threads of earlier trains are kept from their CPUs by tasks of a higher priority; "
             "look at ps -eLo rtprio,psr,comm";
    case ESHUTDOWN:
      return "the machine is about to sleep; send again when it is back";
    case ENODEV:
      return fmt::format("interface {} is gone; look at ip link", job.path.device);
    case ENETDOWN:
      return fmt::format("interface {} is down: ip link set {} up", job.path.device,
                         job.path.device);
    case EMSGSIZE:
      return fmt::format("interface {} does not take frames that large; give a smaller --size",
                         job.path.device);
    case EAFNOSUPPORT:
      return fmt::format("interface {} is not Ethernet: use --engine user", job.path.device);
    case EDQUOT:
      return "the module has too many trains or probes in its queue: wait for the others, or give "
             "a smaller --count (without CAP_SYS_RESOURCE a user gets a quarter of what there is)";
    case EHOSTDOWN:
      return fmt::format("CPU {} is not online; give another --cpu", job.cpu);
    case EINVAL:
      return "the module refuses the train: load the module of the same build (rmmod tscope, make "
             "kmod, insmod)";
    case ENOMEM:
      return "no memory for the train: free some, or give a smaller --count";
    default:
      return fmt::format("the module refuses the train: {}; see the kernel log (dmesg)",
                         std::strerror(error));
  }
}

/// A session of the module that sends.
class KmodTrainEngine final : public Engine {
 public:
  KmodTrainEngine(bool qdisc, std::size_t probes) {
    tscope_config config{};
    config.interface_version = TSCOPE_INTERFACE_VERSION;
    config.vantages = TSCOPE_VANTAGE_BIT(qdisc ? TSCOPE_QDISC_TX : TSCOPE_DRIVER_TX);
    // All records come from one CPU, and what waits in the merge takes a part of its ring.
    config.slots = std::min(
        device_.info().max_slots,
        std::clamp(std::bit_ceil(static_cast<std::uint32_t>(probes)), slots_min, slots_max));
    config.watermark = config.slots / 2;
    config.flags = TSCOPE_CONFIG_TRAIN;
    const int error = device_.call(TSCOPE_IOC_CONFIGURE, &config);
    if (error != 0) throw Error(why_no_session(error));
  }

  std::vector<Ring> rings() override { return map_rings(device_, mappings_); }
  void start() override {
    const int error = device_.call(TSCOPE_IOC_START, nullptr);
    if (error != 0) throw Error(why_no_session(error));
  }
  void stop() override { device_.call(TSCOPE_IOC_STOP, nullptr); }
  bool wait(std::chrono::milliseconds limit) override {
    pollfd waiting{device_.fd(), POLLIN, 0};
    poll(&waiting, 1, static_cast<int>(limit.count()));
    return (waiting.revents & POLLHUP) == 0;
  }
  std::string clock_name() const override { return "tsc"; }
  std::uint32_t clock_khz() const override { return device_.info().tsc_khz; }
  std::uint64_t now() const override { return read_tsc(); }
  Anchor anchor() const override { return kmod_anchor(device_); }
  std::uint64_t missed() const override { return 0; }
  std::map<std::string, std::string> facts() const override {
    return {{"engine", "kmod"}, {"tsc_khz", std::to_string(device_.info().tsc_khz)}};
  }

  const Device& device() const { return device_; }

 private:
  Device device_;
  std::vector<Mapping> mappings_;
};

class KmodTrain final : public Train {
 public:
  explicit KmodTrain(TrainJob job) : job_(std::move(job)) {
    auto engine = std::make_unique<KmodTrainEngine>(job_.request.qdisc, job_.request.plan.size());
    engine_ = engine.get();
    session_ = std::make_unique<LiveSession>(std::move(engine), reorder_window);
    auto facts = session_->facts();
    facts.merge(job_.facts);
    job_.facts = std::move(facts);
    job_.facts["hand_over"] = job_.request.qdisc ? "qdisc" : "driver";
  }

  TrainOutcome run(TrainSink& sink, const std::atomic<bool>& cancel) override;
  const std::map<std::string, std::string>& facts() const override { return job_.facts; }
  int socket() const override { return job_.path.socket.get(); }

 private:
  void submit();
  tscope_train_status status() const;
  void pass_anchors(TrainSink& sink);
  TrainOutcome outcome(const tscope_train_status& status) const;

  TrainJob job_;
  KmodTrainEngine* engine_ = nullptr;  // session_'s
  std::unique_ptr<LiveSession> session_;
  tscope_train train_{};
  std::uint64_t ended_ = 0;  // ticks
};

void KmodTrain::submit() {
  const auto& plan = job_.request.plan;
  std::vector<tscope_train_probe> probes;
  probes.reserve(plan.size());
  for (const PlannedProbe& probe : plan) {
    probes.push_back(
        {static_cast<std::uint64_t>(probe.at_ns), job_.frame.length_of(probe.size), 0});
  }
  const auto frame = job_.frame.bytes();
  train_.probes = reinterpret_cast<std::uintptr_t>(probes.data());
  train_.frame = reinterpret_cast<std::uintptr_t>(frame.data());
  train_.count = static_cast<std::uint32_t>(plan.size());
  train_.frame_len = static_cast<std::uint32_t>(frame.size());
  train_.ifindex = job_.path.ifindex;
  train_.cpu = job_.cpu;
  train_.flags = job_.request.qdisc ? TSCOPE_TRAIN_QDISC : 0;
  train_.late_ns = static_cast<std::uint32_t>(job_.request.late_ns);
  train_.ip_at = static_cast<std::uint16_t>(job_.frame.ip_at());
  train_.seq_at = static_cast<std::uint16_t>(job_.frame.payload_at() + stamp::sequence_at);
  train_.time_at = static_cast<std::uint16_t>(job_.frame.payload_at() + stamp::timestamp_at);
  const int error = engine_->device().call(TSCOPE_IOC_TRAIN, &train_);
  if (error != 0) throw Error(why_no_train(error, job_));
}

tscope_train_status KmodTrain::status() const {
  tscope_train_status status{};
  status.number = train_.number;
  const int error = engine_->device().call(TSCOPE_IOC_TRAIN_STATUS, &status);
  if (error != 0) {
    throw Error(fmt::format("the module does not know the train any more: {}; see the kernel log",
                            std::strerror(error)));
  }
  return status;
}

void KmodTrain::pass_anchors(TrainSink& sink) {
  for (const Anchor& anchor : session_->take_anchors()) {
    sink.anchor(anchor, session_->clock_khz());
  }
}

TrainOutcome KmodTrain::run(TrainSink& sink, const std::atomic<bool>& cancel) {
  submit();
  bool cancelled = false;
  Packet packet;
  tscope_train_status last{};
  while (true) {
    const Source::Next next = session_->next(packet);
    if (next == Source::Next::packet) {
      if (packet.record.kind == TSCOPE_PROBE && packet.record.train == train_.number) {
        sink.probe(packet, session_->interfaces()[packet.interface]);
      }
      continue;
    }
    pass_anchors(sink);
    if (next == Source::Next::end) break;
    if (cancel.load(std::memory_order_relaxed) && !cancelled) {
      cancelled = true;
      __u32 number = train_.number;
      engine_->device().call(TSCOPE_IOC_TRAIN_CANCEL, &number);
    }
    if (ended_ != 0) continue;
    last = status();
    if (last.state == TSCOPE_TRAIN_RUNNING) continue;
    ended_ = read_tsc();
    session_->stop();
  }
  if (ended_ == 0) {
    ended_ = read_tsc();
    last = status();
  }
  return outcome(last);
}

TrainOutcome KmodTrain::outcome(const tscope_train_status& status) const {
  TrainOutcome outcome;
  outcome.sent = status.sent;
  outcome.failed = status.failed;
  outcome.left = status.left;
  outcome.reason = static_cast<int>(status.reason);
  outcome.late = status.late;
  outcome.contended = status.contended;
  outcome.timer = status.timer;
  outcome.lead_ns = status.lead_ns;
  outcome.loss = session_->loss();
  outcome.clock = session_->clock();
  const double second = 1.0 / outcome.clock.tsc_hz;
  if (ended_ > train_.start_tsc) {
    outcome.elapsed_s = static_cast<double>(ended_ - train_.start_tsc) * second;
  }
  outcome.busy_s = static_cast<double>(status.busy_ticks) * second;
  outcome.spin_s = static_cast<double>(status.spin_ticks) * second;
  if ((train_.flags & TSCOPE_TRAIN_NORMAL) != 0) {
    outcome.notes.emplace_back(
        "sent by a thread of normal priority, without a spin and with a small share of the CPU: "
        "more needs CAP_SYS_NICE in the initial user namespace");
  }
  return outcome;
}

}  // namespace

std::unique_ptr<Train> open_kmod_train(TrainJob job) {
  return std::make_unique<KmodTrain>(std::move(job));
}

}  // namespace tscope
