// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tscope {

enum class Compression : std::uint8_t { gzip, zstd, xz, lz4 };

/// Tells by the first bytes how a file is compressed; nothing if it is not, or by none of these.
std::optional<Compression> compression_of(std::span<const std::uint8_t> head);

/// Decompresses one stream piece by piece. Memory is bounded, whatever the stream asks for.
class Decompressor {
 public:
  struct Step {
    std::size_t taken = 0, made = 0;
  };

  virtual ~Decompressor() = default;
  /// Takes from the front of `in` and writes to the front of `out`, as much as it can. no_more:
  /// nothing follows `in`. Throws Error for data that is damaged.
  virtual Step step(std::span<const std::uint8_t> in, std::span<std::uint8_t> out,
                    bool no_more) = 0;
  /// True where the compressed data may end.
  virtual bool at_end() const = 0;
};

/// path: for messages.
std::unique_ptr<Decompressor> make_decompressor(Compression compression, const std::string& path);

}  // namespace tscope
