#include "base/printable.h"

#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace millrace {
namespace {

TEST(Printable, LeavesTextOfEveryAlphabetAlone) {
  for (const std::string text :
       {"", "orders-eu", "größe", "日本", "🙂", "a\\b \"c\"", "\xc2\xa0"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, WritesOutControlCharacters) {
  EXPECT_EQ(printable("evil\x1b[31mred\nsecond\r\t\x7f"), "evil\\x1b[31mred\\nsecond\\r\\t\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");
}

TEST(Printable, WritesOutWhatSeparatesLinesOrTurnsTheDirectionOfWriting) {
  EXPECT_EQ(printable("a\u202eb\u2066c\u200fd\u061ce"), "a\\u202eb\\u2066c\\u200fd\\u061ce");
  EXPECT_EQ(printable("a\u2028b\u2029c"), "a\\u2028b\\u2029c");
  EXPECT_EQ(printable("a\u2027b\u202fc\u200bd"), "a\u2027b\u202fc\u200bd");
}

TEST(Printable, WritesOutBytesThatAreNoText) {
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\x9b"
                      "31m\xff"),
            "\\x9b31m\\xff");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
}

TEST(Printable, EveryByteAndEveryPairOfBytesBecomesOneLineOfText) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = printable(bytes);
      EXPECT_TRUE(is_utf8(shown));
      for (const char c : shown) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
      EXPECT_EQ(printable(shown), shown);
    }
  }
}

}  // namespace
}  // namespace millrace
