// SPDX-License-Identifier: MIT
#include "capture_run.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "signals.hpp"
#include "tscope/base/error.hpp"
#include "tscope/base/units.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/live/nic_devices.hpp"
#include "tscope/record/protocol_names.hpp"
#include "tscope/report/capture.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using tscope::Source;

constexpr std::uint64_t packets_between_looks = 1024;

bool is_ethernet(int socket, const std::string& device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  if (ioctl(socket, SIOCGIFHWADDR, &request) < 0) return false;
  // Linux gives loopback frames an Ethernet header too.
  return request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
         request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
}

bool is_up(int socket, const std::string& device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  return ioctl(socket, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

// Ethernet if every device concerned is; a file has one link type (docs/file-format.md). Devices
// that are down, such as the fallback devices of loaded tunnel modules, carry nothing.
tscope::LinkType link_type(const std::string& device, bool all_netns) {
  const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool ethernet = !all_netns;
  if (!device.empty()) {
    ethernet = is_ethernet(probe, device);
  } else if (auto* list = if_nameindex()) {
    for (auto* entry = list; entry->if_index != 0; entry++) {
      ethernet = ethernet && (is_ethernet(probe, entry->if_name) || !is_up(probe, entry->if_name));
    }
    if_freenameindex(list);
  }
  close(probe);
  return ethernet ? tscope::LinkType::ethernet : tscope::LinkType::raw_ip;
}

std::string describe(const CaptureRun& run) {
  const auto& filter = run.source.filter;
  std::string text;
  for (const auto& [protocol, name] : tscope::protocol_names) {
    if ((filter.protocols & static_cast<unsigned>(protocol)) == 0) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ",", name);
  }
  if (filter.port != 0) {
    text += fmt::format("{} port {}",
                        filter.port_side == TSCOPE_PORT_SOURCE        ? " src"
                        : filter.port_side == TSCOPE_PORT_DESTINATION ? " dst"
                                                                      : "",
                        filter.port);
  }
  if (!filter.address.empty()) text += fmt::format(" and net {}", filter.address);
  if (!filter.device.empty()) text += fmt::format(" on {}", filter.device);
  return text;
}

std::string vantage_list(const CaptureRun& run) {
  std::string text;
  for (const tscope::Vantage vantage : run.source.vantages) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", tscope::vantage_name(vantage));
  }
  return text;
}

bool of_device(const tscope::NicDevice& nic, const std::string& device) {
  return device.empty() || device == nic.name;
}

// Switching it on would change what every other program on this machine sees: that is the user's.
void warn_of_idle_nics(const tscope::CaptureOptions& options) {
  const auto asks = [&](tscope::Vantage vantage) {
    return std::ranges::find(options.vantages, vantage) != options.vantages.end();
  };
  const bool rx = asks(tscope::Vantage::hw_rx), tx = asks(tscope::Vantage::hw_tx);
  if (!rx && !tx) return;
  for (const tscope::NicDevice& nic : tscope::nic_devices()) {
    const bool off = (rx && nic.rx_on == false) || (tx && nic.tx_on == false);
    if (!off || !of_device(nic, options.filter.device)) continue;
    fmt::print(stderr, "tscope: warning: {} does not stamp now; to let it: {}\n", nic.name,
               tscope::nic_switch_on(nic));
  }
}

class Capture {
 public:
  Capture(const CaptureRun& run, const std::atomic<bool>& asked_to_end)
      : run_(run),
        asked_to_end_(asked_to_end),
        source_(open_engine(run_.engine, run_.source, run_.vantages_given)),
        file_(run_.output, link_type(run_.source.filter.device, run_.source.all_netns), facts()) {
    summary_.file = run.output;
    summary_.asked = run_.source.vantages;
    summary_.protocols_asked = run_.source.filter.protocols;
  }

  void begin() {
    write_anchors();
    file_.flush();
    fmt::print(stderr, "tscope: capturing {} at {} by {} into {}{}\n", describe(run_),
               vantage_list(run_), engine_text(source_->facts()),
               run_.output == "-" ? "standard output" : run_.output, ends());
    warn_of_idle_nics(run_.source);
  }

