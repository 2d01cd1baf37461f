#include "wire/compression.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <thread>

#include "base/byte_writer.h"
#include "base/random.h"

namespace millrace::wire {
namespace {

constexpr Compression kCodecs[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy,
                                   Compression::kLz4, Compression::kZstd};
constexpr std::size_t kLarge = std::size_t{64} << 20U;

std::string some_text(std::size_t size) {
  Random random(size);
  std::string text;
  while (text.size() < size) text += "GET /item/" + std::to_string(random.below(500)) + " 200\n";
  text.resize(size);
  return text;
}

std::string random_bytes(std::size_t size) {
  Random random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

std::string compressed(Compression codec, std::string_view in, CompressionLevel level = {}) {
  Buffer out;
  EXPECT_TRUE(compress(codec, level, in, out).ok());
  return std::string(out.view());
}

TEST(Compression, RestoresEverySizeWithEveryCodec) {
  for (const Compression codec : kCodecs) {
    for (const std::size_t size :
         {0U, 1U, 100U, 32767U, 32768U, 32769U, 65536U, 70000U, 1000000U}) {
      for (const std::string& in : {some_text(size), random_bytes(size)}) {
        Buffer out = Buffer::copy_of("before");
        const Status status = decompress(codec, compressed(codec, in), size, out);
        ASSERT_TRUE(status.ok()) << compression_name(codec) << size << status.error().message;
        ASSERT_EQ(out.view(), "before" + in) << compression_name(codec) << size;
      }
    }
  }
}

TEST(Compression, BringsLevelsIntoTheCodecsRange) {
  const std::string text = some_text(20000);
  for (const Compression codec : kCodecs) {
    for (const int level : {-1000000, -1, 0, 1, 9, 22, 1000000}) {
      Buffer out;
      const std::string bytes = compressed(codec, text.substr(0, 2000), level);
      ASSERT_TRUE(decompress(codec, bytes, kLarge, out).ok()) << compression_name(codec) << level;
    }
  }
}

TEST(Compression, RefusesOneByteMoreThanAllowed) {
  for (const Compression codec : kCodecs) {
    for (const std::size_t size : {1U, 100U, 5000U, 100000U}) {
      const std::string bytes = compressed(codec, std::string(size, 'x'));
      Buffer exact;
      EXPECT_TRUE(decompress(codec, bytes, size, exact).ok()) << compression_name(codec) << size;
      Buffer out;
      const Status status = decompress(codec, bytes, size - 1, out);
      ASSERT_FALSE(status.ok()) << compression_name(codec) << size;
      EXPECT_EQ(status.error().code, ErrorCode::kTooLarge) << status.error().message;
    }
  }
}

TEST(Compression, RefusesInputCutAtEveryByte) {
  const std::string text = some_text(3000);
  for (const Compression codec : kCodecs) {
    if (codec == Compression::kNone) continue;
    const std::string bytes = compressed(codec, text);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Buffer out;
      const Status status = decompress(codec, std::string_view(bytes).substr(0, size), kLarge, out);
      const bool whole_blocks = codec == Compression::kSnappy && size == 16;  // a stream of none
      EXPECT_EQ(status.ok(), whole_blocks) << compression_name(codec) << " cut at " << size;
    }
  }
}

TEST(Compression, SurvivesEveryFlippedBit) {
  const std::string text = some_text(600);
  for (const Compression codec : kCodecs) {
    std::string bytes = compressed(codec, text);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      Buffer out;
      const Status status = decompress(codec, bytes, 100000, out);
      EXPECT_LE(out.size(), 100001U) << compression_name(codec) << status.ok();
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    }
  }
}

TEST(Compression, ReadsASnappyBlockWithoutFraming) {
  const std::string text = some_text(100000);
  std::string raw;
  snappy::Compress(text.data(), text.size(), &raw);

  Buffer out;
  ASSERT_TRUE(decompress(Compression::kSnappy, raw, kLarge, out).ok());
  EXPECT_EQ(out.view(), text);
}

TEST(Compression, ReadsStreamsThatFollowOneAnother) {
  for (const Compression codec : kCodecs) {
    Buffer out;
    const std::string two = compressed(codec, "one ") + compressed(codec, "two");
    const Status status = decompress(codec, two, kLarge, out);
    ASSERT_TRUE(status.ok()) << compression_name(codec) << status.error().message;
    EXPECT_EQ(out.view(), "one two") << compression_name(codec);
  }
}

TEST(Compression, ReadsAZstdFrameThatDoesNotSayItsSize) {
  const std::string text = some_text(300000);
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  ZSTD_outBuffer output{frame.data(), frame.size(), 0};
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  ASSERT_FALSE(ZSTD_isError(ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)));
  ASSERT_EQ(ZSTD_compressStream2(context, &output, &input, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  frame.resize(output.pos);

  Buffer out;
  ASSERT_TRUE(decompress(Compression::kZstd, frame, kLarge, out).ok());
  EXPECT_EQ(out.view(), text);
}

/// A frame of one stored block, whose header says its size only when it `says_size`.
std::string zstd_frame_with_window(unsigned log, std::string_view text, bool says_size) {
  std::string frame = "\x28\xb5\x2f\xfd";
  frame += says_size ? '\x40' : '\0';  // two bytes of size, 256 less than it is
  frame += static_cast<char>((log - 10) << 3U);
  if (says_size) {
    frame += static_cast<char>((text.size() - 256) & 0xffU);
    frame += static_cast<char>((text.size() - 256) >> 8U);
  }
  const auto block = static_cast<std::uint32_t>(text.size() << 3U | 1U);  // the last, and raw
  for (const unsigned shift : {0U, 8U, 16U}) frame += static_cast<char>(block >> shift);
  frame += text;
  return frame;
}

TEST(Compression, RefusesAZstdWindowOver128MiBWhateverTheFrameHolds) {
  const std::string text = some_text(1000);
  for (const bool says_size : {true, false}) {
    const std::string level_22 = zstd_frame_with_window(27, text, says_size);
    Buffer out;
    ASSERT_TRUE(decompress(Compression::kZstd, level_22, kLarge, out).ok());
    EXPECT_EQ(out.view(), text);
    const std::string larger = zstd_frame_with_window(28, text, says_size);
    std::string a_little_larger = level_22;
    ++a_little_larger[5];  // its mantissa
    for (const auto& refused : {larger, a_little_larger, level_22 + larger}) {
      Buffer ignored;
      const Status status = decompress(Compression::kZstd, refused, kLarge, ignored);
      ASSERT_FALSE(status.ok()) << says_size;
      EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(Compression, KeepsNoMemoryForALargeZstdWindow) {
  const auto mapped_bytes = [] { return ::mallinfo2().hblkhd; };
  std::thread([&] {  // which has no decoder yet
    const std::size_t before = mapped_bytes();
    const std::string frame = zstd_frame_with_window(27, some_text(1000), false);
    Buffer out;
    ASSERT_TRUE(decompress(Compression::kZstd, frame, kLarge, out).ok());
    EXPECT_LT(mapped_bytes(), before + (std::size_t{16} << 20U));
  })
      .join();
}

// Input of about 1 KiB that says it holds 4 GiB. The claim must cost neither memory nor time.
TEST(Compression, TakesNoMemoryForAClaimedSize) {
  const std::uint32_t four_gib_less_one = 0xffffffff;
  std::string raw_snappy("\xff\xff\xff\xff\x0f", 5);
  raw_snappy += random_bytes(1019);

  Buffer xerial;
  ByteWriter writer(xerial);
  writer.bytes(std::string_view("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16));
  writer.i32(static_cast<std::int32_t>(raw_snappy.size()));
  writer.bytes(raw_snappy);

  // Magic; single segment with an 8-byte content size; one raw block of 1000 bytes, not the last.
  std::string zstd("\x28\xb5\x2f\xfd\xe0", 5);
  zstd += std::string("\xff\xff\xff\xff\x00\x00\x00\x00", 8);
  zstd += std::string("\x40\x1f\x00", 3) + random_bytes(1000);

  struct Case {
    Compression codec;
    std::string_view bytes;
  };
  const std::vector<Case> cases{{Compression::kSnappy, raw_snappy},
                                {Compression::kSnappy, xerial.view()},
                                {Compression::kZstd, zstd}};
  for (const Case& one : cases) {
    Buffer out;
    EXPECT_FALSE(decompress(one.codec, one.bytes, four_gib_less_one, out).ok());
    EXPECT_LT(out.capacity(), 1U << 20U) << compression_name(one.codec);
  }
}

TEST(Compression, StopsABombAtTheBound) {
  const std::string zeros(std::size_t{32} << 20U, '\0');
  for (const Compression codec : {Compression::kGzip, Compression::kLz4, Compression::kZstd}) {
    const std::string bomb = compressed(codec, zeros);
    Buffer out;
    const Status status = decompress(codec, bomb, std::size_t{1} << 20U, out);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kTooLarge);
    EXPECT_LT(out.capacity(), std::size_t{4} << 20U) << compression_name(codec);
  }
}

TEST(Compression, KnowsItsNames) {
  for (const Compression codec : kCodecs) {
    EXPECT_EQ(parse_compression(compression_name(codec)).value(), codec);
  }
  EXPECT_EQ(parse_compression("brotli").error().code, ErrorCode::kInvalidArgument);
  Buffer out;
  EXPECT_EQ(decompress(static_cast<Compression>(6), "x", 9, out).error().code,
            ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace millrace::wire
