// SPDX-License-Identifier: MIT
#include "file/block_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "file/format.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

void BlockReader::damaged(const std::string& what) const {
  throw Error(fmt::format(
      "{}: the block at byte {} {}: the file is damaged; capture again or copy the file anew",
      reader_.path(), at_, what));
}

bool BlockReader::cut_off() {
  truncated_ = true;
  return false;
}

// A section's byte order is known only behind its length.
bool BlockReader::read_section_start(std::uint32_t& length) {
  const auto magic = reader_.take(4);
  if (magic.size() < 4) return cut_off();
  swapped_ = Fields(magic, true).u32(0) == format::byte_order_magic;
  if (!swapped_ && Fields(magic, false).u32(0) != format::byte_order_magic) {
    damaged("is a section header without a byte order");
  }
  if (swapped_) length = __builtin_bswap32(length);
  return true;
}

bool BlockReader::next() {
  if (truncated_) return false;
  const bool first = std::exchange(first_, false);
  const std::size_t known = first ? 4 : 0;
  at_ = reader_.offset() - known;
  const auto head = reader_.take(8 - known);
  if (head.empty() && !first && !reader_.cut_off()) return false;
  if (head.size() < 8 - known) return cut_off();

  // A section header's type reads the same in both byte orders.
  const bool section = first || Fields(head, false).u32(0) == format::section_header;
  const Fields fields(head, swapped_ && !section);
  type_ = section ? format::section_header : fields.u32(0);
  std::uint32_t length = fields.u32(4 - known);
  if (section && !read_section_start(length)) return false;
  const std::uint32_t taken = section ? 12 : 8;
  if (length < taken + 4 || length % 4 != 0 || length > format::block_max) {
    damaged(fmt::format("claims a length of {} bytes", length));
  }
  body_ = reader_.take(length - taken);
  if (body_.size() < length - taken) return cut_off();
  if (body().u32(body_.size() - 4) != length) {
    damaged("ends with another length than it began with");
  }
  body_ = body_.first(body_.size() - 4);
  return true;
}

}  // namespace tscope
