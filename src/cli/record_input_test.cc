#include "cli/record_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace millrace::cli {
namespace {

/// "key|value", null as "-"
std::string read(TextLines text, std::string_view line) {
  RecordInput input(std::move(text));
  const auto record = input.read(line);
  if (!record.ok()) return record.error().message;
  return std::string(record->key.value_or("-")) + "|" + std::string(record->value.value_or("-"));
}

TEST(RecordInput, ALineIsAValue) {
  EXPECT_EQ(read({}, "a:b"), "-|a:b");
  EXPECT_EQ(read({}, ""), "-|");
}

TEST(RecordInput, WhatStandsBeforeTheFirstSeparatorIsTheKey) {
  EXPECT_EQ(read({.key_separator = ":"}, "a:b:c"), "a|b:c");
  EXPECT_EQ(read({.key_separator = "::"}, "a:b::c"), "a:b|c");
  EXPECT_EQ(read({.key_separator = ":"}, ":"), "|");
  EXPECT_EQ(read({.key_separator = ":"}, "ab"), "wanted a key, \":\" and a value, found \"ab\"");
}

TEST(RecordInput, OneKeyIsOfEveryLineThatHasNone) {
  EXPECT_EQ(read({.key = "k"}, "a:b"), "k|a:b");
  EXPECT_EQ(read({.key_separator = ":", .key = "k"}, "a:b"), "a|b");
  EXPECT_EQ(read({.key_separator = ":", .key = "k"}, "ab"), "k|ab");
}

TEST(RecordInput, WhatIsEmptyIsNullWhenThatIsAskedFor) {
  EXPECT_EQ(read({.nulls = {.empty_is_null = true}}, ""), "-|-");
  EXPECT_EQ(read({.key_separator = ":", .nulls = {.empty_is_null = true}}, ":"), "-|-");
  EXPECT_EQ(read({.key_separator = ":", .nulls = {.empty_is_null = true}}, "a:b"), "a|b");
}

TEST(RecordInput, ATombstoneIsNull) {
  EXPECT_EQ(read({.key_separator = ":", .nulls = {.tombstone = "gone"}}, "a:gone"), "a|-");
  EXPECT_EQ(read({.key_separator = ":", .nulls = {.tombstone = "gone"}}, "gone:a"), "gone|a");
}

TEST(RecordInput, WhatIsNullIsSoInLinesOfAFormatStringToo) {
  const auto made = RecordTemplate::parse("%k:%s", Nulls::kNothing);
  auto reader = RecordTemplateReader::create(*made, "\n");
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  RecordInput input(
      TemplateLines{std::move(reader).value(), {.tombstone = "gone", .empty_is_null = true}});
  const auto record = input.read(":gone");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->key, std::nullopt);
  EXPECT_EQ(record->value, std::nullopt);
}

}  // namespace
}  // namespace millrace::cli
