// SPDX-License-Identifier: MIT
#include "file/other_formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace tscope {

namespace {

using namespace std::string_view_literals;

// {0} stands for the file's path.
constexpr std::string_view by_editcap = "convert it: editcap -F pcapng '{0}' '{0}.pcapng'";

struct Format {
  std::string_view magic, name, command = by_editcap;
};

// As Wireshark's wiretap and file(1) know them.
constexpr Format formats[] = {
    {"snoop\0\0\0"sv, "a snoop file (Solaris)"},
    {"\x34\xcd\xb2\xa1"sv, "a pcap file of a modified libpcap"},
    {"\xa1\xb2\xcd\x34"sv, "a pcap file of a modified libpcap"},
    {"\xab\x01\x00\x1c"sv, "a pcap file of IXIA"},
    {"\x1c\x00\x01\xab"sv, "a pcap file of IXIA"},
    {"\xac\x01\x00\x1c"sv, "a pcap file of IXIA"},
    {"\x1c\x00\x01\xac"sv, "a pcap file of IXIA"},
    {"RTSS"sv, "a Network Monitor file (Microsoft)"},
    {"GMBU"sv, "a Network Monitor file (Microsoft)"},
    {"TRSNIFF data"sv, "a Sniffer file"},
    {"XCP\0"sv, "a NetXRay or Sniffer file"},
    {"VL\0\0"sv, "a NetXRay file"},
    {"iptrace "sv, "an iptrace file (AIX)"},
    {"\x54\x52\x00\x64\x00"sv, "an nettl file (HP-UX)"},
    {"\x00\x00\x02\x00\x12\x05\x00\x10"sv, "a K12 file (Tektronix)"},
    {"\x05VNF"sv, "a Visual Networks file"},
    {"\x7fver"sv, "an OmniPeek file"},
    {"LOGG"sv, "a BLF file (Vector)"},
    {"ViSn"sv, "a Visual UpTime file"},
    {"\xaa\xaa\xaa\xaa"sv, "a 5View file"},
    {"BZh"sv, "compressed with bzip2", "unpack it: bunzip2 -k '{0}'"},
    {"\x1f\x9d"sv, "compressed with compress", "unpack it: gzip -dk '{0}'"},
    {"PK\x03\x04"sv, "a zip archive", "unpack it: unzip '{0}'"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive", "unpack it: 7z x '{0}'"},
    {"Rar!"sv, "a RAR archive", "unpack it: unrar x '{0}'"},
    {"LZIP"sv, "compressed with lzip", "unpack it: lzip -dk '{0}'"},
};

// No magic: a little-endian time, type, flags, lengths (Endace's "ERF types", section 1).
bool looks_like_erf(std::span<const std::uint8_t> head) {
  constexpr std::size_t header = 16;
  constexpr std::uint8_t last_type = 48;
  if (head.size() < header) return false;
  const int type = head[8] & 0x7f;
  const int record = head[10] << 8 | head[11], wire = head[14] << 8 | head[15];
  // Of a second after 2001, so that zeros are none.
  return type >= 1 && type <= last_type && record >= 16 && head[7] >= 0x3a && wire > 0 &&
         wire <= record + 65535 && (head[9] & 0x80) == 0;
}

bool looks_like_text(std::span<const std::uint8_t> head) {
  return !head.empty() && std::ranges::all_of(head, [](std::uint8_t byte) {
    return (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

}  // namespace

std::string why_not_read(std::span<const std::uint8_t> head, const std::string& path) {
  for (const Format& format : formats) {
    if (head.size() < format.magic.size() ||
        !std::equal(format.magic.begin(), format.magic.end(), head.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
      continue;
    }
    return fmt::format("{} is {}, which tscope does not read: {}", path, format.name,
                       fmt::format(fmt::runtime(format.command), path));
  }
  if (looks_like_erf(head)) {
    return fmt::format("{} looks like an ERF file (Endace), which tscope does not read: {}", path,
                       fmt::format(fmt::runtime(by_editcap), path));
  }
  if (looks_like_text(head)) {
    return fmt::format(
        "{} is text and neither pcapng nor pcap; name a file that tscope, tcpdump -w or Wireshark "
        "wrote",
        path);
  }
  return fmt::format(
      "{} is neither pcapng nor pcap; name a file that tscope, tcpdump or Wireshark wrote. If "
      "Wireshark opens it, {}",
      path, fmt::format(fmt::runtime(by_editcap), path));
}

}  // namespace tscope
