// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tscope {

/// Hashes of bytes in memory, eight at a time: for tables, never for files. A hash is a chain:
/// hash = mixed(hash, next word).

/// Returns a hash of two words: all bits of both count (the middle of a product of 128 bits).
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xbf58476d1ce4e5b9);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Returns the bytes at `bytes` as a number: sizeof(T) of them.
template <typename T>
T word_at(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

/// Returns the hash with `length` bytes added. The last word may have some of the one before it
/// again, which is cheaper than a shorter one.
inline std::uint64_t hash_of(std::uint64_t hash, const std::uint8_t* bytes, std::size_t length) {
  if (length < 8) {
    std::uint64_t value = length;
    for (std::size_t i = 0; i < length; i++) value = value << 8 | bytes[i];
    return mixed(hash, value);
  }
  std::size_t at = 0;
  for (; at + 8 < length; at += 8) hash = mixed(hash, word_at<std::uint64_t>(bytes + at));
  return mixed(hash, word_at<std::uint64_t>(bytes + length - 8));
}

}  // namespace tscope
