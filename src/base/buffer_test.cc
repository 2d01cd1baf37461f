#include "base/buffer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace millrace {
namespace {

TEST(Buffer, KeepsItsBytesWhileItGrows) {
  Buffer buffer;
  std::string wanted;
  for (int i = 0; i < 1000; ++i) {
    const std::string part = std::to_string(i);
    buffer.append(part);
    wanted += part;
  }
  EXPECT_EQ(buffer.view(), wanted);
  EXPECT_GE(buffer.capacity(), buffer.size());
}

TEST(Buffer, ExtendGivesRoomAtTheEnd) {
  Buffer buffer = Buffer::copy_of("ab");
  char* const room = buffer.extend(2);
  room[0] = 'c';
  room[1] = 'd';
  EXPECT_EQ(buffer.view(), "abcd");
}

TEST(Buffer, ReservedRoomIsUsedWithoutMoving) {
  Buffer buffer(100);
  const char* const start = buffer.data();
  buffer.append(std::string(100, 'x'));
  EXPECT_EQ(buffer.data(), start);
  EXPECT_EQ(buffer.size(), 100U);
}

TEST(Buffer, ClearKeepsTheMemoryForReuse) {
  Buffer buffer = Buffer::copy_of("something");
  const std::size_t capacity = buffer.capacity();
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(Buffer, MovesLeaveNothingBehind) {
  Buffer from = Buffer::copy_of("bytes");
  Buffer to(std::move(from));
  EXPECT_EQ(to.view(), "bytes");

  Buffer other;
  other = std::move(to);
  EXPECT_EQ(other.view(), "bytes");
}

TEST(Buffer, AppendingNothingIsNothing) {
  Buffer buffer;
  buffer.append({});
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
}

TEST(Buffer, CanShrinkAndGrowWithoutLosingTheFront) {
  Buffer buffer = Buffer::copy_of("abcdef");
  buffer.resize_uninitialized(3);
  EXPECT_EQ(buffer.view(), "abc");
  buffer.resize_uninitialized(5000);
  EXPECT_EQ(buffer.view().substr(0, 3), "abc");
}

}  // namespace
}  // namespace millrace
