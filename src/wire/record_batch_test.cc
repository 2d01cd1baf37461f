#include "wire/record_batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/byte_order.h"
#include "base/random.h"
#include "wire/record_batch_builder.h"

namespace millrace::wire {
namespace {

// Batches of four records as another encoder wrote them: aiokafka 0.12 with its own codecs.
constexpr std::string_view kPlain =
    "0000000000000000000000d0ffffffff02b71690db0000000000030000015d3ef798000000015d3ef79864ff"
    "ffffffffffffffffffffffffff00000004360000000a6b65792d612076616c7565206e756d626572206f6e65"
    "004c000e02012076616c7565206e756d6265722074776f040a74726163650401020a656d7074790116001304"
    "0a6b65792d6101009c0100c80106008c01787878787878787878787878787878787878787878787878787878"
    "7878787878787878787878787878787878787878787878787878787878787878787878787878787878787800";

constexpr std::string_view kIdempotent =
    "0000000000000000000000d0ffffffff02c2de198a0010000000030000015d3ef798000000015d3ef7986400"
    "0000000000126700030000006300000004360000000a6b65792d612076616c7565206e756d626572206f6e65"
    "004c000e02012076616c7565206e756d6265722074776f040a74726163650401020a656d7074790116001304"
    "0a6b65792d6101009c0100c80106008c01787878787878787878787878787878787878787878787878787878"
    "7878787878787878787878787878787878787878787878787878787878787878787878787878787878787800";

constexpr std::string_view kGzip =
    "000000000000000000000091ffffffff02687e7e8d0001000000030000015d3ef798000000015d3ef79864ff"
    "ffffffffffffffffffffffffff000000041f8b08005943016b02ff33636060e0ca4eadd44d54284bcc294d55"
    "c82bcd4d4a2d52c8cf4b65f061e0636244152e29cf67e12a294a4c4e656164e24acd2d28a964146310668118"
    "c1c8308791e104231b430f6305550003006940451f9f000000";

constexpr std::string_view kSnappy =
    "00000000000000000000009bffffffff02e5d7ae480002000000030000015d3ef798000000015d3ef79864ff"
    "ffffffffffffffffffffffffff0000000482534e41505059000000000100000001000000569f018036000000"
    "0a6b65792d612076616c7565206e756d626572206f6e65004c000e02013617005c74776f040a747261636504"
    "01020a656d707479011600130409432c01009c0100c80106008c0178fe010005010000";

constexpr std::string_view kLz4 =
    "00000000000000000000009bffffffff02185ef0530003000000030000015d3ef798000000015d3ef79864ff"
    "ffffffffffffffffffffffffff0000000404224d187040ad57000000fa12360000000a6b65792d612076616c"
    "7565206e756d626572206f6e65004c000e02011700f20974776f040a74726163650401020a656d7074790116"
    "0013044300cf01009c0100c80106008c017801002e5078787878002202807c00000000";

constexpr std::string_view kZstd =
    "00000000000000000000008dffffffff02e456dc480004000000030000015d3ef798000000015d3ef79864ff"
    "ffffffffffffffffffffffffff0000000428b52ffd209f9d02006404360000000a6b65792d612076616c7565"
    "206e756d626572206f6e65004c000e020174776f040a74726163650401020a656d707479011600130401009c"
    "0100c80106008c017800030082a38411b011952719";

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

struct OwnedHeader {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const OwnedHeader&) const = default;
};

struct OwnedRecord {
  std::int64_t timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<OwnedHeader> headers;
  bool operator==(const OwnedRecord&) const = default;
};

std::optional<std::string> owned(std::optional<std::string_view> view) {
  if (!view) return std::nullopt;
  return std::string(*view);
}

OwnedRecord owned(const RecordView& view) {
  OwnedRecord record{view.timestamp.value(), owned(view.key), owned(view.value), {}};
  for (const HeaderView& header : view.headers.to_vector()) {
    record.headers.push_back({std::string(header.key), owned(header.value)});
  }
  return record;
}

void append(RecordBatchBuilder& builder, const OwnedRecord& record) {
  std::vector<HeaderView> headers;
  for (const OwnedHeader& header : record.headers) headers.push_back({header.key, header.value});
  builder.append(Timestamp{record.timestamp}, record.key, record.value, headers);
}

const std::vector<OwnedRecord>& golden_records() {
  static const std::vector<OwnedRecord> records{{1500000000000, "key-a", "value number one", {}},
                                                {1500000000007,
                                                 std::nullopt,
                                                 "value number two",
                                                 {{"trace", "\x01\x02"}, {"empty", std::nullopt}}},
                                                {1499999999990, "key-a", std::nullopt, {}},
                                                {1500000000100, "", std::string(70, 'x'), {}}};
  return records;
}

std::vector<OwnedRecord> read_all(std::string_view batch) {
  Buffer scratch;
  auto reader = BatchReader::open(batch, scratch);
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  std::vector<OwnedRecord> records;
  RecordView record;
  while (reader->next(record)) {
    EXPECT_EQ(record.offset - reader->header().base_offset,
              static_cast<std::int64_t>(records.size()));
    records.push_back(owned(record));
  }
  EXPECT_TRUE(reader->status().ok()) << reader->status().error().message;
  return records;
}

TEST(RecordBatch, ReadsWhatAnotherEncoderWroteWithEveryCodec) {
  for (const auto hex : {kPlain, kIdempotent, kGzip, kSnappy, kLz4, kZstd}) {
    EXPECT_EQ(read_all(from_hex(hex)), golden_records());
  }
}

TEST(RecordBatch, WritesTheBytesThatAnotherEncoderWrites) {
  RecordBatchBuilder builder;
  for (const OwnedRecord& record : golden_records()) append(builder, record);
  EXPECT_EQ(builder.build().view(), from_hex(kPlain));

  builder.options().is_transactional = true;
  builder.set_producer(ProducerId{4711}, ProducerEpoch{3}, 99);
  for (const OwnedRecord& record : golden_records()) append(builder, record);
  EXPECT_EQ(builder.build().view(), from_hex(kIdempotent));
}

TEST(RecordBatch, DecodesTheHeader) {
  const std::string batch = from_hex(kIdempotent);
  const BatchHeader header = check_batch(batch).value();
  EXPECT_EQ(header.size_bytes(), batch.size());
  EXPECT_EQ(header.producer_id, ProducerId{4711});
  EXPECT_EQ(header.producer_epoch, ProducerEpoch{3});
  EXPECT_EQ(header.base_sequence, 99);
  EXPECT_EQ(header.last_sequence(), 102);
  EXPECT_EQ(header.record_count, 4);
  EXPECT_EQ(header.last_offset_delta, 3);
  EXPECT_EQ(header.base_timestamp, Timestamp{1500000000000});
  EXPECT_EQ(header.max_timestamp, Timestamp{1500000000100});
  EXPECT_TRUE(header.is_transactional());
  EXPECT_FALSE(header.is_control());
  EXPECT_EQ(header.compression(), Compression::kNone);
}

TEST(RecordBatch, OffsetAndEpochArePatchedWithoutTouchingTheCrc) {
  std::string batch = from_hex(kLz4);
  patch_base_offset(batch.data(), Offset{1000});
  patch_leader_epoch(batch.data(), LeaderEpoch{5});

  const BatchHeader header = check_batch(batch).value();
  EXPECT_EQ(header.base_offset, Offset{1000});
  EXPECT_EQ(header.last_offset(), Offset{1003});
  EXPECT_EQ(header.partition_leader_epoch, LeaderEpoch{5});
  Buffer scratch;
  auto reader = BatchReader::open(batch, scratch).value();
  RecordView record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.offset, Offset{1000});
}

