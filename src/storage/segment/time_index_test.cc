#include "storage/segment/time_index.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::storage {
namespace {

TEST(TimeIndex, HasKafkasBytesAndFindsTheLastOlderEntry) {
  TimeIndex index(Offset{100});
  index.append({Timestamp{1000}, Offset{109}});
  index.append({Timestamp{1000}, Offset{119}});  // no newer: left out
  index.append({Timestamp{2000}, Offset{129}});
  EXPECT_EQ(index.encode(), std::string("\0\0\0\0\0\0\3\xe8\0\0\0\x09"
                                        "\0\0\0\0\0\0\7\xd0\0\0\0\x1d",
                                        24));
  EXPECT_EQ(index.offset_before(Timestamp{999}), Offset{100});
  EXPECT_EQ(index.offset_before(Timestamp{1999}), Offset{109});
  EXPECT_EQ(index.offset_before(Timestamp{2000}), Offset{129});
  EXPECT_EQ(TimeIndex::decode(Offset{100}, index.encode())->last().offset, Offset{129});
  EXPECT_FALSE(TimeIndex::decode(Offset{100}, "odd").ok());
  const std::string one = index.encode().substr(0, 12);
  EXPECT_FALSE(TimeIndex::decode(Offset{100}, one + one).ok());
}

}  // namespace
}  // namespace millrace::storage
