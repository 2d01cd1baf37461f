#include "cli/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace millrace::cli {
namespace {

// RFC 4648, section 10, and bytes that need every digit.
const std::vector<std::pair<std::string, std::string>> kPairs{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xfe\xfd", "//79"},
    {std::string("\0\x10\x83\x10\x51\x87", 6), "ABCDEFGH"},
};

TEST(Base64, WritesWhatTheStandardSays) {
  for (const auto& [bytes, text] : kPairs) {
    std::string out;
    append_base64(bytes, out);
    EXPECT_EQ(out, text);
  }
}

TEST(Base64, ReadsWhatItWrote) {
  for (const auto& [bytes, text] : kPairs) {
    std::string decoded = text;
    const auto size = decode_base64_in_place(decoded);
    ASSERT_TRUE(size) << text;
    EXPECT_EQ(decoded.substr(0, *size), bytes);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (std::string text :
       {"Zg", "Zg=", "Z===", "====", "Zm9v====", "Zm9*", "Zm 9", "Zh==", "Zm9=", "=Zm9", "Z=m9"}) {
    EXPECT_FALSE(decode_base64_in_place(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::cli
