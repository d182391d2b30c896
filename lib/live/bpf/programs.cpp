// SPDX-License-Identifier: MIT
#include "live/bpf/programs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "live/bpf/kernel_types.hpp"
#include "live/bpf/trials.hpp"
#include "live/filter.hpp"
#include "live/live_session.hpp"
#include "live/places.hpp"
#include "tscope.skel.h"
#include "tscope/base/error.hpp"
#include "tscope/live/bpf_source.hpp"
#include "tscope/record/protocol_names.hpp"
#include "tscope_elder.skel.h"

namespace tscope {

namespace {

// Compare-and-exchange in programs.
constexpr std::pair oldest_kernel{5U, 12U};

bool serves(const HookPlace& place, std::uint32_t vantages) {
  return (vantages & place.serves()) != 0;
}

constexpr std::uint32_t bit(const HookPlace& place) {
  return TSCOPE_VANTAGE_BIT(place.vantage_number());
}

// Vantage points, bits, of each protocol by itself.
struct ServedVantages {
  std::array<std::uint32_t, std::bit_width(unsigned{TSCOPE_PROTO_ALL})> by_protocol{};

  void add(const HookPlace& place) {
    for (std::size_t i = 0; i < by_protocol.size(); i++) {
      if ((place.protocols & 1U << i) != 0) by_protocol[i] |= bit(place);
    }
  }
  // Those that at least one of the protocols can have.
  std::uint32_t of(std::uint8_t protocols) const {
    std::uint32_t vantages = 0;
    for (std::size_t i = 0; i < by_protocol.size(); i++) {
      if ((protocols & 1U << i) != 0) vantages |= by_protocol[i];
    }
    return vantages;
  }
  ServedVantages without(const ServedVantages& lacking) const {
    ServedVantages result = *this;
    for (std::size_t i = 0; i < by_protocol.size(); i++) {
      result.by_protocol[i] &= ~lacking.by_protocol[i];
    }
    return result;
  }
};

// Vantage points, bits, that packets of a protocol pass on some kernel.
std::uint32_t passed_by(std::uint8_t protocol) {
  std::uint32_t vantages = 0;
  for (const HookPlace& place : places) {
    if ((place.protocols & protocol) != 0) vantages |= bit(place);
  }
  return vantages;
}

// libbpf's own first words on a failure, for an error that we can't name better.
std::string first_words;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

__attribute__((format(printf, 2, 0))) int keep_words(libbpf_print_level level, const char* format,
                                                     va_list arguments) {
  if (level != LIBBPF_WARN || !first_words.empty()) return 0;
  std::array<char, 512> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  first_words = line.data();
  first_words.resize(std::min(first_words.size(), first_words.find('\n')));
  return length;
}

std::string refusal(int error) {
  if (error == EPERM) {
    return "no permission for BPF programs: run it as root, or with CAP_BPF, CAP_PERFMON and "
           "CAP_NET_ADMIN";
  }
  if (error == ENOMEM) return "no memory for the rings; ask for fewer with --ring-slots";
  utsname system{};
  uname(&system);
  unsigned major = 0, minor = 0;
  if (error == ENOSYS || (std::sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
                          std::pair(major, minor) < oldest_kernel)) {
    return fmt::format(
        "this kernel ({}) is too old for the BPF programs or built without CONFIG_BPF_SYSCALL: "
        "use Linux {}.{} or later, or --engine kmod",
        system.release, oldest_kernel.first, oldest_kernel.second);
  }
  return fmt::format("the kernel refuses the BPF programs ({}): {}; use --engine kmod",
                     std::strerror(error), first_words);
}

// The elder is for kernels before 5.16, which refuse a program that names a function they lack.
bpf_object* open_object(bool elder) {
  std::size_t size = 0;
  const void* bytes = elder ? tscope_elder_bpf__elf_bytes(&size) : tscope_bpf__elf_bytes(&size);
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.object_name = "tscope_bpf";
  return bpf_object__open_mem(bytes, size, &options);
}

std::string refusal_of_functions(int error) {
  return fmt::format("this machine refuses BPF programs at the entry of functions ({})",
                     std::strerror(error));
}

}  // namespace

void Programs::Deleter::operator()(bpf_object* object) const {
  bpf_object__close(object);
}

void Programs::Deleter::operator()(bpf_link* link) const {
  bpf_link__destroy(link);
}

Programs::Programs(const tscope_bpf_config& config, Lacking lacking) : config_(config) {
  libbpf_set_print(keep_words);
  first_words.clear();
  choose(true);
  if (lacking == Lacking::refuse) refuse_lacking();
  int error = load();
  if (error != 0 && error != ENOMEM && why_no_functions_.empty()) {
    why_no_functions_ = refusal_of_functions(error);
    choose(false);
    if (lacking == Lacking::refuse) refuse_lacking();
    error = load();
  }
  if (error != 0) throw Error(refusal(error));
}

Programs::~Programs() = default;

// Opens anew and marks what is to be loaded.
void Programs::choose(bool with_functions) {
  const Btf types = kernel_types();
  config_.tsc = module_has_kfunc(types.get()) ? 1 : 0;
  config_.casts = has_casts(types.get()) ? 1 : 0;
  config_.guards = has_preemption_guards(types.get()) ? 1 : 0;
  config_.pages = may_read_pages(types.get()) ? 1 : 0;
  object_.reset(open_object(config_.tsc == 0 && config_.casts == 0));
  if (object_ == nullptr) throw Error(refusal(errno));
  // The only constant.
  bpf_map__set_initial_value(map(".rodata"), &config_, sizeof(config_));
  bpf_map__set_max_entries(map("records"), config_.cpus * config_.slots);
  bpf_map__set_max_entries(map("rings"), config_.cpus);
  bpf_map__set_max_entries(map("tails"), config_.cpus);

  const std::uint8_t protocols = protocols_asked(config_.filter);
  const auto is_asked = [&](const HookPlace& place) {
    return serves(place, config_.vantages) && (place.protocols & protocols) != 0;
  };
  if (with_functions) {
    const auto* const function = std::ranges::find_if(places, [&](const HookPlace& place) {
      return place.is_function() && is_asked(place) && has_place(types.get(), place);
    });
    if (function != places.end() && !may_be_at(types.get(), *function)) {
      const int error = errno;
      if (!may_be_at(types.get(), places.front())) throw Error(refusal(error));
      why_no_functions_ = refusal_of_functions(error);
      with_functions = false;
    }
  }
  ServedVantages served, lacking;
  for (const HookPlace& place : places) {
    const bool asked = is_asked(place);
    const bool there = (with_functions || !place.is_function()) && has_place(types.get(), place);
    const bool needed =
        place.need != TSCOPE_SECOND_CHOICE || (served.of(place.protocols) & bit(place)) == 0;
    bpf_program__set_autoload(program(place.id), asked && there && needed);
    if (there && place.need != TSCOPE_OPTIONAL && place.need != TSCOPE_COUNTER) served.add(place);
    if (!there && place.need == TSCOPE_REQUIRED) lacking.add(place);
  }
  const ServedVantages can = served.without(lacking);
  available_ = can.of(protocols);
  vantages_ = config_.vantages & available_;
  warnings_.clear();
  for (const auto& [protocol, name] : protocol_names) {
    const auto bits = static_cast<std::uint8_t>(protocol);
    if ((protocols & bits) == 0) continue;
    const std::uint32_t silent = vantages_ & passed_by(bits) & ~can.of(bits);
    if (silent == 0) continue;
    warnings_.push_back(fmt::format(
        "no record of {} at {}: {}", name, vantage_list(silent),
        why_no_functions_.empty() ? "this kernel has no place for it" : why_no_functions_));
  }
  for (const HookPlace& place : places) {
    if (serves(place, vantages_)) continue;
    bpf_program__set_autoload(program(place.id), false);
  }
  // One place with two programs.
  const bool nonblock = recvmsg_has_nonblock(types.get());
  const bool recvmsg = bpf_program__autoload(program("tcp_recvmsg"));
  bpf_program__set_autoload(program("tcp_recvmsg"), recvmsg && !nonblock);
  bpf_program__set_autoload(program("tcp_recvmsg_nonblock"), recvmsg && nonblock);
}

bpf_program* Programs::program(const char* name) const {
  return bpf_object__find_program_by_name(object_.get(), name);
}

bpf_map* Programs::map(const char* name) const {
  return bpf_object__find_map_by_name(object_.get(), name);
}

void Programs::refuse_lacking() const {
  const std::uint32_t lacking = config_.vantages & ~vantages_;
  if (lacking == 0) return;
  const std::uint32_t left = vantages_ != 0 ? vantages_ : available_;
  throw LackingVantage(
      fmt::format("BPF programs can't stamp at {} here{}{}", vantage_list(lacking),
                  why_no_functions_.empty() ? "" : ": ", why_no_functions_),
      fmt::format("{}, or use --engine kmod",
                  left == 0 ? "give other protocols"
                            : fmt::format("here works --at {}", vantage_list(left, ","))));
}

int Programs::load() {
  if (bpf_object__load(object_.get()) != 0) return errno;
  try {
    grace_period_.emplace();
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

void Programs::attach() {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    if (!bpf_program__autoload(program)) continue;
    links_.emplace_back(bpf_program__attach(program));
    if (links_.back() != nullptr) continue;
    throw Error(fmt::format("can't attach the BPF programs ({}): {}; see tscope doctor",
                            std::strerror(errno), first_words));
  }
}

void Programs::detach() {
  grace_period_->wait();
  links_.clear();
}

int Programs::records_fd() const {
  return bpf_map__fd(map("records"));
}

int Programs::rings_fd() const {
  return bpf_map__fd(map("rings"));
}

int Programs::tails_fd() const {
  return bpf_map__fd(map("tails"));
}

std::uint64_t Programs::nested() const {
  std::uint64_t sum = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    const int fd = bpf_program__fd(program);
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) sum += info.recursion_misses;
  }
  return sum;
}

}  // namespace tscope
