#include "wire/record_walk.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/byte_order.h"
#include "base/random.h"
#include "base/varint.h"
#include "wire/crc32c.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::wire {
namespace {

using namespace batch_format;

constexpr std::array kCodecs{Compression::kNone, Compression::kGzip, Compression::kSnappy,
                             Compression::kLz4, Compression::kZstd};

std::string varint(std::int64_t value) {
  std::array<char, kVarint64BytesMax> bytes{};
  return {bytes.data(), static_cast<std::size_t>(write_varint(bytes.data(), value) - bytes.data())};
}

struct RecordSpec {
  std::int32_t offset_delta = 0;
  std::string value = "value";
  std::string key_field = varint(3) + "key";
  std::string headers = varint(0);
  std::int64_t timestamp_delta = 0;
  std::int64_t length_off_by = 0;
};

std::string record(const RecordSpec& spec) {
  const std::string body = std::string(1, '\0') + varint(spec.timestamp_delta) +
                           varint(spec.offset_delta) + spec.key_field +
                           varint(static_cast<std::int64_t>(spec.value.size())) + spec.value +
                           spec.headers;
  return varint(static_cast<std::int64_t>(body.size()) + spec.length_off_by) + body;
}

/// A batch of `count` records that holds `inside`, as it is, between header and end.
std::string batch_of_bytes(Compression codec, std::string_view inside, std::int32_t count) {
  RecordBatchBuilder builder(BatchOptions{});
  builder.append(Timestamp{1000}, "k", "v");
  std::string batch(builder.build().view().substr(0, kHeaderSize));
  batch += inside;
  char* const at = batch.data();
  store_big_endian(at + kBatchLengthAt, static_cast<std::int32_t>(batch.size() - kLengthOverhead));
  store_big_endian(at + kAttributesAt, static_cast<std::int16_t>(codec));
  store_big_endian(at + kRecordCountAt, count);
  store_big_endian(at + kLastOffsetDeltaAt, count - 1);
  store_big_endian(at + kCrcAt, crc32c(std::string_view(batch).substr(kCrcCoversFrom)));
  return batch;
}

std::string batch_of(Compression codec, std::string_view records, std::int32_t count) {
  Buffer inside;
  EXPECT_TRUE(compress(codec, {}, records, inside).ok());
  return batch_of_bytes(codec, inside.view(), count);
}

Result<RecordFacts> check(std::string_view batch, InflationBudget budget = {},
                          KeyRule keys = KeyRule::kOptional) {
  auto header = check_batch(batch);
  if (!header.ok()) return std::move(header).error();
  return check_records(batch, *header, {keys}, budget);
}

TEST(RecordWalk, LetsInWhatReadersReadAndRefusesTheRest) {
  const std::string one = record({.offset_delta = 0});
  const std::string two = one + record({.offset_delta = 1});
  const std::string headers =
      varint(2) + varint(1) + "a" + varint(1) + "b" + varint(0) + varint(-1);
  struct Case {
    std::string_view what;
    std::string records;
    std::int32_t count;
    bool is_sound;
  };
  const std::vector<Case> cases{
      {"two records", two, 2, true},
      {"null key and headers", record({.key_field = varint(-1), .headers = headers}), 1, true},
      {"one offset twice", one + one, 2, false},
      {"offsets from behind", record({.offset_delta = 1}) + one, 2, false},
      {"an offset left out", one + record({.offset_delta = 2}), 2, false},
      {"a negative offset", record({.offset_delta = -1}), 1, false},
      {"fewer than announced", two, 3, false},
      {"more than announced", two, 1, false},
      {"bytes after the last", two + "xx", 2, false},
      {"nothing", "", 1, false},
      {"a record cut short", one.substr(0, one.size() - 2), 1, false},
      {"a record one byte longer than its fields", record({.length_off_by = 1}) + "x", 1, false},
      {"a record shorter than its fields", record({.length_off_by = -1}), 1, false},
      {"a length of nothing", varint(0) + one, 2, false},
      {"a negative length", varint(-5) + one, 2, false},
      {"a key of length -2", record({.key_field = varint(-2)}), 1, false},
      {"a key that passes the record", record({.key_field = varint(1000) + "key"}), 1, false},
      {"a negative count of headers", record({.headers = varint(-1)}), 1, false},
      {"a header without key", record({.headers = varint(1) + varint(-1) + varint(-1)}), 1, false},
      {"headers that are not there", record({.headers = varint(3)}), 1, false},
      {"a varint without end", std::string(40, '\xff'), 1, false},
  };
  for (const auto codec : kCodecs) {
    for (const auto& c : cases) {
      const auto found = check(batch_of(codec, c.records, c.count));
      EXPECT_EQ(found.ok(), c.is_sound) << compression_name(codec) << ": " << c.what;
      if (found.ok()) continue;
      EXPECT_EQ(found.error().code, ErrorCode::kCorrupt) << c.what;
    }
  }
}

TEST(RecordWalk, FindsTheSameInPiecesOfAnySize) {
  Random random(7);
  std::string records;
  std::int32_t count = 0;
  for (const std::size_t size : {0U, 1U, 5U, 40U, 300U, 70'000U, 3U}) {
    records += record({.offset_delta = count++,
                       .value = std::string(size, 'v'),
                       .headers = varint(1) + varint(40) + std::string(40, 'h') + varint(2) + "hv",
                       .timestamp_delta = static_cast<std::int64_t>(size)});
  }
  std::vector<std::string> versions{records};
  for (int i = 0; i < 300; ++i) {  // and when a byte of it is another
    versions.push_back(records);
    auto& byte = versions.back()[random.below(i % 2 == 0 ? 600 : records.size())];
    byte = static_cast<char>(byte ^ (1 << random.below(8)));
  }
  for (const auto& bytes : versions) {
    const auto header = read_batch_header(batch_of(Compression::kNone, bytes, count)).value();
    RecordWalk at_once(header, KeyRule::kRequired);
    const auto taken = at_once.take(bytes);
    const auto whole = taken.ok() ? at_once.finish() : taken.error();
    for (const std::size_t piece_bytes : {1U, 2U, 3U, 7U, 33U, 100U, 5000U}) {
      RecordWalk walk(header, KeyRule::kRequired);
      std::string left;
      bool is_ok = true;
      for (std::size_t at = 0; at < bytes.size() && is_ok; at += piece_bytes) {
        left += bytes.substr(at, piece_bytes);
        const auto count_taken = walk.take(left);
        is_ok = count_taken.ok();
        if (!is_ok) break;
        left.erase(0, *count_taken);
        ASSERT_LT(left.size(), RecordWalk::kLeftBytesMax);
      }
      const auto found = walk.finish();
      ASSERT_EQ(found.ok(), whole.ok()) << "in pieces of " << piece_bytes;
      if (!found.ok()) continue;
      ASSERT_EQ(found->max_timestamp, whole->max_timestamp);
      ASSERT_EQ(found->min_timestamp, whole->min_timestamp);
    }
  }
}

TEST(RecordWalk, SaysTheEarliestAndTheLatestTime) {
  for (const auto codec : kCodecs) {
    const auto found = check(batch_of(codec,
                                      record({.offset_delta = 0, .timestamp_delta = 5}) +
                                          record({.offset_delta = 1, .timestamp_delta = -1001}) +
                                          record({.offset_delta = 2, .timestamp_delta = -20}),
                                      3));
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->max_timestamp, Timestamp{1005});
    EXPECT_EQ(found->min_timestamp, Timestamp{980}) << "the second has none";
  }
}

TEST(RecordWalk, WantsKeysWhereTheyAreRequired) {
  for (const auto codec : kCodecs) {
    const auto keyless = batch_of(codec, record({.key_field = varint(-1)}), 1);
    const auto empty = batch_of(codec, record({.key_field = varint(0)}), 1);
    EXPECT_TRUE(check(keyless).ok());
    EXPECT_FALSE(check(keyless, {}, KeyRule::kRequired).ok());
    EXPECT_TRUE(check(empty, {}, KeyRule::kRequired).ok());
  }
}

TEST(RecordWalk, RefusesWhatIsNoFrameOfItsCodec) {
  for (const auto codec : kCodecs) {
    if (codec == Compression::kNone) continue;
    Buffer sound;
    ASSERT_TRUE(compress(codec, {}, record({}), sound).ok());
    const std::string frame(sound.view());
    for (const auto& inside : {std::string(), std::string(50, '\xff'), frame + "xxxxxxxx",
                               frame.substr(0, frame.size() - 6)}) {
      const auto found = check(batch_of_bytes(codec, inside, 1));
      ASSERT_FALSE(found.ok()) << compression_name(codec);
      EXPECT_EQ(found.error().code, ErrorCode::kCorrupt) << compression_name(codec);
    }
  }
}

TEST(RecordWalk, ABombEndsWithTheBudgetAndTakesItOff) {
  const std::size_t large = std::size_t{8} << 20U;
  for (const auto codec : kCodecs) {
    if (codec == Compression::kNone) continue;
    const auto bomb = batch_of(codec, record({.value = std::string(large, '\0')}), 1);
    const auto header = check_batch(bomb).value();

    InflationBudget enough{2 * large};
    ASSERT_TRUE(check_records(bomb, header, {}, enough).ok());
    EXPECT_LT(enough.left_bytes, large) << "what was inflated is gone";

    InflationBudget little{std::size_t{1} << 20U};
    const auto refused = check_records(bomb, header, {}, little);
    ASSERT_FALSE(refused.ok()) << compression_name(codec);
    EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge) << compression_name(codec);
  }
}

TEST(RecordWalk, KeepsWhatInflatesWhereThatIsWanted) {
  std::string records;
  for (std::int32_t i = 0; i < 20'000; ++i) records += record({.offset_delta = i});
  for (const auto codec : kCodecs) {
    const auto batch = batch_of(codec, records, 20'000);
    Buffer inflated;
    InflationBudget budget;
    const RecordCheck wanted{.inflated = &inflated};
    ASSERT_TRUE(check_records(batch, check_batch(batch).value(), wanted, budget).ok());
    EXPECT_EQ(inflated.view(), codec == Compression::kNone ? "" : records)
        << compression_name(codec);
  }
}

TEST(RecordWalk, ABombWithNonsenseInFrontIsNotInflated) {
  const std::size_t large = std::size_t{8} << 20U;
  for (const auto codec : {Compression::kGzip, Compression::kLz4, Compression::kZstd}) {
    const auto bomb = batch_of(codec, record({}) + std::string(large, '\0'), 1);
    InflationBudget budget{2 * large};
    const auto refused = check_records(bomb, check_batch(bomb).value(), {}, budget);
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
    EXPECT_GT(budget.left_bytes, large + large / 2) << compression_name(codec);
  }
}

}  // namespace
}  // namespace millrace::wire
