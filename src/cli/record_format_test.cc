#include "cli/record_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/byte_writer.h"

namespace millrace::cli {
namespace {

const TopicPartition kPartition{"clicks", PartitionId{3}};

class RecordFormatTest : public testing::Test {
 protected:
  RecordFormatTest() {
    ByteWriter writer(header_bytes_);
    writer.varint(5);
    writer.bytes("trace");
    writer.varint(2);
    writer.bytes("t1");
    writer.varint(4);
    writer.bytes("null");
    writer.varint(-1);
    record_ = {.offset = Offset{7},
               .timestamp = Timestamp{1431857103000},
               .key = "alice",
               .value = "hello",
               .headers = HeadersView(2, header_bytes_.view())};
  }

  Buffer header_bytes_;
  RecordView record_;
};

TEST_F(RecordFormatTest, TextIsTheFieldsAskedForWithTabs) {
  const auto fields = parse_record_fields("key,value,headers,timestamp,partition,offset,topic");
  ASSERT_TRUE(fields.ok());

  std::string out;
  append_record(TextFields{*fields}, kPartition, record_, out);

  EXPECT_EQ(out, "alice\thello\ttrace=t1,null=null\t2015-05-17T10:05:03.000Z\t3\t7\tclicks\n");
}

TEST_F(RecordFormatTest, NullIsSpelledOut) {
  record_.key.reset();
  record_.value.reset();
  std::string out;
  append_record(TextFields{{RecordField::kKey, RecordField::kValue}}, kPartition, record_, out);
  EXPECT_EQ(out, "null\tnull\n");
}

TEST_F(RecordFormatTest, KeysAndHeadersAreWrittenOutAndValuesAreAsTheyAre) {
  Buffer header_bytes;
  ByteWriter writer(header_bytes);
  writer.varint(2);
  writer.bytes("n\n");
  writer.varint(2);
  writer.bytes("\x1b\xff");
  record_.headers = HeadersView(1, header_bytes.view());
  record_.key = "k\t\x1b[2J\xff";
  record_.value = "v\x1b[2J\xff";
  const std::vector<RecordField> fields{RecordField::kKey, RecordField::kHeaders,
                                        RecordField::kValue};

  std::string shown;
  append_record(TextFields{fields}, kPartition, record_, shown);
  EXPECT_EQ(shown, "k\\t\\x1b[2J\\xff\tn\\n=\\x1b\\xff\tv\x1b[2J\xff\n");

  std::string raw;
  append_record(TextFields{fields, KeysAndHeaders::kRaw}, kPartition, record_, raw);
  EXPECT_EQ(raw, "k\t\x1b[2J\xff\tn\n=\x1b\xff\tv\x1b[2J\xff\n");
}

TEST_F(RecordFormatTest, JsonHasEveryField) {
  std::string out;
  append_record(JsonLines{}, kPartition, record_, out);
  EXPECT_EQ(out, R"({"topic":"clicks","partition":3,"offset":7,"timestamp":1431857103000,)"
                 R"("key":"alice","value":"hello","headers":[{"name":"trace","value":"t1"},)"
                 R"({"name":"null","value":null}]})"
                 "\n");
}

TEST_F(RecordFormatTest, BytesThatAreNoTextAreBase64InJson) {
  record_.key = "\xff";
  record_.value = "\xff\xfe\xfd";
  std::string out;
  append_record(JsonLines{}, kPartition, record_, out);
  EXPECT_THAT(out, testing::HasSubstr(R"("key_base64":"/w==","value_base64":"//79")"));
}

TEST_F(RecordFormatTest, HeaderNamesThatAreNoTextAreBase64InJson) {
  Buffer header_bytes;
  ByteWriter writer(header_bytes);
  writer.varint(1);
  writer.bytes("\xff");
  writer.varint(0);
  record_.headers = HeadersView(1, header_bytes.view());
  std::string out;
  append_record(JsonLines{}, kPartition, record_, out);
  EXPECT_THAT(out, testing::HasSubstr(R"("headers":[{"name_base64":"/w==","value":""}])"));
}

TEST(RecordFields, UnknownOnesAreRefusedByName) {
  EXPECT_THAT(parse_record_fields("key,colour").error().message, testing::HasSubstr("\"colour\""));
  EXPECT_FALSE(parse_record_fields("").ok());
}

}  // namespace
}  // namespace millrace::cli
