// SPDX-License-Identifier: MIT
#include "tscope/file/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "record/flow_filter.hpp"
#include "tscope/base/error.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/file/file_source.hpp"
#include "tscope/file/flow_list.hpp"
#include "tscope/record/headers.hpp"

namespace tscope {

namespace {

constexpr std::size_t flows_max = 65536;  // that are watched for showing twice
constexpr std::uint64_t progress_every = 1 << 16;

std::string names(const auto& vantages) {
  std::string text;
  for (const Vantage vantage : vantages) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", vantage_name(vantage));
  }
  return text;
}

bool is_transmit(Vantage vantage) {
  return !is_receive(vantage) && vantage != Vantage::session;
}

void check_vantages(const ConvertOptions& options) {
  for (const Vantage vantage : options.vantages) {
    if (vantage == Vantage::session || vantage == Vantage::tap) {
      throw UsageError(fmt::format("no packets stand at '{}'; name a layer, such as --at driver",
                                   vantage_name(vantage)));
    }
  }
  if (options.force) return;
  if (std::ranges::count_if(options.vantages, is_receive) > 1 ||
      std::ranges::count_if(options.vantages, is_transmit) > 1) {
    throw UsageError(
        fmt::format("{} show one packet several times; name one for each direction (such as --at "
                    "driver), or add "
                    "--force",
                    names(options.vantages)));
  }
}

void check_files(const std::string& input, const std::string& output) {
  if (input == "-") {
    throw UsageError("the input is read twice, standard input can't be; save it to a file first");
  }
  std::error_code ignored;
  if (output != "-" && std::filesystem::equivalent(input, output, ignored)) {
    throw UsageError(fmt::format("{} is the input; name another file with -o", output));
  }
}

/// Notices a flow's direction that stands at two places of a file (both ends of a loopback, a
/// bridge and its port): there, each packet shows twice although the vantage points differ in
/// direction.
class Doubles {
 public:
  void add(const Packet& packet) {
    if (found_ || flows_ >= flows_max) return;
    if (const auto tcp = decode_tcp(packet.record)) {
      add(packet, Protocol::tcp, tcp->flow);
    } else if (const auto datagram = decode_datagram(packet.record)) {
      add(packet, datagram->protocol, datagram->flow);
    }
  }

  void refuse(const std::string& input, const std::vector<Interface>& interfaces) const {
    if (!found_) return;
    const auto name = [&](const Place& place) {
      const Interface& interface = interfaces[place.interface];
      return fmt::format("{}/{}", interface.device, vantage_name(interface.vantage));
    };
    throw Error(
        fmt::format("{}: {} > {} shows at {} and at {}, so each of its packets twice; name one "
                    "with --at and -i, or "
                    "add --force",
                    input, found_->flow.src.to_string(), found_->flow.dst.to_string(),
                    name(found_->first), name(found_->second)));
  }

 private:
  struct Place {
    std::uint32_t interface;
    std::uint32_t netns;
    bool operator==(const Place&) const = default;
  };
  struct Found {
    Flow flow;
    Place first, second;
  };

  void add(const Packet& packet, Protocol protocol, const Flow& flow) {
    const Place place{packet.interface, packet.record.netns};
    const auto [known, added] = places_[protocol].try_emplace(flow, place);
    if (!added && known->second != place) found_ = {flow, known->second, place};
    flows_ += added ? 1 : 0;
  }

  std::map<Protocol, std::unordered_map<Flow, Place, FlowHash>> places_;
  std::size_t flows_ = 0;
  std::optional<Found> found_;
};

class Conversion {
 public:
  using Open = std::function<std::unique_ptr<FileSource>()>;

  Conversion(std::string input, Open open, const ConvertOptions& options)
      : input_(std::move(input)),
        open_(std::move(open)),
        options_(options),
        filter_(options.flow) {}

  /// First pass: throws if the result would be empty or misleading.
  void survey() {
    const auto source = open_();
    Packet packet;
    Doubles doubles;
    std::set<Vantage> seen;
    bool any = false, other_flows = false;
    TimeWindow window = options_.window;
    while (next(*source, packet)) {
      if (packet.record.kind == TSCOPE_PACKET) seen.insert(packet.vantage());
      if (!window.has(packet.time_ns) || !chosen(*source, packet)) continue;
      if (!of_flow(packet.record)) {
        other_flows = true;
        continue;
      }
      any = true;
      if (!options_.force) doubles.add(packet);
    }
    if (!any && other_flows) refuse_flow();
    if (!any) refuse_empty(seen, source->interfaces());
    doubles.refuse(input_, source->interfaces());
    link_type_ = source->link_type();
    facts_ = source->facts();
  }

  Converted write(const std::string& output) {
    const auto source = open_();
    CaptureFile file(output, link_type_, facts_);
    Packet packet;
    Converted result;
    std::uint64_t late = 0;
    std::int64_t last_ns = 0;
    TimeWindow window = options_.window;
    while (next(*source, packet)) {
      write_anchors(*source, file);
      if (!window.has(packet.time_ns) || !chosen(*source, packet) || !of_flow(packet.record)) {
        continue;
      }
      file.write(packet, source->interfaces()[packet.interface]);
      last_ns = std::max(last_ns, packet.time_ns);
      late += packet.late ? 1 : 0;
      result.packets++;
    }
    write_anchors(*source, file);
    // Counts that are not known, or not to the end, must not look as if they were.
    if (source->loss().known == Loss::Known::all) {
      file.write_statistics(loss_of_chosen(source->loss(), late), source->clock(), last_ns,
                            nics_of_chosen(*source));
    }
    file.write(check_of_chosen(*source));
    file.flush();
    result.truncated = source->truncated();
    return result;
  }

