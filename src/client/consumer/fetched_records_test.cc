#include "client/consumer/fetched_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/byte_order.h"
#include "wire/crc32c.h"
#include "wire/record_batch_builder.h"
#include "wire/record_batch_format.h"

namespace millrace::client {
namespace {

using namespace wire::batch_format;
using testing::ElementsAre;
using testing::IsEmpty;

/// Batches behind one another, as a broker sends them.
class Frame {
 public:
  Frame& add(wire::BatchOptions options, int count) {
    wire::RecordBatchBuilder builder(options);
    for (int i = 0; i < count; ++i) {
      builder.append(Timestamp{5}, std::nullopt,
                     fmt::format("{}", options.base_offset.value() + i));
    }
    bytes_.append(builder.build().view());
    return *this;
  }
  Frame& add_marker(Offset offset, ProducerId producer, std::string_view type) {
    wire::BatchOptions options;
    options.base_offset = offset;
    options.producer_id = producer;
    options.is_control = true;
    options.is_transactional = true;
    wire::RecordBatchBuilder builder(options);
    const std::string key{'\0', '\0', '\0', type == "commit" ? '\1' : '\0'};
    builder.append(Timestamp{5}, key, std::string_view("\0\0\0\0\0\0", 6));
    bytes_.append(builder.build().view());
    return *this;
  }
  FetchedPart part(Offset from) {
    FetchedPart part;
    part.frame = std::make_shared<const Buffer>(Buffer::copy_of(bytes_.view()));
    part.records = part.frame->view();
    part.from = from;
    return part;
  }

