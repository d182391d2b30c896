// SPDX-License-Identifier: MIT
#include "file/byte_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>

#include "unit/file/capture_bytes.hpp"

namespace tscope {
namespace {

using test::Bytes;
using ::testing::HasSubstr;

Bytes gzip(const Bytes& plain) {
  Bytes out(plain.size() + 1000);
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Bytes zstd(const Bytes& plain) {
  Bytes out(ZSTD_compressBound(plain.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

Bytes xz(const Bytes& plain) {
  Bytes out(lzma_stream_buffer_bound(plain.size()));
  std::size_t length = 0;
  lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, plain.data(), plain.size(), out.data(),
                          &length, out.size());
  out.resize(length);
  return out;
}

Bytes lz4(const Bytes& plain) {
  Bytes out(LZ4F_compressFrameBound(plain.size(), nullptr));
  out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr));
  return out;
}

struct Kind {
  const char* name;
  Bytes (*compress)(const Bytes&);
};
constexpr Kind kinds[] = {{"gzip", gzip}, {"zstd", zstd}, {"xz", xz}, {"lz4", lz4}};

Bytes capture() {
  test::Writer file;
  file.u32(0xa1b2c3d4).u16(2).u16(4).u64(0).u32(65535).u32(101);
  for (std::uint32_t i = 0; i < 20'000; i++) {
    const Bytes packet =
        test::headers({.ack = 2000 + 1448 * i, .ip_id = static_cast<std::uint16_t>(i * 7919)});
    file.u32(1 + i / 1000).u32(i % 1000 * 1000).u32(packet.size()).u32(packet.size()).raw(packet);
  }
  return file.bytes();
}

TEST(ByteReader, CompressedFilesAreReadAsTheyWere) {
  const Bytes plain = capture();
  const auto wanted = test::read_memory(plain);
  for (const Kind& kind : kinds) {
    const auto read = test::read_memory(kind.compress(plain));
    EXPECT_EQ(read.packets.size(), wanted.packets.size()) << kind.name;
    EXPECT_FALSE(read.truncated) << kind.name;
    EXPECT_EQ(read.packets.back().time_ns, wanted.packets.back().time_ns) << kind.name;
  }
}

TEST(ByteReader, OneCompressedFileBehindTheOther) {
  const Bytes plain = capture();
  const std::size_t middle = plain.size() / 2;
  for (const Kind& kind : kinds) {
    Bytes both =
        kind.compress({plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(middle)});
    const Bytes rest =
        kind.compress({plain.begin() + static_cast<std::ptrdiff_t>(middle), plain.end()});
    both.insert(both.end(), rest.begin(), rest.end());
    const auto read = test::read_memory(both);
    EXPECT_EQ(read.packets.size(), 20'000) << kind.name;
    EXPECT_FALSE(read.truncated) << kind.name;
  }
}

TEST(ByteReader, ACompressedFileThatIsCutOffIsTruncatedWhereverThatIs) {
  for (const Kind& kind : kinds) {
    Bytes whole = kind.compress(capture());
    for (std::size_t left = 8; left < whole.size(); left += left < 100 ? 1 : 9973) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(left));
      EXPECT_TRUE(test::read_memory(cut).truncated) << kind.name << " cut to " << left;
    }
  }
}

TEST(ByteReader, DamagedCompressedDataIsAnErrorThatNamesIt) {
  for (const Kind& kind : kinds) {
    Bytes bytes = kind.compress(capture());
    for (std::size_t i = 40; i < bytes.size(); i += 97) bytes[i] ^= 0x5a;
    EXPECT_THAT(test::error_of(bytes), HasSubstr("damaged")) << kind.name;
  }
}

TEST(ByteReader, OtherFormatsAreNamedWithTheCommandThatConvertsThem) {
  const auto error = [](const std::string& head) {
    Bytes bytes(head.begin(), head.end());
    bytes.resize(200, 0x80);
    return test::error_of(bytes);
  };
  using namespace std::string_literals;
  EXPECT_THAT(error("snoop\0\0\0\0\0\0\2"s), HasSubstr("snoop file"));
  EXPECT_THAT(error("snoop\0\0\0\0\0\0\2"s), HasSubstr("editcap -F pcapng"));
  EXPECT_THAT(error("RTSS\x05"s), HasSubstr("Network Monitor"));
  EXPECT_THAT(error("BZh9"s), HasSubstr("bunzip2"));
  EXPECT_THAT(error("PK\x03\x04"s), HasSubstr("unzip"));
  // An Ethernet record of 2020: time, type 2, flags, record length 80, wire length 60.
  EXPECT_THAT(error("\0\0\0\0\0\0\x10\x5e\x02\x04\0\x50\0\0\0\x3c"s), HasSubstr("ERF"));
  EXPECT_THAT(error("\1\2\3\4"s), HasSubstr("neither pcapng nor pcap"));
}

// The files of one capture, given in the order in which a shell sorts names.
TEST(RotatedFiles, AreOneCaptureInTheOrderOfTime) {
  const Bytes plain = capture();
  constexpr std::size_t record = 16 + 52;
  const auto part = [&](std::size_t from, std::size_t to) {
    Bytes bytes(plain.begin(), plain.begin() + 24);
    bytes.insert(bytes.end(), plain.begin() + static_cast<std::ptrdiff_t>(24 + from * record),
                 plain.begin() + static_cast<std::ptrdiff_t>(24 + to * record));
    return bytes;
  };
  const test::MemoryFile first(part(0, 5000)), second(part(5000, 12'000)),
      third(gzip(part(12'000, 20'000))), empty(part(0, 0));
  const auto source = open_rotated({third.path(), first.path(), empty.path(), second.path()});
  const auto read = test::read_all(*source);
  ASSERT_EQ(read.packets.size(), 20'000);
  EXPECT_EQ(read.interfaces.size(), 1);
  EXPECT_EQ(read.census.packets, 20'000);
  EXPECT_EQ(read.census.back_in_time, 0);
  EXPECT_EQ(read.census.copies, 0);
  EXPECT_THROW(open_rotated({"-"}), UsageError);
}

}  // namespace
}  // namespace tscope
