// SPDX-License-Identifier: MIT
#include "file/byte_reader.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t buffer_bytes = 1 << 20;

}  // namespace

void ByteReader::Close::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

ByteReader::ByteReader(const std::string& path) : path_(path == "-" ? "standard input" : path) {
  file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rbe"));
  if (!file_) {
    throw Error(
        fmt::format("can't read {}: {}; name a pcapng or pcap file", path, std::strerror(errno)));
  }
  std::setvbuf(file_.get(), nullptr, _IOFBF, buffer_bytes);
  struct stat status {};
  if (fstat(fileno(file_.get()), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("can't read {}: it is a directory; name a pcapng or pcap file", path));
  }
}

std::size_t ByteReader::read(std::span<std::uint8_t> bytes) {
  const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file_.get());
  offset_ += count;
  if (count < bytes.size() && std::ferror(file_.get()) != 0) {
    throw Error(fmt::format("can't go on reading {}: {}; copy the file to a sound disk", path_,
                            std::strerror(errno)));
  }
  return count;
}

}  // namespace tscope
