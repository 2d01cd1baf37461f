#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace millrace {
namespace {

struct Case {
  std::string_view what;
  std::string_view bytes;
  bool valid;
};

TEST(Utf8, TellsTextFromOtherBytes) {
  const std::vector<Case> cases{
      {"nothing", "", true},
      {"ASCII", "GET /index.html", true},
      {"two bytes", "caf\xc3\xa9", true},
      {"three bytes", "\xe2\x82\xac", true},
      {"four bytes", "\xf0\x9f\x98\x80", true},
      {"the largest code point", "\xf4\x8f\xbf\xbf", true},
      {"the last before the surrogates", "\xed\x9f\xbf", true},
      {"Latin-1", "caf\xe9", false},
      {"a lone continuation byte", "\x80", false},
      {"two bytes cut", "\xc3", false},
      {"three bytes cut", "\xe2\x82", false},
      {"four bytes cut", "\xf0\x9f\x98", false},
      {"a lead byte followed by ASCII", "\xc3(", false},
      {"a third byte that continues nothing", "\xe2\x82(", false},
      {"an overlong slash", "\xc0\xaf", false},
      {"an overlong three-byte form", "\xe0\x80\xaf", false},
      {"an overlong four-byte form", "\xf0\x80\x80\xaf", false},
      {"a surrogate", "\xed\xa0\x80", false},
      {"above U+10FFFF", "\xf4\x90\x80\x80", false},
      {"a byte that never occurs", "\xff", false},
  };

  for (const auto& [what, bytes, valid] : cases) EXPECT_EQ(is_utf8(bytes), valid) << what;
}

}  // namespace
}  // namespace millrace
