#include "apps/access_log/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "apps/access_log/charts.h"
#include "apps/access_log/counts.h"
#include "apps/access_log/demo.h"

namespace millrace::access_log {
namespace {

using testing::ElementsAre;

TEST(Counts, ReadBackWhatTheyWrite) {
  const StatusTotals totals{.status = 200, .requests = 9126, .bytes = 2735455845};
  Buffer bytes;
  StatusTotalsSerde{}.encode(totals, bytes);
  EXPECT_EQ(bytes.view(), R"({"status":200,"requests":9126,"bytes":2735455845})");
  EXPECT_EQ(StatusTotalsSerde{}.decode(bytes.view()).value(), totals);

  const MinuteCount count{.window_start = Timestamp{1431857100000}, .status = 404, .requests = 1};
  bytes.clear();
  MinuteCountSerde{}.encode(count, bytes);
  EXPECT_EQ(bytes.view(), R"({"window_start_ms":1431857100000,"status":404,"requests":1})");
  EXPECT_EQ(MinuteCountSerde{}.decode(bytes.view()).value(), count);
}

TEST(Counts, RefuseOtherBytes) {
  for (const std::string_view bytes :
       {"", "{}", R"({"status":200})", R"({"status":x,"requests":1,"bytes":2})",
        R"({"status":200,"requests":1,"bytes":2)", R"({"status":200,"requests":1,"bytes":2} )"}) {
    EXPECT_FALSE(StatusTotalsSerde{}.decode(bytes).ok()) << bytes;
  }
}

TEST(Charts, DeadLettersThatLackTheSameShareARow) {
  Results results;
  results.add_dead_letter("wanted UTF-8, found other bytes");
  results.add_dead_letter("wanted a time in brackets, found \"a\" at byte 1");
  results.add_dead_letter("wanted a time in brackets, found \"b\" at byte 2");
  results.add_dead_letter("wanted a status, found \"\x1b[2J\" at byte 3");

  EXPECT_EQ(dead_letter_table(results),
            " LINES  FOR INSTANCE\n"
            "     1  wanted UTF-8, found other bytes\n"
            "     1  wanted a status, found \"\\x1b[2J\" at byte 3\n"
            "     2  wanted a time in brackets, found \"a\" at byte 1\n");
}

TEST(Results, TheLastCountOfAKeyWinsAndFilesAreSorted) {
  Results results;
  results.set(StatusTotals{.status = 404, .requests = 1, .bytes = 2});
  results.set(StatusTotals{.status = 200, .requests = 1, .bytes = 10});
  results.set(StatusTotals{.status = 200, .requests = 2, .bytes = 30});
  results.set(MinuteCount{.window_start = Timestamp{60'000}, .status = 200, .requests = 2});
  results.set(MinuteCount{.window_start = Timestamp{0}, .status = 404, .requests = 1});

  EXPECT_EQ(results.status_tsv(), "status\trequests\tbytes\n200\t2\t30\n404\t1\t2\n");
  EXPECT_EQ(results.minute_tsv(), "window_start_ms\tstatus\trequests\n0\t404\t1\n60000\t200\t2\n");
  EXPECT_EQ(results.compute_requests_by_status(), 3);
  EXPECT_EQ(results.compute_requests_by_minute(), 3);
}

TEST(Charts, BarsGrowByEighths) {
  EXPECT_EQ(bar(0, 4), "");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(0.5, 1), "▌");
  EXPECT_EQ(bar(0.0001, 4), "▏");
  EXPECT_EQ(bar(7, 2), "██");
}

TEST(Charts, NumbersAreReadable) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(-1234567), "-1,234,567");
  EXPECT_EQ(readable_bytes(999), "999 B");
  EXPECT_EQ(readable_bytes(2735455845), "2.7 GB");
}

TEST(SplitLines, LeavesOutLineEndsAndEmptyLines) {
  EXPECT_THAT(split_lines("a\nb\r\n\n\r\nc"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_lines(""), ElementsAre());
}

}  // namespace
}  // namespace millrace::access_log
