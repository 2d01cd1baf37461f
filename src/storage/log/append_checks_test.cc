// What a client's batch must be to be let into a log: looked into, compressed or not.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/byte_order.h"
#include "storage/testing/batches.h"
#include "storage/testing/log_fixture.h"
#include "wire/crc32c.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::make_batch;
using wire::Compression;
using wire::KafkaError;
namespace format = wire::batch_format;

constexpr std::array kCodecs{Compression::kNone, Compression::kGzip, Compression::kSnappy,
                             Compression::kLz4, Compression::kZstd};

/// The batch with its records, inflated, changed by `change`, and a right header and checksum.
std::string changed(Compression codec, const std::function<void(std::string&)>& change,
                    testing::BatchSpec spec = {.values = {"a", "b"}}) {
  spec.compression = Compression::kNone;
  std::string batch = make_batch(spec);
  std::string records = batch.substr(format::kHeaderSize);
  change(records);
  Buffer inside;
  EXPECT_TRUE(wire::compress(codec, {}, records, inside).ok());
  batch.resize(format::kHeaderSize);
  batch += inside.view();
  char* const at = batch.data();
  store_big_endian(at + format::kBatchLengthAt,
                   static_cast<std::int32_t>(batch.size() - format::kLengthOverhead));
  store_big_endian(at + format::kAttributesAt, static_cast<std::int16_t>(codec));
  store_big_endian(at + format::kCrcAt,
                   wire::crc32c(std::string_view(batch).substr(format::kCrcCoversFrom)));
  return batch;
}

class AppendChecks : public testing::LogFixture {
 protected:
  KafkaError error_of(std::string batch) {
    const auto result = log->append(batch, LeaderEpoch{0}, Timestamp{1000});
    return result.ok() ? KafkaError::kNone : wire::kafka_error_of(result.error());
  }
};

TEST_F(AppendChecks, NonsenseInsideABatchIsRefusedWhateverItsCodec) {
  open();
  constexpr std::size_t kDeltaAt = 3;  // of the first record: length, attributes, time before it
  for (const auto stored : {std::optional<Compression>(), std::optional(Compression::kZstd)}) {
    config.compression = stored;
    log->set_config(config);
    for (const auto codec : kCodecs) {
      const auto name = wire::compression_name(codec);
      const auto twice = changed(codec, [](auto& r) { r[r.size() / 2 + kDeltaAt] = 0; });
      const auto gap = changed(codec, [](auto& r) { r[r.size() / 2 + kDeltaAt] = 4; });
      const auto trailing = changed(codec, [](auto& r) { r += "xx"; });
      const auto fewer = changed(codec, [](auto& r) { r.resize(r.size() / 2); });
      const auto garbage = changed(codec, [](auto& r) { r.assign(50, '\xff'); });
      const Offset end = log->log_end_offset();
      EXPECT_EQ(error_of(twice), KafkaError::kInvalidRecord) << name;
      EXPECT_EQ(error_of(gap), KafkaError::kInvalidRecord) << name;
      EXPECT_EQ(error_of(trailing), KafkaError::kInvalidRecord) << name;
      EXPECT_EQ(error_of(fewer), KafkaError::kInvalidRecord) << name;
      EXPECT_EQ(error_of(garbage), KafkaError::kInvalidRecord) << name;
      EXPECT_EQ(log->log_end_offset(), end);
      EXPECT_EQ(error_of(changed(codec, [](auto&) {})), KafkaError::kNone) << name;
    }
  }
}

TEST_F(AppendChecks, ALargestTimeThatTheRecordsDoNotHaveIsMadeRight) {
  open();
  for (const auto stored : {std::optional<Compression>(), std::optional(Compression::kLz4)}) {
    config.compression = stored;
    log->set_config(config);
    for (const auto codec : kCodecs) {
      std::string batch = make_batch({.values = {"a", "b"}, .compression = codec});
      wire::patch_max_timestamp(batch.data(), batch.size(), Timestamp{900'000});
      const auto appended = log->append(batch, LeaderEpoch{0}, Timestamp{1000});
      ASSERT_TRUE(appended.ok()) << appended.error().message;
      EXPECT_EQ(first_header(appended->base_offset).max_timestamp, Timestamp{1001});
    }
  }
  EXPECT_TRUE(testing::read_log(*log).has_value()) << "checksums are right again";
  EXPECT_FALSE(log->offset_for_timestamp(Timestamp{1002}).value().has_value());
}

TEST_F(AppendChecks, EachRecordsTimeIsChecked) {
  config.message_timestamp_before_max_ms = 500;
  open();
  for (const auto codec : kCodecs) {
    // The second record's time delta of 1 becomes -60 000 ms; the header does not say so.
    const auto late = changed(codec, [](auto& records) {
      const std::size_t second = records.size() / 2;
      const std::string body = std::string(
          "\0\xbf\xa9\x07\x02\x06key\x02"
          "b\0",
          12);
      records.resize(second);
      records += static_cast<char>(body.size() * 2);
      records += body;
    });
    EXPECT_EQ(error_of(late), KafkaError::kInvalidTimestamp) << wire::compression_name(codec);
  }
}

TEST_F(AppendChecks, WhatInflatesPastTheBudgetIsTooLargeAndTheBudgetIsShared) {
  open();
  const testing::BatchSpec spec{.values = {std::string(std::size_t{1} << 20U, 'z')},
                                .compression = Compression::kZstd};
  wire::InflationBudget budget{std::size_t{3} << 19U};
  std::string first = make_batch(spec);
  std::string second = first;
  EXPECT_TRUE(log->prepare(first, Timestamp{1000}, AppendOrigin::kClient, budget).ok());
  const auto refused = log->prepare(second, Timestamp{1000}, AppendOrigin::kClient, budget);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kMessageTooLarge);
}

TEST_F(AppendChecks, ABatchIsStoredUnderTheConfigItWasPreparedUnder) {
  config.compression = Compression::kZstd;
  open();
  std::string batch = make_batch({.values = {"a", "b"}});
  wire::InflationBudget budget;
  auto prepared = log->prepare(batch, Timestamp{1000}, AppendOrigin::kClient, budget);
  ASSERT_TRUE(prepared.ok());

  config.compression = Compression::kLz4;
  config.message_timestamp_type = wire::TimestampType::kLogAppendTime;
  log->set_config(config);
  ASSERT_TRUE(log->append(std::move(prepared).value(), LeaderEpoch{0}, Timestamp{9000}).ok());

  EXPECT_EQ(first_header(Offset{0}).compression(), Compression::kZstd);
  EXPECT_EQ(first_header(Offset{0}).max_timestamp, Timestamp{1001});
  EXPECT_EQ(first_header(Offset{0}).timestamp_type(), wire::TimestampType::kCreateTime);
}

}  // namespace
}  // namespace millrace::storage
