// Records become lines, and lines records, without memory for each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/byte_writer.h"
#include "cli/record_format.h"
#include "cli/record_json_reader.h"
#include "tests/allocation/counted_new.h"

namespace millrace::allocation {
namespace {

constexpr int kLines = 1000;

/// A record with something in every field, also bytes that are no text.
class RecordLines : public testing::Test {
 protected:
  RecordLines() {
    ByteWriter writer(header_bytes_);
    writer.varint(4);
    writer.bytes("name");
    writer.varint(30);
    writer.bytes(std::string(30, '\xff'));
    record_ = {.offset = Offset{1'000'000'007},
               .timestamp = Timestamp{1431857103000},
               .key = "a key that is longer than a short string\x1b",
               .value = "a value that is longer than a short string\n",
               .headers = HeadersView(1, header_bytes_.view())};
  }

  /// What the lines after the first take; the first makes `out` large enough.
  std::uint64_t taken_by(const cli::RecordFormat& format) {
    std::string out;
    cli::append_record(format, partition_, record_, out);
    return allocations_of([&] {
      for (int i = 0; i < kLines; ++i) {
        out.clear();
        cli::append_record(format, partition_, record_, out);
      }
    });
  }

  const TopicPartition partition_{"a-topic-with-a-long-name", PartitionId{123}};
  Buffer header_bytes_;
  RecordView record_;
};

TEST_F(RecordLines, TakeNoMemoryAsText) {
  const auto fields =
      cli::parse_record_fields("topic,partition,offset,timestamp,key,value,headers");
  EXPECT_EQ(taken_by(cli::TextFields{*fields}), 0U);
}

TEST_F(RecordLines, TakeNoMemoryInAFormatString) {
  const auto format =
      cli::RecordTemplate::parse(R"(%t %p %o %T %k %K %s %S %R %h %%\n)", cli::Nulls::kNothing);
  EXPECT_EQ(taken_by(*format), 0U);
}

TEST_F(RecordLines, TakeNoMemoryAsJson) {
  EXPECT_EQ(taken_by(cli::JsonLines{}), 0U);
}

TEST_F(RecordLines, TakeNoMemoryWhenTheyAreReadFromJson) {
  std::string line;
  cli::append_record(cli::JsonLines{}, partition_, record_, line);
  cli::JsonRecordReader reader;
  ASSERT_TRUE(reader.read(line).ok());
  const auto taken = allocations_of([&] {
    for (int i = 0; i < kLines; ++i) ASSERT_TRUE(reader.read(line).ok());
  });
  EXPECT_EQ(taken, 0U);
}

}  // namespace
}  // namespace millrace::allocation
