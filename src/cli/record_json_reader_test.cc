#include "cli/record_json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/byte_writer.h"
#include "base/random.h"
#include "cli/record_json.h"

namespace millrace::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(JsonRecordReader, ReadsEveryField) {
  JsonRecordReader reader;
  const auto record = reader.read(
      R"({"topic":"t","partition":3,"offset":7,"timestamp":1431857103000,"key":"alice",)"
      R"("value":"a\n\u00e9","headers":[{"name":"h","value":"1"},{"name":"n","value":null}]})");
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->topic, "");
  EXPECT_EQ(record->partition, PartitionId{3});
  EXPECT_EQ(record->timestamp, Timestamp{1431857103000});
  EXPECT_EQ(record->key, "alice");
  EXPECT_EQ(record->value, "a\né");
  EXPECT_THAT(record->headers, ElementsAre(HeaderView{"h", "1"}, HeaderView{"n", std::nullopt}));
}

TEST(JsonRecordReader, WhatIsNotThereIsNullOrLeftToTheProducer) {
  JsonRecordReader reader;
  ASSERT_TRUE(reader.read(R"({"key":"k","value":"v","partition":1,"timestamp":5})").ok());
  const auto record = reader.read(" {\"value\" : null}\r");
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->key, std::nullopt);
  EXPECT_EQ(record->value, std::nullopt);
  EXPECT_EQ(record->partition, std::nullopt);
  EXPECT_EQ(record->timestamp, kNoTimestamp);
  EXPECT_TRUE(record->headers.empty());
}

TEST(JsonRecordReader, SaysInWhichColumnWhatIsWrong) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"", "column 1: wanted a JSON object"},
      {"alice", "column 1: wanted a JSON object"},
      {R"({"value":"x)", "column 12: wanted a JSON object, found incomplete"},
      {R"({"value":"x"} 5)", "column 15: wanted a JSON object, found more behind it"},
      {R"(["x"])", "wanted an object with the fields of a record, found an array"},
      {R"("x")", "wanted an object with the fields of a record, found a string"},
      {R"({"key":"k"})", R"(wanted "value" in a record (null for a tombstone), found none)"},
      {R"({"vlaue":"x"})", R"(no field "vlaue": did you mean "value"?)"},
      {R"({"value":"x","colour":"y"})", R"(no field "colour"; there are topic, partition)"},
      {R"({"value":"x","value":"y"})", R"(wanted one of a field, found "value" as well)"},
      {R"({"value":"x","value_base64":"eA=="})", R"(found "value_base64" as well)"},
      {R"({"value":{"a":1}})",
       "wanted a string or null (other JSON goes into a string), found an object"},
      {R"({"value":[1]})", "found an array"},
      {R"({"value":1})", "found a number"},
      {R"({"value":true})", "found true or false"},
      {R"({"value_base64":"a"})", "wanted base64"},
      {R"({"value":"x","partition":"1"})", "wanted a whole number, found a string"},
      {R"({"value":"x","partition":-1})", "wanted a partition from 0 to 2147483647, found -1"},
      {R"({"value":"x","partition":1.5})", "found a number with a fraction"},
      {R"({"value":"x","timestamp":-2})", "wanted a timestamp of 0 or more"},
      {R"({"value":"x","offset":null})", "wanted a whole number, found null"},
      {R"({"value":"x","headers":{}})", R"(wanted an array for "headers", found an object)"},
      {R"({"value":"x","headers":["h"]})", R"(wanted an object with "name" and "value")"},
      {R"({"value":"x","headers":[{"name":"h"}]})", R"(wanted "value" in a header, found none)"},
      {R"({"value":"x","headers":[{"value":"h"}]})", R"(wanted "name" in a header, found none)"},
      {R"({"value":"x","headers":[{"name":null,"value":""}]})", "found null"},
      {R"({"value":"x","headers":[{"name":"h","value":"","key":""}]})", R"(no field "key")"},
      {"{\"value\":\"\xff\"}", "column 11: wanted a JSON object"},
      {R"({"value":"\ud800"})", "wanted a JSON object"},
  };
  JsonRecordReader reader;
  for (const auto& [line, wanted] : cases) {
    const auto record = reader.read(line);
    ASSERT_FALSE(record.ok()) << line;
    EXPECT_THAT(record.error().message, testing::StartsWith("column ")) << line;
    EXPECT_THAT(record.error().message, HasSubstr(wanted)) << line;
  }
}

TEST(JsonRecordReader, GoesOnBehindALineThatWasRefused) {
  JsonRecordReader reader;
  ASSERT_FALSE(reader.read(R"({"value":"half)").ok());
  const auto record = reader.read(R"({"value":"whole"})");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->value, "whole");
}

/// Bytes of every kind: text, controls, what looks like UTF-8 and is none.
std::string random_bytes(Random& random) {
  std::string bytes;
  const auto size = random.below(20);
  const bool is_ascii = random.below(2) == 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(random.below(is_ascii ? 128 : 256)));
  }
  return bytes;
}

std::optional<std::string> random_bytes_or_null(Random& random) {
  if (random.below(5) == 0) return std::nullopt;
  return random_bytes(random);
}

TEST(JsonRecordReader, ReadsBackWhateverWasWritten) {
  Random random(20);
  JsonRecordReader reader;
  for (int round = 0; round < 5000; ++round) {
    const auto key = random_bytes_or_null(random);
    const auto value = random_bytes_or_null(random);
    std::vector<std::pair<std::string, std::optional<std::string>>> headers(random.below(3));
    Buffer header_bytes;
    ByteWriter writer(header_bytes);
    for (auto& [name, of] : headers) {
      name = random_bytes(random);
      of = random_bytes_or_null(random);
      writer.varint(static_cast<std::int32_t>(name.size()));
      writer.bytes(name);
      writer.varint(of ? static_cast<std::int32_t>(of->size()) : -1);
      writer.bytes(of.value_or(""));
    }
    const RecordView written{
        .offset = Offset{round},
        .timestamp = Timestamp{static_cast<std::int64_t>(random.below(1'000'000)) - 1},
        .key = key,
        .value = value,
        .headers = HeadersView(static_cast<std::int32_t>(headers.size()), header_bytes.view())};

    std::string line;
    append_as_json({"t", PartitionId{2}}, written, line);
    const auto read = reader.read(line);

    ASSERT_TRUE(read.ok()) << line << read.error().message;
    EXPECT_EQ(read->key, written.key) << line;
    EXPECT_EQ(read->value, written.value) << line;
    EXPECT_EQ(read->timestamp, written.timestamp) << line;
    EXPECT_EQ(read->partition, PartitionId{2});
    const auto wanted = written.headers.to_vector();
    EXPECT_TRUE(
        std::equal(read->headers.begin(), read->headers.end(), wanted.begin(), wanted.end()))
        << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

}  // namespace
}  // namespace millrace::cli
