#include "apps/access_log/access_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace millrace::access_log {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole =
    R"(83.149.9.216 - alice [17/May/2015:10:05:03 +0000] "GET /a.png HTTP/1.1" 200 203023 )"
    R"~("http://example.com/" "Mozilla/5.0 (X11)")~";

TEST(AccessLine, TakesEveryFieldApart) {
  const auto line = parse_access_line(kWhole);

  ASSERT_TRUE(line.ok()) << line.error().message;
  EXPECT_EQ(line->client, "83.149.9.216");
  EXPECT_EQ(line->user, "alice");
  EXPECT_EQ(line->time, Timestamp{1431857103000});
  EXPECT_EQ(line->request, "GET /a.png HTTP/1.1");
  EXPECT_EQ(line->status, 200);
  EXPECT_EQ(line->bytes, 203023);
  EXPECT_EQ(line->referrer, "http://example.com/");
  EXPECT_EQ(line->user_agent, "Mozilla/5.0 (X11)");
}

struct Accepted {
  std::string_view what;
  std::string_view line;
  std::int32_t status;
  std::int64_t bytes;
  std::string_view agent;
};

TEST(AccessLine, AcceptsWhatServersWrite) {
  const std::vector<Accepted> cases{
      {"no body", R"(h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304 - "-" "-")", 304, 0,
       "-"},
      {"an escaped quote in the agent",
       R"(h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "say \"hi\"")", 200, 1,
       R"(say \"hi\")"},
      {"an agent without its closing quote",
       R"(h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 235 "-" "Mozilla/5.0 (cut)", 200,
       235, "Mozilla/5.0 (cut"},
      {"an agent that ends in a backslash",
       R"(h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 2 "-" "cut\)", 200, 2, "cut\\"},
      {"a request that is no HTTP", R"(h - - [17/May/2015:10:05:03 +0000] "\x16\x03" 400 0 "" "")",
       400, 0, ""},
      {"a host name and UTF-8",
       "b\xc3\xbcro.example - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 3 \"-\" \"-\"",
       200, 3, "-"},
  };

  for (const auto& [what, line, status, bytes, agent] : cases) {
    const auto parsed = parse_access_line(line);
    ASSERT_TRUE(parsed.ok()) << what << ": " << parsed.error().message;
    EXPECT_EQ(parsed->status, status) << what;
    EXPECT_EQ(parsed->bytes, bytes) << what;
    EXPECT_EQ(parsed->user_agent, agent) << what;
  }
}

struct Refused {
  std::string_view what;
  std::string line;
  std::string_view reason;
};

TEST(AccessLine, RefusesBrokenLinesWithTheReason) {
  const std::string head = "h - - [17/May/2015:10:05:03 +0000] ";
  const std::vector<Refused> cases{
      {"empty", "", "client address"},
      {"a word", "hello", "identity"},
      {"starts with a space", " h - -", "client address"},
      {"no time", "h - - \"GET /\"", "time in brackets"},
      {"time never closed", "h - - [17/May/2015:10:05:03 +0000", "closing bracket"},
      {"no such day", "h - - [31/Feb/2015:10:05:03 +0000] \"\" 200 1 \"\" \"\"", "wanted a time"},
      {"before 1970", "h - - [17/May/1960:10:05:03 +0000] \"\" 200 1 \"\" \"\"", "since 1970"},
      {"request without quotes", head + "GET / 200 1", "quoted request"},
      {"request never closed", head + "\"GET / 200 1", "closing quote"},
      {"status of two digits", head + "\"GET /\" 20 1 \"-\" \"-\"", "three digits"},
      {"status below 100", head + "\"GET /\" 099 1 \"-\" \"-\"", "three digits"},
      {"status with a sign", head + "\"GET /\" +20 1 \"-\" \"-\"", "three digits"},
      {"negative size", head + "\"GET /\" 200 -5 \"-\" \"-\"", "size in bytes"},
      {"size past 63 bits", head + "\"GET /\" 200 9223372036854775808 \"-\" \"-\"",
       "size in bytes"},
      {"common format, no referrer", head + "\"GET /\" 200 5", "quoted referrer"},
      {"no agent", head + "\"GET /\" 200 5 \"-\" ", "quoted user agent"},
      {"something after the agent", head + "\"GET /\" 200 5 \"-\" \"-\" more", "end of the line"},
      {"Latin-1", head + "\"GET /caf\xe9\" 200 5 \"-\" \"-\"", "UTF-8"},
      {"too long", std::string(kLineBytesMax + 1, 'x'), "at most"},
  };

  for (const auto& [what, line, reason] : cases) {
    const auto parsed = parse_access_line(line);
    ASSERT_FALSE(parsed.ok()) << what;
    EXPECT_THAT(parsed.error().message, HasSubstr(reason)) << what;
  }
}

TEST(AccessLine, NoPrefixOfALineIsReadPastItsEnd) {
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    const std::string prefix(kWhole.substr(0, length));
    const auto parsed = parse_access_line(prefix);
    EXPECT_TRUE(!parsed.ok() || length > kWhole.find("\"Mozilla")) << prefix;
  }
}

TEST(LogTime, UnderstandsZonesLeapDaysAndTheLeapSecond) {
  const std::vector<std::pair<std::string_view, std::int64_t>> cases{
      {"01/Jan/1970:00:00:00 +0000", 0},
      {"01/Jan/1970:02:30:00 +0230", 0},
      {"31/Dec/1969:19:00:00 -0500", 0},
      {"29/Feb/2016:23:59:59 +0000", 1456790399000},
      {"31/Dec/2016:23:59:60 +0000", 1483228800000},
  };
  for (const auto& [text, millis] : cases) {
    const auto time = parse_log_time(text);
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_EQ(*time, Timestamp{millis}) << text;
  }
}

TEST(LogTime, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "17/May/2015", "17/may/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000",
        "17/May/2015:10:60:03 +0000", "17/May/2015:10:05:61 +0000", "29/Feb/2015:10:05:03 +0000",
        "17-May-2015:10:05:03 +0000", "1x/May/2015:10:05:03 +0000", "17/May/2015:10:05:03 00000",
        "17/May/2015:10:05:03 +1500"}) {
    EXPECT_FALSE(parse_log_time(text).ok()) << text;
  }
}

}  // namespace
}  // namespace millrace::access_log
