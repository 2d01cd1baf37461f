// What survives a crash: state equals the changelog, and every record is counted at least once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/random.h"
#include "streams/streams_builder.h"
#include "streams/testing/test_driver.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Driver = streams::testing::TestDriver;
using streams::testing::CrashPoint;
using streams::testing::TestDriverOptions;

Topology word_count(Changelog changelog = Changelog::kOn) {
  StreamsBuilder builder;
  builder.stream<std::string, std::string>("in")
      .group_by_key()
      .count({.store_name = "counts", .changelog = changelog})
      .to_stream()
      .to("out");
  return builder.build().value();
}

std::map<std::string, std::int64_t> store_contents(const Driver& driver) {
  class Collect final : public KeyValueVisitor {
   public:
    void visit(std::string_view key, const StoredValue& value) override {
      entries[std::string(key)] = AnySerde<std::int64_t>().decode(value.bytes).value();
    }
    std::map<std::string, std::int64_t> entries;
  } collect;
  EXPECT_TRUE(driver.key_value_store("counts")->for_each(collect).ok());
  return collect.entries;
}

const TestDriverOptions kCommitByHand{.application_id = "app",
                                      .commit_interval = Millis{1'000'000}};

TEST(Recovery, RestoresTheStateOfTheLastCommitAndReadsOnFromThere) {
  auto driver = Driver::create(word_count(), kCommitByHand).value();
  auto input = driver->input<std::string, std::string>("in");
  input.pipe("a", "x", Timestamp{1});
  input.pipe("a", "x", Timestamp{2});
  driver->commit();
  input.pipe("a", "x", Timestamp{3});
  input.pipe("b", "x", Timestamp{4});

  ASSERT_TRUE(driver->crash_and_restart().ok());

  EXPECT_THAT(store_contents(*driver), ElementsAre(Pair("a", 3), Pair("b", 1)));
  EXPECT_EQ(driver->metrics().records_restored, 1U);
  EXPECT_EQ(driver->metrics().records_processed, 6U);  // the last two twice
}

TEST(Recovery, CountsAtLeastOnceWhenTheCrashStrikesBetweenChangelogAndOffsets) {
  auto driver = Driver::create(word_count(), kCommitByHand).value();
  auto input = driver->input<std::string, std::string>("in");
  input.pipe("a", "x", Timestamp{1});
  driver->commit();
  input.pipe("a", "x", Timestamp{2});

  ASSERT_TRUE(driver->crash_and_restart(CrashPoint::kInCommit).ok());

  EXPECT_THAT(store_contents(*driver), ElementsAre(Pair("a", 3)));
}

TEST(Recovery, WritesOneChangelogRecordPerKeyAndCommit) {
  auto driver = Driver::create(word_count(), kCommitByHand).value();
  auto input = driver->input<std::string, std::string>("in");
  for (int i = 0; i < 100; ++i) input.pipe(i % 2 == 0 ? "a" : "b", "x", Timestamp{i});
  driver->commit();
  driver->commit();

  const auto changelog = driver->topic_contents("app-counts-changelog");

  ASSERT_EQ(changelog.size(), 2U);
  EXPECT_EQ(changelog[0].key, "a");
  EXPECT_EQ(changelog[0].timestamp, Timestamp{98});
  EXPECT_EQ(AnySerde<std::int64_t>().decode(changelog[0].value).value(), 50);
}

TEST(Recovery, CommitsByItselfWhenTheIntervalHasPassed) {
  auto driver = Driver::create(word_count(), {.commit_interval = Millis{100}}).value();
  driver->input<std::string, std::string>("in").pipe("a", "x", Timestamp{1});

  driver->advance_wall_clock(Millis{99});
  EXPECT_EQ(driver->metrics().changelog_records_sent, 0U);
  driver->advance_wall_clock(Millis{1});
  EXPECT_EQ(driver->metrics().changelog_records_sent, 1U);
}

TEST(Recovery, StartsEmptyWithoutAChangelog) {
  auto driver = Driver::create(word_count(Changelog::kOff)).value();
  driver->input<std::string, std::string>("in").pipe("a", "x", Timestamp{1});

  ASSERT_TRUE(driver->crash_and_restart().ok());

  EXPECT_TRUE(store_contents(*driver).empty());
  EXPECT_TRUE(driver->topic_contents("test-counts-changelog").empty());
}

TEST(Recovery, RestoredStateEqualsLiveStateOverRandomInputAndCommits) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto driver = Driver::create(word_count(), kCommitByHand).value();
    auto input = driver->input<std::string, std::string>("in");
    for (int i = 0; i < 300; ++i) {
      input.pipe(std::to_string(random.below(30)), "x", Timestamp{i});
      if (random.below(20) == 0) driver->commit();
    }
    driver->commit();
    const auto live = store_contents(*driver);

    ASSERT_TRUE(driver->crash_and_restart().ok());

    EXPECT_EQ(store_contents(*driver), live);
  }
}

TEST(Recovery, NeverLosesARecordHoweverOftenItCrashes) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto driver = Driver::create(word_count(), kCommitByHand).value();
    auto input = driver->input<std::string, std::string>("in");
    std::map<std::string, std::int64_t> piped;
    bool may_repeat = false;
    for (int i = 0; i < 300; ++i) {
      const std::string key = std::to_string(random.below(10));
      input.pipe(key, "x", Timestamp{i});
      ++piped[key];
      if (random.below(20) == 0) driver->commit();
      if (random.below(40) == 0) {
        const bool in_commit = random.chance(0.5);
        may_repeat = may_repeat || in_commit;
        ASSERT_TRUE(
            driver
                ->crash_and_restart(in_commit ? CrashPoint::kInCommit : CrashPoint::kBetweenCommits)
                .ok());
      }
    }

    const auto counted = store_contents(*driver);
    for (const auto& [key, count] : piped) EXPECT_GE(counted.at(key), count);
    if (!may_repeat) {
      EXPECT_EQ(counted, piped);
    }
  }
}

TEST(Recovery, KnowsAfterARestartWhichWindowsWereClosed) {
  StreamsBuilder builder;
  builder.stream<std::string, std::string>("in")
      .group_by_key()
      .windowed_by(TumblingWindows::of_size(Millis{10}))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .count({.store_name = "counts"})
      .to_stream()
      .to("out");
  auto driver = Driver::create(builder.build().value()).value();
  auto input = driver->input<std::string, std::string>("in");
  input.pipe("a", "x", Timestamp{1});
  input.pipe("a", "x", Timestamp{12});
  ASSERT_EQ(driver->read_output("out").size(), 1U);

  ASSERT_TRUE(driver->crash_and_restart().ok());
  input.pipe("a", "late", Timestamp{2});
  input.pipe("a", "x", Timestamp{13});
  EXPECT_EQ(driver->read_output("out").size(), 0U);
  input.pipe("a", "x", Timestamp{20});

  const auto sent = driver->read_output("out");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(AnySerde<std::int64_t>().decode(sent[0].value).value(), 2);
  EXPECT_EQ(driver->metrics().late_records_dropped, 1U);
}

}  // namespace
}  // namespace millrace::streams
