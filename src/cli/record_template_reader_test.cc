#include "cli/record_template_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/byte_writer.h"

namespace millrace::cli {
namespace {

using testing::HasSubstr;

Result<RecordTemplateReader> reader_of(std::string_view text, std::string_view delimiter = "\n") {
  const auto made = RecordTemplate::parse(text, Nulls::kNothing);
  if (!made.ok()) return made.error();
  return RecordTemplateReader::create(*made, delimiter);
}

/// "partition timestamp key|value|headers", with what is not there as "-".
std::string read(std::string_view format, std::string_view line) {
  auto reader = reader_of(format);
  if (!reader.ok()) return reader.error().message;
  const auto record = reader->read(line);
  if (!record.ok()) return record.error().message;
  std::string headers;
  for (const HeaderView& header : record->headers) {
    headers += fmt::format("{}={};", header.key, header.value.value_or("-"));
  }
  return fmt::format(
      "{} {} {}|{}|{}", record->partition ? fmt::format("{}", *record->partition) : "-",
      record->timestamp, record->key.value_or("-"), record->value.value_or("-"), headers);
}

TEST(RecordTemplateReader, TakesALineApart) {
  EXPECT_EQ(read("%s", "all of it"), "- -1 -|all of it|");
  EXPECT_EQ(read("%k: %s", "alice: a: b"), "- -1 alice|a: b|");
  EXPECT_EQ(read("%p/%o %T %k=%s %h;", "3/12 99 k=v a=1,b=NULL,c=;"), "3 99 k|v|a=1;b=-;c=;");
  EXPECT_EQ(read("[%k] %s!", "[] !"), "- -1 ||");
  EXPECT_EQ(read("%t %s", "clicks hello"), "- -1 -|hello|");
  EXPECT_EQ(read("%s%%", "50%"), "- -1 -|50|");
}

TEST(RecordTemplateReader, TheDelimiterAtItsEndIsTheLineEnd) {
  EXPECT_EQ(read(R"(%k: %s\n)", "a: b"), "- -1 a|b|");
  auto reader = reader_of("%s;", ";");
  ASSERT_TRUE(reader.ok());
  const auto record = reader->read("a");
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->value, "a");
}

TEST(RecordTemplateReader, ReadsBackWhatIsWrittenByTheSameFormat) {
  const auto format = RecordTemplate::parse(R"(%t %p %o %T [%k] [%h] %s\n)", Nulls::kNothing);
  Buffer header_bytes;
  ByteWriter writer(header_bytes);
  writer.varint(1);
  writer.bytes("h");
  writer.varint(1);
  writer.bytes("1");
  std::string line;
  format->append({"clicks", PartitionId{2}},
                 {.offset = Offset{5},
                  .timestamp = Timestamp{77},
                  .key = "k 1",
                  .value = "v] [",
                  .headers = HeadersView(1, header_bytes.view())},
                 line);
  auto reader = RecordTemplateReader::create(*format, "\n");
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  const auto record = reader->read(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->partition, PartitionId{2});
  EXPECT_EQ(record->timestamp, Timestamp{77});
  EXPECT_EQ(record->key, "k 1");
  EXPECT_EQ(record->value, "v] [");
  EXPECT_THAT(record->headers, testing::ElementsAre(HeaderView{"h", "1"}));
}

TEST(RecordTemplateReader, SaysInWhichColumnALineIsNotAsTheFormatSays) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"hello", "column 1: wanted \"<\", found \"hello\""},
      {"<k v", "column 2: wanted \"> \" behind this, found \"k v\""},
      {"<k> x v;", "column 5: wanted a partition from 0 to 2147483647, found \"x\""},
      {"<k> -1 v;", "column 5: wanted a partition"},
      {"<k> 1 v", "column 7: wanted \";\" behind this"},
  };
  for (const auto& [line, wanted] : cases) {
    EXPECT_THAT(read("<%k> %p %s;", line), HasSubstr(wanted)) << line;
  }
  EXPECT_THAT(read("%s %h", "v h"), HasSubstr("column 3: wanted a header as name=value"));
  EXPECT_THAT(read("%s %T", "v soon"), HasSubstr("column 3: wanted a timestamp"));
}

TEST(RecordTemplateReader, RefusesFormatsThatCannotBeReadBack) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"%k%s", "wanted text between two tokens"},
      {"%K %s", "found a length"},
      {"%R%s", "found a length"},
      {"%s %s", "wanted each token once"},
      {"%t %p", "wanted %s or %k"},
      {"%v", "found %v"},
  };
  for (const auto& [format, wanted] : cases) {
    EXPECT_THAT(read(format, "x"), HasSubstr(wanted)) << format;
  }
}

}  // namespace
}  // namespace millrace::cli
