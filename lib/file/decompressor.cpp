// SPDX-License-Identifier: MIT
#include "file/decompressor.hpp"

#include <fmt/format.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr std::uint64_t xz_memory_max = 256U << 20;  // xz -9 takes 65 MiB

constexpr std::array<std::uint8_t, 3> gzip_magic{0x1f, 0x8b, 8};
constexpr std::array<std::uint8_t, 4> zstd_magic{0x28, 0xb5, 0x2f, 0xfd};
constexpr std::array<std::uint8_t, 6> xz_magic{0xfd, '7', 'z', 'X', 'Z', 0};
constexpr std::array<std::uint8_t, 4> lz4_magic{0x04, 0x22, 0x4d, 0x18};

bool begins_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> magic) {
  return bytes.size() >= magic.size() && std::ranges::equal(bytes.first(magic.size()), magic);
}

[[noreturn]] void damaged(const std::string& path, std::string_view kind, std::string_view why) {
  throw Error(fmt::format("{}: its {} data is damaged ({}); copy or compress the file anew", path,
                          kind, why));
}

class Gzip : public Decompressor {
 public:
  explicit Gzip(std::string path) : path_(std::move(path)) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw Error("zlib can't be used: out of memory?");
  }
  ~Gzip() override { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Step step(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, bool) override {
    // Another member may follow the first; what is none is padding, as gzip sees it too.
    if (ended_ && (!in.empty() && in[0] != gzip_magic[0])) return {};
    if (ended_ && !in.empty()) {
      inflateReset(&stream_);
      ended_ = false;
    }
    stream_.next_in = const_cast<Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      damaged(path_, "gzip", stream_.msg != nullptr ? stream_.msg : "inflate");
    }
    ended_ = ended_ || result == Z_STREAM_END;
    return {in.size() - stream_.avail_in, out.size() - stream_.avail_out};
  }
  bool at_end() const override { return ended_; }

 private:
  std::string path_;
  z_stream stream_{};
  bool ended_ = false;
};

class Zstd : public Decompressor {
 public:
  explicit Zstd(std::string path) : path_(std::move(path)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw Error("zstd can't be used: out of memory?");
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Step step(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, bool) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(left) != 0) damaged(path_, "zstd", ZSTD_getErrorName(left));
    if (input.pos > 0 || output.pos > 0) ended_ = left == 0;
    return {input.pos, output.pos};
  }
  bool at_end() const override { return ended_; }

 private:
  std::string path_;
  ZSTD_DStream* stream_;
  bool ended_ = false;
};

class Xz : public Decompressor {
 public:
  explicit Xz(std::string path) : path_(std::move(path)) {
    if (lzma_stream_decoder(&stream_, xz_memory_max, LZMA_CONCATENATED) != LZMA_OK) {
      throw Error("liblzma can't be used: out of memory?");
    }
  }
  ~Xz() override { lzma_end(&stream_); }
  Xz(const Xz&) = delete;
  Xz& operator=(const Xz&) = delete;

  Step step(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, bool no_more) override {
    if (ended_) return {};
    stream_.next_in = in.data();
    stream_.avail_in = in.size();
    stream_.next_out = out.data();
    stream_.avail_out = out.size();
    const lzma_ret result = lzma_code(&stream_, no_more ? LZMA_FINISH : LZMA_RUN);
    if (result == LZMA_MEMLIMIT_ERROR) {
      throw Error(
          fmt::format("{}: decompressing it takes more than {} MiB; compress it with xz -9 "
                      "or less",
                      path_, xz_memory_max >> 20));
    }
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) {
      damaged(path_, "xz", "lzma error");
    }
    ended_ = result == LZMA_STREAM_END;
    return {in.size() - stream_.avail_in, out.size() - stream_.avail_out};
  }
  bool at_end() const override { return ended_; }

 private:
  std::string path_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ended_ = false;
};

class Lz4 : public Decompressor {
 public:
  explicit Lz4(std::string path) : path_(std::move(path)) {
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) != 0) {
      throw Error("lz4 can't be used: out of memory?");
    }
  }
  ~Lz4() override { LZ4F_freeDecompressionContext(context_); }
  Lz4(const Lz4&) = delete;
  Lz4& operator=(const Lz4&) = delete;

  Step step(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, bool) override {
    std::size_t taken = in.size(), made = out.size();
    const std::size_t left =
        LZ4F_decompress(context_, out.data(), &made, in.data(), &taken, nullptr);
    if (LZ4F_isError(left) != 0) damaged(path_, "lz4", LZ4F_getErrorName(left));
    if (taken > 0 || made > 0) ended_ = left == 0;
    return {taken, made};
  }
  bool at_end() const override { return ended_; }

 private:
  std::string path_;
  LZ4F_dctx* context_ = nullptr;
  bool ended_ = false;
};

}  // namespace

std::optional<Compression> compression_of(std::span<const std::uint8_t> head) {
  if (begins_with(head, gzip_magic)) return Compression::gzip;
  if (begins_with(head, zstd_magic)) return Compression::zstd;
  if (begins_with(head, xz_magic)) return Compression::xz;
  if (begins_with(head, lz4_magic)) return Compression::lz4;
  return std::nullopt;
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression, const std::string& path) {
  switch (compression) {
    case Compression::gzip:
      return std::make_unique<Gzip>(path);
    case Compression::zstd:
      return std::make_unique<Zstd>(path);
    case Compression::xz:
      return std::make_unique<Xz>(path);
    case Compression::lz4:
      return std::make_unique<Lz4>(path);
  }
  return nullptr;
}

}  // namespace tscope