TEST(RecordBatch, LogAppendTimeReplacesEveryTimestamp) {
  std::string batch = from_hex(kPlain);
  patch_log_append_time(batch.data(), batch.size(), Timestamp{1700000000000});
  for (const OwnedRecord& record : read_all(batch)) EXPECT_EQ(record.timestamp, 1700000000000);
  EXPECT_EQ(check_batch(batch).value().timestamp_type(), TimestampType::kLogAppendTime);
}

TEST(RecordBatch, AnEncodedBatchCanChangeItsProducer) {
  std::string batch = from_hex(kPlain);
  patch_producer(batch.data(), batch.size(), ProducerId{7}, ProducerEpoch{1}, INT32_MAX);
  const BatchHeader header = check_batch(batch).value();
  EXPECT_EQ(header.producer_id, ProducerId{7});
  EXPECT_EQ(header.last_sequence(), 2) << "sequences wrap from 2^31-1 to 0";
}

TEST(RecordBatch, TheBuilderSaysItsSizeAndIsReusable) {
  RecordBatchBuilder builder({}, 128);
  EXPECT_EQ(builder.size_bytes(), batch_format::kHeaderSize);
  std::size_t before = builder.size_bytes();
  for (const OwnedRecord& record : golden_records()) {
    std::vector<HeaderView> headers;
    for (const OwnedHeader& header : record.headers) headers.push_back({header.key, header.value});
    const std::size_t max = RecordBatchBuilder::record_size_max(record.key, record.value, headers);
    append(builder, record);
    EXPECT_LE(builder.size_bytes(), before + max);
    before = builder.size_bytes();
  }
  Buffer first = builder.build();
  EXPECT_EQ(first.size(), before);
  EXPECT_TRUE(builder.empty());

  const char* const memory = first.data();
  builder.recycle(std::move(first));
  append(builder, golden_records()[0]);
  Buffer second = builder.build();
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(read_all(second.view()).size(), 1U);
}

