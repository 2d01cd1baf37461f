#include "cli/record_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/byte_writer.h"

namespace millrace::cli {
namespace {

using namespace std::string_literals;

const TopicPartition kPartition{"clicks", PartitionId{3}};

class RecordTemplateTest : public testing::Test {
 protected:
  RecordTemplateTest() {
    ByteWriter writer(header_bytes_);
    writer.varint(5);
    writer.bytes("trace");
    writer.varint(2);
    writer.bytes("t1");
    writer.varint(4);
    writer.bytes("none");
    writer.varint(-1);
    record_ = {.offset = Offset{7},
               .timestamp = Timestamp{1431857103000},
               .key = "alice",
               .value = "hello",
               .headers = HeadersView(2, header_bytes_.view())};
  }

  std::string filled(std::string_view text, Nulls nulls = Nulls::kNothing) const {
    const auto made = RecordTemplate::parse(text, nulls);
    if (!made.ok()) return made.error().to_string();
    std::string out;
    made->append(kPartition, record_, out);
    return out;
  }

  Buffer header_bytes_;
  RecordView record_;
};

TEST_F(RecordTemplateTest, EachTokenIsItsPartOfTheRecord) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"%t", "clicks"},
      {"%p", "3"},
      {"%o", "7"},
      {"%k", "alice"},
      {"%K", "5"},
      {"%s", "hello"},
      {"%S", "5"},
      {"%R", "\0\0\0\5"s},
      {"%T", "1431857103000"},
      {"%h", "trace=t1,none=NULL"},
      {"%%", "%"},
      {"plain", "plain"},
      {R"(%k: %s\n)", "alice: hello\n"},
      {R"(\x41%%s\t%%)", "A%s\t%"},
      {"", ""},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(filled(text), wanted) << text;
}

TEST_F(RecordTemplateTest, NullsAreNothingUnlessTheyAreAskedForAndHaveTheLengthMinusOne) {
  record_.key.reset();
  record_.value.reset();
  EXPECT_EQ(filled("[%k|%s] %K %S %R"), "[|] -1 -1 \xff\xff\xff\xff");
  EXPECT_EQ(filled("[%k|%s]", Nulls::kSpelledOut), "[NULL|NULL]");
}

TEST_F(RecordTemplateTest, EmptyIsNotNull) {
  record_.key = "";
  record_.value = "";
  EXPECT_EQ(filled("[%k|%s] %K %S", Nulls::kSpelledOut), "[|] 0 0");
}

TEST_F(RecordTemplateTest, BytesAreAsTheyAre) {
  record_.key = std::string_view("k\0\x1b", 3);
  record_.value = "\xff\n";
  EXPECT_EQ(filled(R"(%k\0%s)"), "k\0\x1b\0\xff\n"s);
}

TEST_F(RecordTemplateTest, DelimitedIsKeySeparatorValueDelimiter) {
  std::string out;
  RecordTemplate::delimited(":", "\n", Nulls::kNothing).append(kPartition, record_, out);
  RecordTemplate::delimited(std::nullopt, "%s;", Nulls::kNothing).append(kPartition, record_, out);
  EXPECT_EQ(out, "alice:hello\nhello%s;");
}

TEST_F(RecordTemplateTest, WhatThereIsNotIsRefusedWithItsColumn) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"%k %v", "column 4: wanted one of %t %p %o %k %K %s %S %R %T %h %%, found %v"},
      {"50%", "column 3: wanted one of"},
      {R"(%k\q)", R"(column 3: wanted one of \n \r \t)"},
      {R"(%s\)", "column 3: wanted one of"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto made = RecordTemplate::parse(text, Nulls::kNothing);
    ASSERT_FALSE(made.ok()) << text;
    EXPECT_THAT(made.error().message, testing::HasSubstr(wanted)) << text;
    EXPECT_THAT(made.error().message, testing::StartsWith("--format")) << text;
  }
}

}  // namespace
}  // namespace millrace::cli