 private:
  Buffer bytes_;
};

std::vector<std::string> values_of(FetchedRecords& fetched) {
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  EXPECT_TRUE(fetched.read(1000, records, keep_alive).ok());
  std::vector<std::string> values;
  for (const RecordView& record : records) values.emplace_back(*record.value);
  return values;
}

TEST(FetchedRecords, LeavesOutWhatLiesBeforeTheOffsetAskedFor) {
  FetchedRecords fetched(Frame().add({.base_offset = Offset{10}}, 4).part(Offset{12}), {});
  EXPECT_THAT(values_of(fetched), ElementsAre("12", "13"));
  EXPECT_TRUE(fetched.is_done());
  EXPECT_EQ(fetched.next_offset(), Offset{14});
}

TEST(FetchedRecords, GoesOnWhereTheLastReadStopped) {
  FetchedRecords fetched(
      Frame().add({.base_offset = Offset{0}}, 3).add({.base_offset = Offset{3}}, 2).part(Offset{0}),
      {});
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  ASSERT_TRUE(fetched.read(2, records, keep_alive).ok());
  EXPECT_EQ(fetched.next_offset(), Offset{2});
  ASSERT_TRUE(fetched.read(2, records, keep_alive).ok());
  EXPECT_EQ(records.size(), 4U);
  EXPECT_EQ(fetched.next_offset(), Offset{4});
  EXPECT_FALSE(fetched.is_done());
}

TEST(FetchedRecords, RecordsOutliveTheReaderInWhatIsKeptAlive) {
  for (const auto codec : {wire::Compression::kNone, wire::Compression::kZstd}) {
    std::vector<RecordView> records;
    std::vector<SharedBuffer> keep_alive;
    {
      FetchedRecords fetched(
          Frame().add({.compression = codec, .base_offset = Offset{0}}, 50).part(Offset{0}), {});
      ASSERT_TRUE(fetched.read(1000, records, keep_alive).ok());
    }
    ASSERT_EQ(records.size(), 50U);
    EXPECT_EQ(*records[49].value, "49");
  }
}

TEST(FetchedRecords, ControlRecordsAreNeverGivenOut) {
  FetchedRecords fetched(Frame()
                             .add({.base_offset = Offset{0}}, 1)
                             .add_marker(Offset{1}, ProducerId{4}, "commit")
                             .add({.base_offset = Offset{2}}, 1)
                             .add_marker(Offset{3}, ProducerId{4}, "abort")
                             .part(Offset{0}),
                         {});
  EXPECT_THAT(values_of(fetched), ElementsAre("0", "2"));
  EXPECT_EQ(fetched.next_offset(), Offset{4});
}

TEST(FetchedRecords, ReadCommittedSkipsAnAbortedTransactionUpToItsMarker) {
  const auto of = [](std::int64_t offset, std::int64_t producer) {
    wire::BatchOptions options;
    options.base_offset = Offset{offset};
    options.producer_id = ProducerId{producer};
    options.is_transactional = true;
    return options;
  };
  Frame frame;
  frame.add(of(0, 1), 1).add(of(1, 2), 1).add_marker(Offset{2}, ProducerId{1}, "abort");
  frame.add(of(3, 1), 1).add_marker(Offset{4}, ProducerId{2}, "commit");
  auto part = frame.part(Offset{0});
  part.aborted = {{ProducerId{1}, Offset{0}}};

  FetchedRecords committed(part, {.isolation = IsolationLevel::kReadCommitted});
  EXPECT_THAT(values_of(committed), ElementsAre("1", "3"));
  FetchedRecords all(part, {});
  EXPECT_THAT(values_of(all), ElementsAre("0", "1", "3"));
}

TEST(FetchedRecords, ReadCommittedBeginningAtAnAbortMarkerGivesWhatTheProducerCommitsNext) {
  const auto of = [](std::int64_t offset) {
    wire::BatchOptions options;
    options.base_offset = Offset{offset};
    options.producer_id = ProducerId{1};
    options.is_transactional = true;
    return options;
  };
  Frame frame;
  frame.add_marker(Offset{2}, ProducerId{1}, "abort").add(of(3), 1);
  auto part = frame.add_marker(Offset{4}, ProducerId{1}, "commit").part(Offset{2});
  part.aborted = {{ProducerId{1}, Offset{0}}};

  FetchedRecords fetched(part, {.isolation = IsolationLevel::kReadCommitted});

  EXPECT_THAT(values_of(fetched), ElementsAre("3"));
}

// Without its type nobody can say which records stand and which do not.
TEST(FetchedRecords, ReadCommittedStopsAtAMarkerThatCannotBeRead) {
  Frame frame;
  frame.add({.base_offset = Offset{0}}, 1).add_marker(Offset{1}, ProducerId{1}, "abort");
  auto part = frame.part(Offset{0});
  Buffer broken = Buffer::copy_of(part.records);
  broken.data()[broken.size() - 1] ^= 1;
  part.frame = std::make_shared<const Buffer>(std::move(broken));
  part.records = part.frame->view();

  FetchedRecords fetched(part, {.isolation = IsolationLevel::kReadCommitted});
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  const auto status = fetched.read(10, records, keep_alive);

  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, testing::HasSubstr("batch at offset 1"));
  EXPECT_EQ(records.size(), 1U);
}

TEST(FetchedRecords, ABadChecksumStopsAtItsBatch) {
  Frame frame;
  frame.add({.base_offset = Offset{0}}, 1).add({.base_offset = Offset{1}}, 1);
  auto part = frame.part(Offset{0});
  Buffer broken = Buffer::copy_of(part.records);
  broken.data()[broken.size() - 1] ^= 1;
  part.frame = std::make_shared<const Buffer>(std::move(broken));
  part.records = part.frame->view();

  FetchedRecords fetched(part, {});
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  const auto status = fetched.read(10, records, keep_alive);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(records.size(), 1U);
  EXPECT_EQ(fetched.next_offset(), Offset{1});
}

/// A batch with a right CRC whose records field is `payload`, said to be of `codec`.
FetchedPart part_around(wire::Compression codec, std::string_view payload) {
  Buffer bytes =
      Buffer::copy_of(Frame().add({.base_offset = Offset{0}}, 1).part(Offset{0}).records);
  bytes.resize_uninitialized(kHeaderSize);
  bytes.append(payload);
  store_big_endian(bytes.data() + kBatchLengthAt,
                   static_cast<std::int32_t>(bytes.size() - kLengthOverhead));
  store_big_endian(bytes.data() + kAttributesAt, static_cast<std::int16_t>(codec));
  store_big_endian(bytes.data() + kCrcAt, wire::crc32c(bytes.view().substr(kCrcCoversFrom)));
  FetchedPart part;
  part.frame = std::make_shared<const Buffer>(std::move(bytes));
  part.records = part.frame->view();
  part.from = Offset{0};
  return part;
}

// What a broker passes on unseen, because it does not look into compressed batches: the consumer
// has to bear it. A frame of about 1 KiB that says it holds 4 GiB, and one of some hundred that
// truly does.
TEST(FetchedRecords, ASmallBatchThatClaimsToInflateTo4GiBIsAnErrorWithItsOffset) {
  using namespace std::string_view_literals;
  const auto followed = [](std::string_view head) {
    std::string bytes;
    bytes.append(head).append(1000, 'x');
    return bytes;
  };
  const std::string snappy = followed("\xff\xff\xff\xff\x0f"sv);
  const std::string zstd =
      followed("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\x00\x00\x00\x00\x40\x1f\x00"sv);
  // Version 1, independent blocks, content size of 2^32 - 1; one block that says it has 4 MiB.
  const std::string lz4 =
      followed("\x04\x22\x4d\x18\x68\x70\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x40\x80"sv);
  const std::string gzip = followed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"sv);
  const std::pair<wire::Compression, std::string> cases[] = {{wire::Compression::kSnappy, snappy},
                                                             {wire::Compression::kZstd, zstd},
                                                             {wire::Compression::kLz4, lz4},
                                                             {wire::Compression::kGzip, gzip}};
  for (const auto& [codec, payload] : cases) {
    FetchedRecords fetched(part_around(codec, payload), {});
    std::vector<RecordView> records;
    std::vector<SharedBuffer> keep_alive;
    const auto status = fetched.read(10, records, keep_alive);
    ASSERT_FALSE(status.ok()) << wire::compression_name(codec);
    EXPECT_THAT(status.error().message, testing::HasSubstr("batch at offset 0"));
    EXPECT_THAT(records, IsEmpty());
  }
}

TEST(FetchedRecords, ABombIsStoppedAtItsBoundAndSaysSo) {
  const std::string zeros(wire::kDecompressedBytesMaxDefault + 1, '\0');
  Buffer bomb;
  ASSERT_TRUE(wire::compress(wire::Compression::kZstd, 1, zeros, bomb).ok());
  FetchedRecords fetched(part_around(wire::Compression::kZstd, bomb.view()), {});
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  const auto status = fetched.read(10, records, keep_alive);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kTooLarge) << status.error().message;
}