 private:
  bool next(FileSource& source, Packet& packet) {
    if (source.next(packet) != Source::Next::packet) return false;
    if (++read_ % progress_every == 0 && options_.progress) options_.progress(read_);
    return true;
  }

  bool chosen(const FileSource& source, const Packet& packet) const {
    const Interface& interface = source.interfaces()[packet.interface];
    return packet.record.kind == TSCOPE_PACKET && chosen(interface);
  }

  bool chosen(const Interface& interface) const {
    return std::ranges::find(options_.vantages, interface.vantage) != options_.vantages.end() &&
           (options_.device.empty() || options_.device == interface.device);
  }

  bool of_flow(const tscope_record& record) {
    if (!options_.flow) return true;
    const auto flow = flow_of(record);
    return flow && (filter_.keeps(*flow) || filter_.keeps(flow->reversed()));
  }

  [[noreturn]] void refuse_flow() const {
    const auto source = open_();
    throw Error(fmt::format("{} has no flow with '{}' there; the flows there are: {}", input_,
                            *options_.flow, flow_list(*source)));
  }

  static void write_anchors(FileSource& source, CaptureFile& file) {
    for (const Anchor& anchor : source.take_anchors()) file.write(anchor, source.tsc_khz());
    for (const NicReading& reading : source.take_nic_readings()) file.write(reading);
  }

  std::vector<NicStamps> nics_of_chosen(const FileSource& source) const {
    std::vector<NicStamps> nics = source.nic_stamps();
    std::erase_if(nics, [&](const NicStamps& stamps) { return !chosen(stamps.interface); });
    return nics;
  }

  CounterCheck check_of_chosen(const FileSource& source) const {
    CounterCheck check = source.counter_check();
    std::erase_if(check.interfaces,
                  [&](const InterfaceCheck& one) { return !chosen(one.interface); });
    if (check.interfaces.empty()) check.state = CounterCheck::State::not_applicable;
    return check;
  }

  // The loss of other vantage points is not this file's.
  Loss loss_of_chosen(const Loss& loss, std::uint64_t late) const {
    Loss result;
    for (const Vantage vantage : options_.vantages) {
      const auto index = static_cast<std::size_t>(vantage);
      result.dropped[index] = loss.dropped[index];
    }
    result.missed = loss.missed;
    result.invalid = loss.invalid;
    result.late = late;
    return result;
  }

  // The devices that have packets at the vantage points asked for: "eth0, lo".
  std::string devices_asked(const std::vector<Interface>& interfaces) const {
    std::set<std::string> devices;
    for (const Interface& interface : interfaces) {
      if (std::ranges::count(options_.vantages, interface.vantage) > 0) {
        devices.insert(interface.device);
      }
    }
    std::string text;
    for (const std::string& device : devices) text += (text.empty() ? "" : ", ") + device;
    return text;
  }

  [[noreturn]] void refuse_empty(const std::set<Vantage>& seen,
                                 const std::vector<Interface>& interfaces) const {
    const std::string asked =
        names(options_.vantages) + (options_.device.empty() ? "" : " of " + options_.device);
    if (seen.empty()) {
      throw Error(
          fmt::format("{} has no packet at {}: it has no packet of TCP, UDP or ICMP echo at all",
                      input_, asked));
    }
    if (seen.contains(Vantage::tap)) {
      throw Error(
          fmt::format("{} was not captured by tscope: it has one vantage point only, there is "
                      "nothing to take out",
                      input_));
    }
    const std::string devices = devices_asked(interfaces);
    const bool other_device = !options_.device.empty() && !devices.empty();
    throw Error(fmt::format("{} has no packet at {}; name one of: {}", input_, asked,
                            other_device ? devices : names(seen)));
  }

  std::string input_;  // as messages name it
  Open open_;
  const ConvertOptions& options_;
  FlowFilter filter_;
  LinkType link_type_ = LinkType::raw_ip;
  std::map<std::string, std::string> facts_;
  std::uint64_t read_ = 0;
};

Converted run(Conversion conversion, const std::string& output) {
  conversion.survey();
  std::error_code ignored;
  const bool was_there = output == "-" || std::filesystem::exists(output, ignored);
  try {
    return conversion.write(output);
  } catch (...) {
    // Half a result must not look like one. What was there before may be a device.
    if (!was_there || std::filesystem::is_regular_file(output, ignored)) {
      std::filesystem::remove(output, ignored);
    }
    throw;
  }
}

}  // namespace

Converted convert(const std::string& input, const std::string& output,
                  const ConvertOptions& options) {
  check_vantages(options);
  check_files(input, output);
  return run(Conversion(
                 input, [&] { return open_file(input); }, options),
             output);
}

Converted convert_rotated(const std::vector<std::string>& inputs, const std::string& output,
                          const ConvertOptions& options) {
  check_vantages(options);
  for (const std::string& input : inputs) check_files(input, output);
  if (inputs.empty()) throw UsageError("no file to read; name the files of the capture");
  const std::string name = inputs.size() == 1
                               ? inputs.front()
                               : fmt::format("{} and {} more", inputs.front(), inputs.size() - 1);
  return run(Conversion(
                 name, [&] { return open_rotated(inputs); }, options),
             output);
}

}  // namespace tscope
