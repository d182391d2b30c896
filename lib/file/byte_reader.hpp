// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "file/decompressor.hpp"
#include "tscope/base/descriptor.hpp"

namespace tscope {

/// Reads a file or a pipe from front to back and knows where it is. What is compressed with gzip,
/// zstd, xz or lz4 is decompressed on the way. Bytes are read into one small buffer, which stays in
/// the CPU's cache, and are used where they lie. Pages are not mapped: a file that shrinks while it
/// is read ends there.
class ByteReader {
 public:
  /// "-" is standard input. Throws Error if the file can't be opened.
  explicit ByteReader(const std::string& path);

  /// Takes the next `count` bytes, fewer only at the end of the file. They stay where they were
  /// read, until the next call.
  std::span<const std::uint8_t> take(std::size_t count) {
    if (end_ - at_ < count) fill(count);
    const auto taken = std::span(bytes_).subspan(at_, std::min(count, end_ - at_));
    at_ += taken.size();
    offset_ += taken.size();
    return taken;
  }
  /// Returns the next bytes without taking them: `least`, if the file has so many, or more.
  std::span<const std::uint8_t> peek(std::size_t least) {
    if (end_ - at_ < least) fill(least);
    return std::span(bytes_).subspan(at_, end_ - at_);
  }
  std::uint64_t offset() const { return offset_; }
  const std::string& path() const { return path_; }
  /// True if compressed data ends before its end.
  bool cut_off() const { return cut_off_; }

 private:
  void fill(std::size_t count);
  std::size_t read_file(std::span<std::uint8_t> into);
  std::size_t decompress(std::span<std::uint8_t> into);

  std::string path_;
  Descriptor fd_;
  bool file_ended_ = false, cut_off_ = false;
  // What is there to be taken lies from at_ to end_.
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;
  // Of a compressed file: what is there to be decompressed, likewise.
  std::unique_ptr<Decompressor> decompressor_;
  std::vector<std::uint8_t> compressed_;
  std::size_t compressed_at_ = 0, compressed_end_ = 0;
};

/// Integers of either byte order out of bytes that somebody sent us: reading beyond the end gives
/// 0.
class Fields {
 public:
  Fields(std::span<const std::uint8_t> bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}

  std::uint16_t u16(std::size_t at) const {
    return swapped_ ? __builtin_bswap16(get<std::uint16_t>(at)) : get<std::uint16_t>(at);
  }
  std::uint32_t u32(std::size_t at) const {
    return swapped_ ? __builtin_bswap32(get<std::uint32_t>(at)) : get<std::uint32_t>(at);
  }
  std::uint64_t u64(std::size_t at) const {
    return swapped_ ? __builtin_bswap64(get<std::uint64_t>(at)) : get<std::uint64_t>(at);
  }
  std::size_t size() const { return bytes_.size(); }

  /// One field of what is laid out as Layout: get(&Layout::field).
  template <typename Layout, typename T>
  T get(T Layout::*field) const {
    static_assert(std::is_unsigned_v<T>);
    static constexpr Layout layout{};
    const auto at = static_cast<std::size_t>(reinterpret_cast<const char*>(&(layout.*field)) -
                                             reinterpret_cast<const char*>(&layout));
    if constexpr (sizeof(T) == 8) return u64(at);
    if constexpr (sizeof(T) == 4) return u32(at);
    if constexpr (sizeof(T) == 2) return u16(at);
    return static_cast<T>(get<std::uint8_t>(at));
  }
  /// True if there are enough bytes for a whole Layout.
  template <typename Layout>
  bool holds() const {
    return bytes_.size() >= sizeof(Layout);
  }

  /// At most `length` bytes from `at`, fewer where the end comes first.
  std::span<const std::uint8_t> bytes(std::size_t at, std::size_t length) const {
    if (at >= bytes_.size()) return {};
    return bytes_.subspan(at, std::min(length, bytes_.size() - at));
  }

  /// Calls visit(code, value) for each option from `at` on; stops at the end or at nonsense.
  template <typename Visit>
  void options(std::size_t at, Visit visit) const {
    while (at + 4 <= bytes_.size()) {
      const std::uint16_t code = u16(at);
      const std::size_t length = u16(at + 2);
      if (code == 0 || at + 4 + length > bytes_.size()) return;
      visit(code, Fields(bytes_.subspan(at + 4, length), swapped_));
      at += 4 + (length + 3) / 4 * 4;
    }
  }

  std::string text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  template <typename T>
  T get(std::size_t at) const {
    T value{};
    if (at + sizeof(T) <= bytes_.size()) std::memcpy(&value, &bytes_[at], sizeof(T));
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  bool swapped_;
};

}  // namespace tscope
