// SPDX-License-Identifier: MIT
#include "file/byte_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t buffer_bytes = 1 << 18;

}  // namespace

ByteReader::ByteReader(const std::string& path)
    : path_(path == "-" ? "standard input" : path), raw_(buffer_bytes) {
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
  const auto head = peek_raw();
  const auto compression = compression_of(head);
  if (!compression) return;
  decompressor_ = make_decompressor(*compression, path_);
  plain_.resize(buffer_bytes);
}

std::span<const std::uint8_t> ByteReader::peek_raw() {
  while (raw_end_ < peek_max && read_raw()) {
  }
  return std::span(raw_).first(raw_end_);
}

// Adds to what is in the buffer; false at the end of the file.
bool ByteReader::read_raw() {
  if (raw_at_ == raw_end_) raw_at_ = raw_end_ = 0;
  while (!raw_ended_) {
    const ssize_t got = ::read(fd_.get(), &raw_[raw_end_], raw_.size() - raw_end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(fmt::format("can't go on reading {}: {}; copy the file to a sound disk", path_,
                              std::strerror(errno)));
    }
    raw_ended_ = got == 0;
    raw_end_ += static_cast<std::size_t>(got);
    return got > 0;
  }
  return false;
}

std::span<const std::uint8_t> ByteReader::peek() {
  if (!decompressor_) return std::span(raw_).subspan(raw_at_, raw_end_ - raw_at_);
  if (plain_at_ == plain_end_) decompress();
  return std::span(plain_).subspan(plain_at_, plain_end_ - plain_at_);
}

// Fills the buffer of decompressed bytes; leaves it empty at the end.
void ByteReader::decompress() {
  plain_at_ = plain_end_ = 0;
  while (plain_end_ == 0) {
    if (raw_at_ == raw_end_ && !read_raw() && decompressor_->at_end()) return;
    const auto step = decompressor_->step(std::span(raw_).subspan(raw_at_, raw_end_ - raw_at_),
                                          plain_, raw_ended_);
    raw_at_ += step.taken;
    plain_end_ = step.made;
    if (step.made > 0 || step.taken > 0) continue;
    // Nothing comes any more: the end is missing, or what follows is no more of this kind.
    if (raw_ended_ || raw_at_ < raw_end_) {
      cut_off_ = !decompressor_->at_end();
      return;
    }
  }
}

std::size_t ByteReader::read_more(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    std::size_t& at = decompressor_ ? plain_at_ : raw_at_;
    const std::size_t& end = decompressor_ ? plain_end_ : raw_end_;
    if (at == end) {
      if (decompressor_) {
        decompress();
      } else {
        read_raw();
      }
      if (at == end) break;
    }
    const std::size_t count = std::min(bytes.size() - done, end - at);
    std::memcpy(&bytes[done], decompressor_ ? &plain_[at] : &raw_[at], count);
    at += count;
    done += count;
  }
  offset_ += done;
  return done;
}

}  // namespace tscope
