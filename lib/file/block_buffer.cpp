// SPDX-License-Identifier: MIT
#include "file/block_buffer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::size_t buffer_bytes = 1 << 17;
constexpr std::size_t text_max = 1 << 14;

Descriptor open_for_writing(const std::string& path) {
  if (path == "-") return {};
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) {
    throw Error(
        fmt::format("can't write {}: {}; name another file with -o", path, std::strerror(errno)));
  }
  return file;
}

std::string write_error(const std::string& path, int error) {
  const char* advice = error == ENOSPC || error == EDQUOT
                           ? "free some space or write elsewhere with -o"
                           : "write elsewhere with -o";
  return fmt::format("can't go on writing {}: {}; what it holds stays readable; {}", path,
                     std::strerror(error), advice);
}

}  // namespace

BlockBuffer::BlockBuffer(std::string path)
    : path_(std::move(path)),
      file_(open_for_writing(path_)),
      fd_(file_ ? file_.get() : STDOUT_FILENO),
      bytes_(buffer_bytes) {
}

BlockBuffer::~BlockBuffer() {
  try {
    if (!failed_) flush();
  } catch (const Error&) {
    failed_ = true;  // flush() is there for those who want to know
  }
}

void BlockBuffer::put_text_option(std::uint16_t code, std::string_view text) {
  text = text.substr(0, text_max);
  put(code);
  put(static_cast<std::uint16_t>(text.size()));
  put_bytes(text.data(), text.size());
  pad();
}

std::size_t BlockBuffer::whole_blocks(std::size_t count) const {
  std::size_t end = 0;
  while (end + 8 <= count) {
    std::uint32_t length = 0;
    std::memcpy(&length, &bytes_[end + 4], sizeof(length));
    if (end + length > count) break;
    end += length;
  }
  return end;
}

void BlockBuffer::flush() {
  std::size_t done = 0;
  while (done < used_) {
    const ssize_t count = write(fd_, &bytes_[done], used_ - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count == 0 ? EIO : errno;
      failed_ = true;
      used_ = 0;
      written_ += whole_blocks(done);
      // Half a block would make other programs complain; on a pipe there is no taking back.
      if (file_ && ftruncate(fd_, static_cast<off_t>(written_)) == 0) {
        lseek(fd_, static_cast<off_t>(written_), SEEK_SET);
      }
      throw Error(write_error(path_, error));
    }
    done += static_cast<std::size_t>(count);
  }
  written_ += used_;
  used_ = 0;
}

}  // namespace tscope
