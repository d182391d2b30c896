// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "file/byte_reader.hpp"

namespace tscope {

/// Takes a pcapng file apart into blocks, whatever their type and the section's byte order.
class BlockReader {
 public:
  /// The file's first four bytes were read already and are a section header's type.
  explicit BlockReader(ByteReader reader) : reader_(std::move(reader)) {}

  /// False at the end of the file, with truncated() set where that is within a block. Throws Error
  /// for a length that can't be.
  bool next();

  std::uint32_t type() const { return type_; }
  /// Behind the block's length (a section header's: behind the byte-order magic), without the
  /// trailer; until the next one is taken.
  Fields body() const { return {body_, swapped_}; }
  bool truncated() const { return truncated_; }
  const std::string& path() const { return reader_.path(); }

 private:
  bool read_section_start(std::uint32_t& length);
  bool cut_off();
  [[noreturn]] void damaged(const std::string& what) const;

  ByteReader reader_;
  bool first_ = true;
  bool swapped_ = false;
  bool truncated_ = false;
  std::uint32_t type_ = 0;
  std::uint64_t at_ = 0;                // of the present block in the file
  std::span<const std::uint8_t> body_;  // until the next block is taken
};

}  // namespace tscope
