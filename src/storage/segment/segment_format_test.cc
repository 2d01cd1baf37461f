#include "storage/segment/segment_format.h"

#include <gtest/gtest.h>

namespace millrace::storage {
namespace {

TEST(SegmentFormat, NamesFilesByTwentyDigits) {
  EXPECT_EQ(segment_file_name(Offset{42}, kLogSuffix), "00000000000000000042.log");
  EXPECT_EQ(offset_of_file("00000000000000000042.log", kLogSuffix), Offset{42});
  for (const char* name : {"42.log", "00000000000000000042.index", "0000000000000000004x.log",
                           "99999999999999999999.log", "-0000000000000000042.log", ""}) {
    EXPECT_FALSE(offset_of_file(name, kLogSuffix).has_value()) << name;
  }
}

}  // namespace
}  // namespace millrace::storage
