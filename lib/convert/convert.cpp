// SPDX-License-Identifier: MIT
#include "tscope/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tscope/capture_file.hpp"
#include "tscope/error.hpp"
#include "tscope/file_source.hpp"

namespace tscope {

namespace {

void refuse_doubles(const std::vector<Vantage>& vantages) {
  const auto incoming = std::ranges::count_if(vantages, is_receive);
  const auto outgoing = std::ranges::count_if(
      vantages, [](Vantage v) { return !is_receive(v) && v != Vantage::session && v != Vantage::tap; });
  if (incoming > 1 || outgoing > 1) {
    throw UsageError(
        "these vantage points show one packet several times; name one for each direction (such as "
        "--at driver), or add --force");
  }
}

std::string names(const std::set<Vantage>& vantages) {
  std::string text;
  for (const Vantage vantage : vantages) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", vantage_name(vantage));
  }
  return text.empty() ? "none" : text;
}

// Loss of the chosen vantage points only; the rest is not this file's.
Loss loss_at(const Loss& loss, const std::vector<Vantage>& vantages) {
  Loss result;
  for (const Vantage vantage : vantages) {
    const auto index = static_cast<std::size_t>(vantage);
    if (index < result.dropped.size()) result.dropped[index] = loss.dropped[index];
  }
  result.missed = loss.missed;
  result.invalid = loss.invalid;
  return result;
}

}  // namespace

Converted convert(const std::string& input, const std::string& output,
                  const std::vector<Vantage>& vantages, bool force) {
  if (!force) refuse_doubles(vantages);
  const auto source = open_file(input);
  std::unique_ptr<CaptureFile> file;
  std::set<Vantage> seen;
  Converted result;
  Packet packet;
  std::uint64_t late = 0;
  while (source->next(packet) == Source::Next::packet) {
    const Interface& interface = source->interfaces()[packet.interface];
    seen.insert(interface.vantage);
    if (std::ranges::find(vantages, interface.vantage) == vantages.end()) continue;
    if (!file) {
      file = std::make_unique<CaptureFile>(
          output, packet.record.link_len != 0 ? LinkType::ethernet : LinkType::raw_ip,
          source->facts());
    }
    file->write(packet, interface);
    late += packet.late;
    result.packets++;
  }
  result.truncated = source->truncated();
  if (!file) {
    throw Error(fmt::format("{} has no packet at this vantage point; it has: {}", input, names(seen)));
  }
  Loss loss = loss_at(source->loss(), vantages);
  loss.late = late;
  file->write_statistics(loss, source->clock(), packet.time_ns);
  file->flush();
  return result;
}

}  // namespace tscope
