// What a batch from outside may do to its reader: nothing.
#include <gtest/gtest.h>

#include <string>

#include "base/byte_order.h"
#include "base/byte_writer.h"
#include "wire/crc32c.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::wire {
namespace {

using namespace batch_format;

std::string sample_batch(Compression codec = Compression::kNone) {
  BatchOptions options;
  options.compression = codec;
  RecordBatchBuilder builder(options);
  const HeaderView headers[] = {{"trace", "abc"}, {"none", std::nullopt}};
  builder.append(Timestamp{1000}, "key", "the first value", headers);
  builder.append(Timestamp{1010}, std::nullopt, std::string(200, 'v'));
  builder.append(Timestamp{990}, "", std::nullopt);
  return std::string(builder.build().view());
}

/// A batch of `count` records whose record bytes are `records`, as they are, with a right CRC.
std::string batch_around(std::string_view records, std::int32_t count = 1) {
  std::string batch = sample_batch().substr(0, kHeaderSize) + std::string(records);
  store_big_endian(batch.data() + kBatchLengthAt,
                   static_cast<std::int32_t>(batch.size() - kLengthOverhead));
  store_big_endian(batch.data() + kRecordCountAt, count);
  store_big_endian(batch.data() + kLastOffsetDeltaAt, std::max(count - 1, 0));
  store_big_endian(batch.data() + kCrcAt, crc32c(std::string_view(batch).substr(kCrcCoversFrom)));
  return batch;
}

/// Reads all records; the first error, or how many there were.
Result<int> drain(std::string_view batch, CrcCheck crc = CrcCheck::kVerify) {
  Buffer scratch;
  auto reader = BatchReader::open(batch, scratch, crc, 1 << 20);
  if (!reader.ok()) return reader.error();
  int count = 0;
  RecordView record;
  while (reader->next(record)) {
    ++count;
    (void)record.headers.to_vector();
  }
  if (!reader->status().ok()) return reader->status().error();
  return count;
}

TEST(HostileBatch, IsRefusedWhenCutAtAnyByte) {
  for (const auto codec : {Compression::kNone, Compression::kZstd}) {
    const std::string batch = sample_batch(codec);
    for (std::size_t size = 0; size < batch.size(); ++size) {
      EXPECT_FALSE(drain(std::string_view(batch).substr(0, size)).ok()) << size;
    }
  }
}

TEST(HostileBatch, IsRefusedWithAnyBitFlippedButThoseOutsideTheCrc) {
  std::string batch = sample_batch();
  for (std::size_t bit = 0; bit < batch.size() * 8; ++bit) {
    const std::size_t byte = bit / 8;
    batch[byte] = static_cast<char>(batch[byte] ^ (1 << (bit % 8)));
    const bool free_to_change =
        byte < kBatchLengthAt || (byte >= kPartitionLeaderEpochAt && byte < kMagicAt);
    EXPECT_EQ(drain(batch).ok(), free_to_change) << "bit " << bit;
    batch[byte] = static_cast<char>(batch[byte] ^ (1 << (bit % 8)));
  }
}

TEST(HostileBatch, WithABitFlippedUnderARightCrcIsReadOrRefusedButNeverOverrun) {
  for (const auto codec : {Compression::kNone, Compression::kGzip, Compression::kSnappy,
                           Compression::kLz4, Compression::kZstd}) {
    std::string batch = sample_batch(codec);
    for (std::size_t bit = kAttributesAt * 8; bit < batch.size() * 8; ++bit) {
      batch[bit / 8] = static_cast<char>(batch[bit / 8] ^ (1 << (bit % 8)));
      (void)drain(batch, CrcCheck::kSkip);
      batch[bit / 8] = static_cast<char>(batch[bit / 8] ^ (1 << (bit % 8)));
    }
  }
}

TEST(HostileBatch, WithLyingLengthsIsRefused) {
  const auto varint = [](std::int32_t value) {
    Buffer out;
    ByteWriter(out).varint(value);
    return std::string(out.view());
  };
  const std::string start = std::string(1, '\0') + varint(0) + varint(0);  // attributes and deltas
  const auto record = [&](std::string_view body) {
    return varint(static_cast<std::int32_t>(body.size())) + std::string(body);
  };
  const std::string null = varint(-1);
  const std::string none = varint(0);
  struct Case {
    std::string_view what;
    std::string records;
  };
  const std::vector<Case> cases{
      {"nothing where a record should be", ""},
      {"record longer than the batch", varint(100) + start + null + null + none},
      {"record of negative length", varint(-5) + start + null + null + none},
      {"record of length 2^31-1", varint(INT32_MAX) + start},
      {"record without attributes", record("")},
      {"record that ends in its deltas", record(start.substr(0, 2))},
      {"key longer than the record", record(start + varint(50) + null + none)},
      {"key length of 2^31-1", record(start + varint(INT32_MAX) + null + none)},
      {"key length of -2", record(start + varint(-2) + null + none)},
      {"value longer than the record", record(start + null + varint(50) + none)},
      {"value length of -2^31", record(start + null + varint(INT32_MIN) + none)},
      {"negative header count", record(start + null + null + varint(-1))},
      {"more headers than bytes", record(start + null + null + varint(INT32_MAX))},
      {"header with a null key", record(start + null + null + varint(1) + null + null)},
      {"header value longer than the record",
       record(start + null + null + varint(1) + varint(1) + "k" + varint(9))},
      {"bytes after the headers", record(start + null + null + none + "x")},
      {"bytes after the last record", record(start + null + null + none) + "x"},
      {"offset delta past the last", record(std::string(1, '\0') + none + varint(9) + null + null)},
      {"negative offset delta", record(std::string(1, '\0') + none + null + null + null + none)},
      {"varint of six bytes", record(start + std::string(5, '\xff') + "\x01" + null + none)},
  };
  for (const Case& one : cases) {
    const auto result = drain(batch_around(one.records));
    ASSERT_FALSE(result.ok()) << one.what;
    EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << one.what;
  }
  EXPECT_EQ(drain(batch_around(record(start + null + null + none))).value(), 1) << "the control";
}

TEST(HostileBatch, WithAWrongRecordCountIsRefused) {
  std::string records = sample_batch().substr(kHeaderSize);
  EXPECT_EQ(drain(batch_around(records, 3)).value(), 3);
  for (const std::int32_t count : {0, 1, 2, 4, 1000, INT32_MAX, -1}) {
    EXPECT_FALSE(drain(batch_around(records, count)).ok()) << count;
  }
}

TEST(HostileBatch, WithoutRecordsIsAnEmptyOne) {
  EXPECT_EQ(drain(batch_around("", 0)).value(), 0);
}

TEST(HostileBatch, WithALengthThatLiesIsRefused) {
  for (const std::int32_t length : {INT32_MIN, -1, 0, 48, 49, 100, INT32_MAX}) {
    std::string batch = sample_batch();
    store_big_endian(batch.data() + kBatchLengthAt, length);
    EXPECT_FALSE(drain(batch).ok()) << length;
  }
}

TEST(HostileBatch, OfAnOlderFormatIsUnsupported) {
  for (const char magic : {'\0', '\1', '\3'}) {
    std::string batch = sample_batch();
    batch[kMagicAt] = magic;
    EXPECT_EQ(drain(batch).error().code, ErrorCode::kUnsupported);
  }
}

TEST(HostileBatch, WithAnUnknownCodecIsRefused) {
  std::string batch = sample_batch();
  store_big_endian(batch.data() + kAttributesAt, std::int16_t{5});
  EXPECT_EQ(drain(batch, CrcCheck::kSkip).error().code, ErrorCode::kCorrupt);
}

TEST(HostileBatch, ThatInflatesPastTheBoundIsRefused) {
  BatchOptions options;
  options.compression = Compression::kZstd;
  RecordBatchBuilder builder(options);
  builder.append(Timestamp{0}, std::nullopt, std::string(std::size_t{8} << 20U, 'a'));
  const Buffer batch = builder.build();
  ASSERT_LT(batch.size(), 4096U);
  EXPECT_EQ(drain(batch.view()).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace millrace::wire
