// SPDX-License-Identifier: MIT
#include "tscope/file/file_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "file/byte_reader.hpp"
#include "file/checked_source.hpp"
#include "file/other_formats.hpp"
#include "file/pcap_source.hpp"
#include "file/pcapng_source.hpp"
#include "file/rotated_source.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

/// What is left of a file that was cut within its first four bytes.
class EmptySource : public FileSource {
 public:
  Next next(Packet&) override { return Next::end; }
  const std::vector<Interface>& interfaces() const override { return interfaces_; }
  Loss loss() const override { return {.known = Loss::Known::none}; }
  ClockInfo clock() const override {
    ClockInfo info;
    info.source = "file";
    info.error_known = false;
    return info;
  }
  bool truncated() const override { return true; }
  const std::map<std::string, std::string>& facts() const override { return facts_; }

 private:
  std::vector<Interface> interfaces_;
  std::map<std::string, std::string> facts_;
};

bool begins_a_capture_file(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t magics[][4] = {{0x0a, 0x0d, 0x0d, 0x0a},
                                        {0xd4, 0xc3, 0xb2, 0xa1},
                                        {0xa1, 0xb2, 0xc3, 0xd4},
                                        {0x4d, 0x3c, 0xb2, 0xa1},
                                        {0xa1, 0xb2, 0x3c, 0x4d}};
  return std::ranges::any_of(magics, [&](const auto& magic) {
    return std::ranges::equal(bytes, std::span(magic).first(bytes.size()));
  });
}

}  // namespace

std::unique_ptr<FileSource> open_unchecked(const std::string& path) {
  ByteReader reader(path);
  const auto head = reader.peek(64);
  if (head.empty() && reader.cut_off()) return std::make_unique<EmptySource>();
  if (!head.empty() && !begins_a_capture_file(head.first(std::min<std::size_t>(4, head.size())))) {
    throw Error(why_not_read(head.first(std::min<std::size_t>(64, head.size())), reader.path()));
  }
  const auto magic = reader.take(4);
  if (magic.empty()) {
    throw Error(fmt::format(
        "{} is empty; a capture that ran leaves at least a header: capture again", reader.path()));
  }
  if (magic.size() < 4) return std::make_unique<EmptySource>();
  const std::array<std::uint8_t, 4> bytes{magic[0], magic[1], magic[2], magic[3]};
  if (PcapSource::is_magic(bytes)) return std::make_unique<PcapSource>(std::move(reader), bytes);
  return std::make_unique<PcapngSource>(std::move(reader));
}

std::unique_ptr<FileSource> open_file(const std::string& path) {
  return std::make_unique<CheckedSource>(open_unchecked(path));
}

std::unique_ptr<FileSource> open_rotated(const std::vector<std::string>& paths) {
  return std::make_unique<CheckedSource>(std::make_unique<RotatedSource>(paths));
}

}  // namespace tscope
