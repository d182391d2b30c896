// SPDX-License-Identifier: MIT
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

#include "bpf_source/programs.hpp"
#include "live/filter.hpp"
#include "live/live_session.hpp"
#include "tscope/bpf_source.hpp"
#include "tscope/error.hpp"
#include "tscope/tsc.hpp"

namespace tscope {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t slots_max = 1U << 20;
constexpr std::uint32_t ns_khz = 1'000'000;
constexpr milliseconds nap{5};  // nothing wakes us: a full ring lasts far longer

std::uint64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// A mapped array of a BPF object.
class MappedArray {
 public:
  MappedArray(int fd, std::size_t bytes, bool writable)
      : bytes_(whole_pages(bytes)),
        data_(mmap(nullptr, bytes_, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0)) {
    if (data_ == MAP_FAILED) {
      throw Error(
          fmt::format("can't map the rings: {}; ask for fewer --ring-slots", std::strerror(errno)));
    }
  }
  ~MappedArray() { munmap(data_, bytes_); }
  MappedArray(const MappedArray&) = delete;
  MappedArray& operator=(const MappedArray&) = delete;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  static std::size_t whole_pages(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
  }

  std::size_t bytes_;
  void* data_;
};

tscope_bpf_config config_of(const CaptureOptions& options) {
  tscope_bpf_config config{};
  config.cpus = static_cast<std::uint32_t>(libbpf_num_possible_cpus());
  config.vantages = vantage_bits(options.vantages);
  config.slots = ring_slots(options.slots, config.cpus, slots_max);
  config.shift = static_cast<std::uint32_t>(std::countr_zero(config.slots));
  config.netns = options.all_netns ? 0 : own_netns();
  config.filter = kernel_filter(options.filter);
  return config;
}

// Against the kernel's own clock, for 20 ms: good to some parts in 10^5, and anchors tell better
// later on.
std::uint32_t measured_tsc_khz() {
  const std::uint64_t from_ns = read_clock(CLOCK_MONOTONIC_RAW), from = read_tsc();
  std::this_thread::sleep_for(milliseconds(20));
  const std::uint64_t to_ns = read_clock(CLOCK_MONOTONIC_RAW), to = read_tsc();
  return static_cast<std::uint32_t>((to - from) * 1'000'000 / (to_ns - from_ns));
}

class BpfEngine final : public Engine {
 public:
  explicit BpfEngine(const CaptureOptions& options)
      : config_(config_of(options)),
        programs_(config_),
        records_(programs_.records_fd(),
                 std::size_t{config_.cpus} * config_.slots * sizeof(tscope_record), false),
        infos_(programs_.rings_fd(), config_.cpus * sizeof(tscope_ring_info), false),
        tails_(programs_.tails_fd(), config_.cpus * sizeof(tscope_bpf_tail), true),
        clock_khz_(programs_.uses_tsc() ? measured_tsc_khz() : ns_khz) {
    const std::uint32_t lacking = config_.vantages & ~programs_.vantages();
    if (lacking == 0) return;
    throw Error(
        fmt::format("BPF programs can't stamp at {} here{}{}; choose others with --at, or "
                    "use --engine kmod",
                    vantage_list(lacking), programs_.why_no_functions().empty() ? "" : ": ",
                    programs_.why_no_functions()));
  }

  std::vector<Ring> rings() override {
    std::vector<Ring> rings;
    for (std::uint32_t cpu = 0; cpu < config_.cpus; cpu++) {
      rings.emplace_back(&infos_.as<tscope_ring_info>()[cpu],
                         reinterpret_cast<std::uint64_t*>(&tails_.as<tscope_bpf_tail>()[cpu].tail),
                         records_.as<tscope_record>() + std::size_t{cpu} * config_.slots,
                         config_.slots, cpu);
    }
    return rings;
  }

  void start() override { programs_.attach(); }
  void stop() override { programs_.detach(); }

  bool wait(milliseconds limit) override {
    std::this_thread::sleep_for(std::min(limit, nap));
    return true;
  }

  std::string clock_name() const override { return programs_.uses_tsc() ? "tsc" : "monotonic"; }
  std::uint32_t clock_khz() const override { return clock_khz_; }

  std::uint64_t now() const override {
    return programs_.uses_tsc() ? read_tsc() : read_clock(CLOCK_MONOTONIC);
  }

  Anchor anchor() const override {
    Anchor anchor{};
    const std::uint64_t before = now();
    anchor.monotonic_raw_ns = read_clock(CLOCK_MONOTONIC_RAW);
    anchor.realtime_ns = read_clock(CLOCK_REALTIME);
    anchor.width = now() - before;
    anchor.tsc = before + anchor.width / 2;
    return anchor;
  }

  std::uint64_t missed() const override { return programs_.missed(); }

  std::map<std::string, std::string> facts() const override {
    return {{"engine", "bpf"},
            {"clock_khz", std::to_string(clock_khz_)},
            {"ring_slots", std::to_string(config_.slots)}};
  }

 private:
  tscope_bpf_config config_;
  Programs programs_;
  MappedArray records_, infos_, tails_;
  std::uint32_t clock_khz_;
};

}  // namespace

std::unique_ptr<LiveSource> open_bpf(const CaptureOptions& options) {
  return open_live(std::make_unique<BpfEngine>(options), options);
}

BpfStatus bpf_status(std::uint8_t protocols) {
  CaptureOptions options;
  options.filter.protocols = protocols;
  options.slots = 16;
  tscope_bpf_config config = config_of(options);
  config.vantages = (1U << TSCOPE_VANTAGES) - 1;
  const Programs programs(config);
  BpfStatus status;
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    if ((programs.vantages() & 1U << i) != 0) status.vantages.push_back(static_cast<Vantage>(i));
  }
  status.functions = programs.why_no_functions().empty();
  status.why_no_functions = programs.why_no_functions();
  status.clock = programs.uses_tsc() ? "tsc" : "monotonic";
  return status;
}

}  // namespace tscope
