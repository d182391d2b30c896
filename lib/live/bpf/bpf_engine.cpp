// SPDX-License-Identifier: MIT
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <thread>

#include "live/bpf/programs.hpp"
#include "live/filter.hpp"
#include "live/live_session.hpp"
#include "live/ring_memory.hpp"
#include "record/clock_reading.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/tsc.hpp"
#include "tscope/live/bpf_source.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t slots_max = 1U << 20;
constexpr std::uint32_t ns_khz = 1'000'000;
constexpr milliseconds nap{5};  // nothing wakes us: a full ring lasts far longer

// Each array map of the programs is mapped as a whole.
Mapping map_array(int fd, std::size_t bytes, Mapping::Access access = Mapping::Access::read) {
  return map_ring_memory(fd, 0, bytes, access);
}

tscope_bpf_config config_of(const CaptureOptions& options) {
  tscope_bpf_config config{};
  config.cpus = static_cast<std::uint32_t>(libbpf_num_possible_cpus());
  config.vantages = vantage_bits(options.vantages);
  config.slots = ring_slots(options.slots, config.cpus, slots_max);
  config.shift = static_cast<std::uint32_t>(std::countr_zero(config.slots));
  config.own_netns = own_netns();
  config.filter = kernel_filter(options.filter);
  // A device is of one namespace, and its number means another device in others.
  config.netns = options.all_netns && config.filter.ifindex == 0 ? 0 : config.own_netns;
  return config;
}

std::vector<Vantage> vantages_of(std::uint32_t bits) {
  std::vector<Vantage> vantages;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    if ((bits & 1U << i) != 0) vantages.push_back(static_cast<Vantage>(i));
  }
  return vantages;
}

// The narrowest of some reads: in others this thread may have lost its CPU.
Anchor narrow_anchor() {
  constexpr int tries = 16;
  Anchor best = read_anchor(read_tsc);
  for (int i = 1; i < tries; i++) {
    const Anchor next = read_anchor(read_tsc);
    if (next.width < best.width) best = next;
  }
  return best;
}

// Against the kernel's own clock, for 20 ms: good to some parts in 10^5, and anchors tell better
// later on.
std::uint32_t measured_tsc_khz() {
  const Anchor from = narrow_anchor();
  std::this_thread::sleep_for(milliseconds(20));
  const Anchor to = narrow_anchor();
  return static_cast<std::uint32_t>((to.tsc - from.tsc) * 1'000'000 /
                                    (to.monotonic_raw_ns - from.monotonic_raw_ns));
}

class BpfEngine final : public Engine {
 public:
  BpfEngine(const CaptureOptions& options, BpfLacking* told)
      : config_(config_of(options)),
        programs_(config_,
                  told == nullptr ? Programs::Lacking::refuse : Programs::Lacking::leave_out),
        records_(map_array(programs_.records_fd(),
                           std::size_t{config_.cpus} * config_.slots * sizeof(tscope_record))),
        rings_(map_array(programs_.rings_fd(), config_.cpus * sizeof(tscope_bpf_ring),
                         Mapping::Access::write)),
        tails_(map_array(programs_.tails_fd(), config_.cpus * sizeof(tscope_bpf_tail),
                         Mapping::Access::write)),
        clock_khz_(programs_.uses_tsc() ? measured_tsc_khz() : ns_khz) {
    const std::uint32_t lacking = config_.vantages & ~programs_.vantages();
    if (lacking == 0) return;
    told->vantages = vantages_of(lacking);
    told->why = programs_.why_no_functions().empty() ? "this kernel has no place to hook there"
                                                     : programs_.why_no_functions();
  }

  std::vector<Ring> rings() override {
    std::vector<Ring> rings;
    for (std::uint32_t cpu = 0; cpu < config_.cpus; cpu++) {
      rings.emplace_back(&rings_.as<tscope_bpf_ring>()[cpu].info,
                         reinterpret_cast<std::uint64_t*>(&tails_.as<tscope_bpf_tail>()[cpu].tail),
                         records_.as<tscope_record>() + std::size_t{cpu} * config_.slots,
                         config_.slots, cpu);
    }
    return rings;
  }

  void start() override {
    programs_.attach();
    set_running(1);
  }
  void stop() override {
    set_running(0);
    programs_.detach();
  }

  bool wait(milliseconds limit) override {
    std::this_thread::sleep_for(std::min(limit, nap));
    return true;
  }

  std::string clock_name() const override { return programs_.uses_tsc() ? "tsc" : "monotonic"; }
  std::uint32_t clock_khz() const override { return clock_khz_; }

  std::uint64_t now() const override {
    return programs_.uses_tsc() ? read_tsc()
                                : static_cast<std::uint64_t>(read_clock_ns(CLOCK_MONOTONIC));
  }

  Anchor anchor() const override {
    return read_anchor([this] { return now(); });
  }

  std::uint64_t missed() const override {
    std::uint64_t sum = programs_.nested();
    for (std::uint32_t cpu = 0; cpu < config_.cpus; cpu++) {
      for (const __u64& count : rings_.as<tscope_bpf_ring>()[cpu].unreadable) {
        sum += std::atomic_ref(const_cast<__u64&>(count)).load(std::memory_order_relaxed);
      }
    }
    return sum;
  }

  std::vector<std::string> warnings() const override { return programs_.warnings(); }

  std::map<std::string, std::string> facts() const override {
    return {{"engine", "bpf"},
            {"clock_khz", std::to_string(clock_khz_)},
            {"ring_slots", std::to_string(config_.slots)}};
  }

 private:
  void set_running(__u16 running) {
    for (std::uint32_t cpu = 0; cpu < config_.cpus; cpu++) {
      std::atomic_ref(rings_.as<tscope_bpf_ring>()[cpu].running)
          .store(running, std::memory_order_relaxed);
    }
  }

  tscope_bpf_config config_;
  Programs programs_;
  Mapping records_, rings_, tails_;
  std::uint32_t clock_khz_;
};

}  // namespace

std::unique_ptr<LiveSource> open_bpf(const CaptureOptions& options, BpfLacking* lacking) {
  return open_live([&] { return std::make_unique<BpfEngine>(options, lacking); }, options);
}

BpfStatus bpf_status(std::uint8_t protocols) {
  CaptureOptions options;
  options.filter.protocols = protocols;
  options.slots = 16;
  tscope_bpf_config config = config_of(options);
  config.vantages = (1U << TSCOPE_VANTAGES) - 1;
  const Programs programs(config, Programs::Lacking::leave_out);
  BpfStatus status;
  status.vantages = vantages_of(programs.vantages());
  status.functions = programs.why_no_functions().empty();
  status.why_no_functions = programs.why_no_functions();
  status.clock = programs.uses_tsc() ? "tsc" : "monotonic";
  return status;
}

}  // namespace tscope
