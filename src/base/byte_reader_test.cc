#include "base/byte_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/byte_writer.h"

namespace millrace {
namespace {

using ::testing::HasSubstr;

Buffer sample() {
  Buffer buffer;
  ByteWriter writer(buffer);
  writer.i8(-2);
  writer.i16(-300);
  writer.i32(70'000);
  writer.i64(-5'000'000'000);
  writer.u8(200);
  writer.u16(60'000);
  writer.u32(4'000'000'000);
  writer.f64(-0.5);
  writer.uvarint(300);
  writer.varint(-129);
  writer.varlong(-5'000'000'000);
  writer.bytes("tail");
  return buffer;
}

void read_sample(ByteReader& reader) {
  (void)reader.i8();
  (void)reader.i16();
  (void)reader.i32();
  (void)reader.i64();
  (void)reader.u8();
  (void)reader.u16();
  (void)reader.u32();
  (void)reader.f64();
  (void)reader.uvarint();
  (void)reader.varint();
  (void)reader.varlong();
  reader.skip(4);
}

TEST(ByteReader, ReadsWhatTheWriterWrote) {
  const Buffer buffer = sample();
  ByteReader reader(buffer.view());

  EXPECT_EQ(reader.i8(), -2);
  EXPECT_EQ(reader.i16(), -300);
  EXPECT_EQ(reader.i32(), 70'000);
  EXPECT_EQ(reader.i64(), -5'000'000'000);
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.u16(), 60'000);
  EXPECT_EQ(reader.u32(), 4'000'000'000);
  EXPECT_EQ(reader.f64(), -0.5);
  EXPECT_EQ(reader.uvarint(), 300U);
  EXPECT_EQ(reader.varint(), -129);
  EXPECT_EQ(reader.varlong(), -5'000'000'000);
  EXPECT_EQ(reader.rest(), "tail");
  EXPECT_EQ(reader.bytes(4), "tail");
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.status().ok());
}

TEST(ByteReader, IntegersAreBigEndian) {
  ByteReader reader(std::string_view("\x01\x02\x03\x04", 4));
  EXPECT_EQ(reader.u32(), 0x01020304U);
}

TEST(ByteReader, FailsAtEveryCutAndSaysWhere) {
  const Buffer buffer = sample();
  for (std::size_t cut = 0; cut < buffer.size(); ++cut) {
    ByteReader reader(buffer.view().substr(0, cut));
    read_sample(reader);
    ASSERT_FALSE(reader.ok()) << "cut at " << cut;
    EXPECT_EQ(reader.status().error().code, ErrorCode::kTruncated);
    EXPECT_THAT(reader.status().error().message, HasSubstr(" of " + std::to_string(cut)));
  }
}

TEST(ByteReader, TheFirstFailureStaysAndLaterReadsAreEmpty) {
  ByteReader reader("abc");
  (void)reader.u8();
  EXPECT_EQ(reader.i32(), 0);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.bytes(1), "");
  EXPECT_EQ(reader.uvarint(), 0U);
  EXPECT_EQ(reader.bytes(0), "");
  reader.fail("something else");

  EXPECT_THAT(reader.status().error().message, HasSubstr("wanted int32 at byte 1 of 3"));
}

TEST(ByteReader, ALengthThatCannotBeIsRefusedWithoutOverflow) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.bytes(static_cast<std::size_t>(-1)), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, NothingIsReadFromNothing) {
  ByteReader reader(std::string_view{});
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.bytes(0), "");
  EXPECT_TRUE(reader.status().ok());
  EXPECT_EQ(reader.i64(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, PatchesALengthWrittenEarlier) {
  Buffer buffer;
  ByteWriter writer(buffer);
  writer.u8(7);
  writer.i32(0);
  writer.bytes("body");
  writer.patch_i32(1, 4);

  ByteReader reader(buffer.view());
  reader.skip(1);
  EXPECT_EQ(reader.i32(), 4);
  EXPECT_EQ(writer.position(), 9U);
}

}  // namespace
}  // namespace millrace