TEST(RecordBatch, HeadersCanBeCopiedInTheirWireForm) {
  const std::string golden = from_hex(kPlain);
  Buffer scratch;
  auto reader = BatchReader::open(golden, scratch).value();
  RecordBatchBuilder builder;
  RecordView record;
  while (reader.next(record)) {
    builder.append(record.timestamp, record.key, record.value, record.headers);
  }
  EXPECT_EQ(builder.build().view(), golden);
}

OwnedRecord arbitrary_record() {
  const auto text = [] { return *rc::gen::arbitrary<std::string>(); };
  const auto maybe = [&] {
    return *rc::gen::arbitrary<bool>() ? std::optional(text()) : std::nullopt;
  };
  OwnedRecord record{*rc::gen::arbitrary<std::int64_t>(), maybe(), maybe(), {}};
  const int header_count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < header_count; ++i) record.headers.push_back({text(), maybe()});
  return record;
}

RC_GTEST_PROP(RecordBatch, RestoresAnyRecordsWithAnyCodec, ()) {
  BatchOptions options;
  options.compression = static_cast<Compression>(*rc::gen::inRange(0, 5));
  options.base_offset = Offset{*rc::gen::inRange<std::int64_t>(0, INT64_MAX / 2)};
  RecordBatchBuilder builder(options, 64);
  std::vector<OwnedRecord> records;
  const int count = *rc::gen::inRange(1, 20);
  for (int i = 0; i < count; ++i) {
    records.push_back(arbitrary_record());
    append(builder, records.back());
  }
  const Buffer batch = builder.build();
  RC_ASSERT(read_all(batch.view()) == records);
}

TEST(BatchCursor, YieldsWholeBatchesAndLeavesACutOneOut) {
  const std::string one = from_hex(kPlain);
  const std::string two = from_hex(kLz4);
  const std::string set = one + two;
  for (std::size_t size = 0; size <= set.size(); ++size) {
    BatchCursor cursor(std::string_view(set).substr(0, size));
    std::size_t whole = 0;
    while (const auto batch = cursor.next()) {
      EXPECT_EQ(*batch, whole == 0 ? one : two);
      ++whole;
    }
    EXPECT_TRUE(cursor.status().ok());
    EXPECT_EQ(whole, size == set.size() ? 2U : size >= one.size() ? 1U : 0U) << size;
  }
}

TEST(BatchCursor, StopsAtALengthMagicOrOffsetThatCannotBe) {
  std::string bad_length = from_hex(kPlain);
  store_big_endian(bad_length.data() + batch_format::kBatchLengthAt, std::int32_t{48});
  std::string bad_magic = from_hex(kPlain);
  bad_magic[batch_format::kMagicAt] = 1;
  std::string negative_offset = from_hex(kPlain);
  store_big_endian(negative_offset.data() + batch_format::kBaseOffsetAt, std::int64_t{INT64_MIN});
  std::string offset_without_next = from_hex(kPlain);
  store_big_endian(offset_without_next.data() + batch_format::kBaseOffsetAt,
                   batch_format::kBaseOffsetMax + 1);
  struct Case {
    std::string bytes;
    ErrorCode code;
  };
  for (const Case& one :
       {Case{bad_length, ErrorCode::kCorrupt}, Case{bad_magic, ErrorCode::kUnsupported},
        Case{negative_offset, ErrorCode::kCorrupt},
        Case{offset_without_next, ErrorCode::kCorrupt}}) {
    BatchCursor cursor(one.bytes);
    EXPECT_FALSE(cursor.next().has_value());
    EXPECT_EQ(cursor.status().error().code, one.code);
  }
}

}  // namespace
}  // namespace millrace::wire
