#include "apps/access_log/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "apps/access_log/access_line.h"
#include "apps/access_log/counts.h"
#include "apps/access_log/demo.h"
#include "apps/access_log/log_generator.h"
#include "apps/access_log/results.h"
#include "streams/testing/test_driver.h"

namespace millrace::access_log {
namespace {

using streams::testing::DriverRecord;
using streams::testing::TestDriver;
using testing::HasSubstr;

/// The topology on a driver, and what it has written so far.
class AccessLogTopology : public testing::Test {
 protected:
  void SetUp() override {
    auto topology = make_topology(topics_);
    ASSERT_TRUE(topology.ok()) << topology.error().message;
    auto driver = TestDriver::create(std::move(topology).value(), {.partitions = 4});
    ASSERT_TRUE(driver.ok()) << driver.error().message;
    driver_ = std::move(driver).value();
  }

  void pipe(const std::string& line) {
    const auto status =
        driver_->pipe_input(topics_.log, line.substr(0, line.find(' ')), line, Timestamp{0});
    ASSERT_TRUE(status.ok()) << status.error().message;
  }

  Results read_results() {
    Results results;
    for (const DriverRecord& record : driver_->read_output(topics_.by_status)) {
      results.set(StatusTotalsSerde{}.decode(*record.value).value());
    }
    for (const DriverRecord& record : driver_->read_output(topics_.by_minute)) {
      results.set(MinuteCountSerde{}.decode(*record.value).value());
    }
    for (const DriverRecord& record : driver_->read_output(topics_.dead_letters)) {
      const auto reason = std::find_if(record.headers.begin(), record.headers.end(),
                                       [](const auto& h) { return h.first == kReasonHeader; });
      results.add_dead_letter(reason == record.headers.end() ? "" : reason->second.value_or(""));
    }
    return results;
  }

  Topics topics_;
  std::unique_ptr<TestDriver> driver_;
};

/// The counts, made the obvious way.
struct NaiveCounts {
  Results results;
  std::int64_t refused = 0;

  void add(const std::string& line) {
    const auto parsed = parse_access_line(line);
    if (!parsed.ok()) {
      ++refused;
      return;
    }
    auto totals = StatusTotals{.status = parsed->status};
    if (const auto found = results.by_status().find(parsed->status);
        found != results.by_status().end()) {
      totals = found->second;
    }
    ++totals.requests;
    totals.bytes += parsed->bytes;
    results.set(totals);

    const Timestamp start{parsed->time.value() / 60'000 * 60'000};
    auto minute = MinuteCount{.window_start = start, .status = parsed->status};
    if (const auto found = results.by_minute().find({start, parsed->status});
        found != results.by_minute().end()) {
      minute = found->second;
    }
    ++minute.requests;
    results.set(minute);
  }
};

TEST_F(AccessLogTopology, CountsAGeneratedLogAsANaiveCountDoes) {
  LogGenerator generator(7);
  NaiveCounts naive;
  for (int i = 0; i < 20'000; ++i) {
    const std::string line = generator.next_line();
    naive.add(line);
    pipe(line);
  }

  const Results results = read_results();

  EXPECT_GT(naive.refused, 0);
  EXPECT_EQ(results.by_status(), naive.results.by_status());
  EXPECT_EQ(results.by_minute(), naive.results.by_minute());
  EXPECT_EQ(results.compute_dead_letter_count(), naive.refused);
  EXPECT_EQ(driver_->metrics().late_records_dropped, 0U);
}

TEST_F(AccessLogTopology, ALineDaysLateIsStillCounted) {
  pipe(R"(h - - [20/May/2015:21:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-")");
  pipe(R"(h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-")");
  EXPECT_EQ(read_results().by_minute().size(), 2U);
}

TEST_F(AccessLogTopology, ABrokenLineBecomesADeadLetterWithItsReason) {
  pipe("h - - nonsense");

  const auto letters = driver_->read_output(topics_.dead_letters);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].value, "h - - nonsense");
  ASSERT_EQ(letters[0].headers.size(), 1U);
  EXPECT_EQ(letters[0].headers[0].first, kReasonHeader);
  EXPECT_THAT(letters[0].headers[0].second.value_or(""), HasSubstr("wanted a time in brackets"));
}

std::string file_contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

TEST_F(AccessLogTopology, EqualsTheIndependentAnswersOfARealLog) {
  const std::string data = SHARED_DATA_DIRECTORY;
  const std::string log = file_contents(data + "/apache_access.log");
  if (log.empty()) GTEST_SKIP() << "wanted " << data << "/apache_access.log, found nothing there";

  for (const auto line : split_lines(log)) pipe(std::string(line));

  const Results results = read_results();
  EXPECT_EQ(results.status_tsv(), file_contents(data + "/expected/access_by_status.tsv"));
  EXPECT_EQ(results.minute_tsv(), file_contents(data + "/expected/access_by_minute_status.tsv"));
  EXPECT_EQ(results.compute_dead_letter_count(), 0);
}

}  // namespace
}  // namespace millrace::access_log