TEST(FetchedRecords, TheEndIsKnownFromTheHeadersAlone) {
  auto part = Frame()
                  .add({.base_offset = Offset{7}, .partition_leader_epoch = LeaderEpoch{2}}, 3)
                  .add({.base_offset = Offset{10}, .partition_leader_epoch = LeaderEpoch{4}}, 1)
                  .part(Offset{8});
  const auto end = FetchedRecords::end_of(part.records, Offset{8});
  EXPECT_EQ(end.offset, Offset{11});
  EXPECT_EQ(end.epoch, LeaderEpoch{4});
  const auto nothing = FetchedRecords::end_of(part.records.substr(0, 30), Offset{8});
  EXPECT_EQ(nothing.offset, Offset{8});
  EXPECT_EQ(nothing.epoch, kNoLeaderEpoch);
}

TEST(FetchedRecords, SaysInWhichEpochTheLastRecordWasWritten) {
  FetchedRecords fetched(
      Frame()
          .add({.base_offset = Offset{0}, .partition_leader_epoch = LeaderEpoch{2}}, 2)
          .add({.base_offset = Offset{2}, .partition_leader_epoch = LeaderEpoch{4}}, 2)
          .part(Offset{0}),
      {});
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  EXPECT_EQ(fetched.epoch(), kNoLeaderEpoch);
  ASSERT_TRUE(fetched.read(1, records, keep_alive).ok());
  EXPECT_EQ(fetched.epoch(), LeaderEpoch{2});
  ASSERT_TRUE(fetched.read(2, records, keep_alive).ok());
  EXPECT_EQ(fetched.epoch(), LeaderEpoch{4});
}

}  // namespace
}  // namespace millrace::client
