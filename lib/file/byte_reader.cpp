// SPDX-License-Identifier: MIT
#include "file/byte_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t buffer_bytes = 1 << 16;
constexpr std::size_t head_bytes = 64;  // tell what a file is compressed with

}  // namespace

ByteReader::ByteReader(const std::string& path)
    : path_(path == "-" ? "standard input" : path), bytes_(buffer_bytes) {
  const int fd = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw Error(
        fmt::format("can't read {}: {}; name a pcapng or pcap file", path, std::strerror(errno)));
  }
  fd_ = Descriptor(fd);
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("can't read {}: it is a directory; name a pcapng or pcap file", path));
  }
  // Only a hint, which a pipe does not take: the kernel reads farther ahead.
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  const auto compression = compression_of(peek(head_bytes));
  if (!compression) return;
  decompressor_ = make_decompressor(*compression, path_);
  compressed_ = std::exchange(bytes_, std::vector<std::uint8_t>(buffer_bytes));
  compressed_end_ = std::exchange(end_, 0);
}

// Brings what is left to the buffer's start, and as much behind it as takes no waiting: `count`
// bytes in all, unless the file ends before.
void ByteReader::fill(std::size_t count) {
  std::memmove(bytes_.data(), bytes_.data() + at_, end_ - at_);
  end_ -= std::exchange(at_, 0);
  if (bytes_.size() < count) bytes_.resize(count);
  while (end_ < count) {
    const auto rest = std::span(bytes_).subspan(end_);
    const std::size_t got = decompressor_ ? decompress(rest) : read_file(rest);
    if (got == 0) return;
    end_ += got;
  }
}

// Returns how many bytes were read; 0 at the end of the file.
std::size_t ByteReader::read_file(std::span<std::uint8_t> into) {
  while (!file_ended_) {
    const ssize_t got = ::read(fd_.get(), into.data(), into.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(fmt::format("can't go on reading {}: {}; copy the file to a sound disk", path_,
                              std::strerror(errno)));
    }
    file_ended_ = got == 0;
    return static_cast<std::size_t>(got);
  }
  return 0;
}

// Returns how many bytes were made; 0 at the end of the data.
std::size_t ByteReader::decompress(std::span<std::uint8_t> into) {
  while (true) {
    if (compressed_at_ == compressed_end_) {
      compressed_at_ = 0;
      compressed_end_ = read_file(compressed_);
      if (compressed_end_ == 0 && decompressor_->at_end()) return 0;
    }
    const auto rest = std::span(compressed_).first(compressed_end_).subspan(compressed_at_);
    const auto step = decompressor_->step(rest, into, file_ended_);
    compressed_at_ += step.taken;
    if (step.made > 0) return step.made;
    if (step.taken > 0) continue;
    // Nothing comes any more: the end is missing, or what follows is no more of this kind.
    if (file_ended_ || compressed_at_ < compressed_end_) {
      cut_off_ = !decompressor_->at_end();
      return 0;
    }
  }
}

}  // namespace tscope