  void to_its_end() {
    tscope::Packet packet;
    while (true) {
      const Source::Next next = source_->next(packet);
      if (next == Source::Next::end) break;
      if (next == Source::Next::packet) {
        if (run_.count != 0 && summary_.records == run_.count) continue;
        file_.write(packet, source_->interfaces()[packet.interface]);
        summary_.add(packet);
        if (run_.count != 0 && summary_.records == run_.count) stop();
        if (summary_.records % packets_between_looks != 0) continue;
      }
      look_around();
    }
    finish();
  }

  /// After a failed write. No summary: it would count what never reached the file.
  void give_up() {
    source_->stop();
    end_progress();
  }

 private:
  std::map<std::string, std::string> facts() const {
    auto facts = source_->facts();
    facts["filter"] = describe(run_);
    facts["vantage_points"] = vantage_list(run_);
    return facts;
  }

  std::string ends() const {
    if (run_.duration) {
      return fmt::format(" for {}", tscope::format_duration(run_.duration->count()));
    }
    return run_.count != 0 ? fmt::format(" until {} records", run_.count) : ", ^C ends it";
  }

  void stop() {
    // Taking the hooks off again, up to a second, is no part of the capture.
    if (!ended_) ended_ = Clock::now();
    source_->stop();
  }

  void look_around() {
    const auto now = Clock::now();
    if (asked_to_end_ || (run_.duration && now - begun_ >= *run_.duration)) stop();
    if (now - looked_ < std::chrono::seconds(1)) return;
    write_anchors();
    write_statistics();
    file_.flush();
    show_progress(now);
    looked_ = now;
  }

  void write_anchors() {
    for (const tscope::Anchor& anchor : source_->take_anchors()) {
      file_.write(anchor, source_->clock_khz());
    }
    for (const tscope::NicReading& reading : source_->take_nic_readings()) file_.write(reading);
  }

  void write_statistics() {
    file_.write_statistics(source_->loss(), source_->clock(), source_->watermark_ns(),
                           source_->nic_stamps());
  }

  void show_progress(Clock::time_point now) {
    if (!terminal_) return;
    const double seconds = std::chrono::duration<double>(now - looked_).count();
    const auto loss = source_->loss();
    fmt::print(stderr, "\r{:6.0f} s {:>12} records {:>9.0f}/s  lost {}  late {}  {}   ",
               std::chrono::duration<double>(now - begun_).count(), summary_.records,
               static_cast<double>(summary_.records - shown_) / seconds, loss.lost(), loss.late,
               tscope::format_bytes(file_.bytes()));
    shown_ = summary_.records;
    progress_shown_ = true;
  }

  void end_progress() {
    if (progress_shown_) fmt::print(stderr, "\n");
  }

  void note_loss() {
    summary_.loss = source_->loss();
    summary_.clock = source_->clock();
    summary_.nics = source_->nic_stamps();
    summary_.netns_gone = source_->netns_gone();
    summary_.duration = ended_.value_or(Clock::now()) - begun_;
    summary_.bytes = file_.bytes();
  }

  void finish() {
    write_anchors();
    write_statistics();
    file_.flush();
    end_progress();
    note_loss();
    if (summary_.netns_gone) {
      fmt::print(stderr,
                 "tscope: warning: the network namespace went away, so the capture ended; what it "
                 "sent until then is saved\n");
    }
    if (run_.json) {
      fmt::print("{}\n", tscope::capture_json(summary_));
    } else {
      fmt::print(stderr, "{}", tscope::capture_text(summary_));
    }
  }

  CaptureRun run_;
  const std::atomic<bool>& asked_to_end_;
  std::unique_ptr<tscope::LiveSource> source_;
  tscope::CaptureFile file_;
  tscope::CaptureSummary summary_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point looked_ = begun_;
  std::optional<Clock::time_point> ended_;
  std::uint64_t shown_ = 0;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool progress_shown_ = false;
};

}  // namespace

void run_capture(const CaptureRun& run) {
  const std::atomic<bool>& asked_to_end = catch_signals();
  outlive_closed_pipes();
  Capture capture(run, asked_to_end);
  try {
    capture.begin();
    capture.to_its_end();
  } catch (const tscope::Error&) {
    capture.give_up();
    throw;
  }
}
