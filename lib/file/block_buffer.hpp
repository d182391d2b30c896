// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "file/format.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {

/// Collects pcapng blocks and hands them to a descriptor in large writes.
class BlockBuffer {
 public:
  explicit BlockBuffer(std::string path);
  ~BlockBuffer();
  BlockBuffer(const BlockBuffer&) = delete;
  BlockBuffer& operator=(const BlockBuffer&) = delete;

  void begin_block(std::uint32_t type) {
    if (used_ + block_room > bytes_.size()) flush();
    block_ = used_;
    put(type);
    put(std::uint32_t{0});
  }

  void end_block() {
    const auto length = static_cast<std::uint32_t>(used_ + 4 - block_);
    put(length);
    std::memcpy(&bytes_[block_ + 4], &length, 4);
  }

  template <typename T>
  void put(const T& value) {
    std::memcpy(&bytes_[used_], &value, sizeof(value));
    used_ += sizeof(value);
  }

  void put_bytes(const void* data, std::size_t length) {
    std::memcpy(&bytes_[used_], data, length);
    used_ += length;
  }

  /// Zero bytes up to a multiple of four.
  void pad() {
    while (used_ % 4 != 0) bytes_[used_++] = 0;
  }

  template <typename T>
  void put_option(std::uint16_t code, const T& value) {
    put(code);
    put(static_cast<std::uint16_t>(sizeof(value)));
    put(value);
    pad();
  }

  void put_text_option(std::uint16_t code, std::string_view text);
  void end_options() { put(std::uint32_t{format::opt_end}); }

  /// Throws Error with what to do when the system takes no more; the file then ends with the last
  /// block that it took whole.
  void flush();
  bool failed() const { return failed_; }
  std::uint64_t bytes() const { return written_ + used_; }

 private:
  /// Bytes of the whole blocks among the first `count` bytes of the buffer.
  std::size_t whole_blocks(std::size_t count) const;

  // No block that we write is larger (texts are cut to fit).
  static constexpr std::size_t block_room = 1 << 16;

  std::string path_;
  Descriptor file_;  // none for standard output
  int fd_;
  std::vector<std::uint8_t> bytes_;
  std::size_t used_ = 0;
  std::size_t block_ = 0;
  std::uint64_t written_ = 0;
  bool failed_ = false;
};

}  // namespace tscope
