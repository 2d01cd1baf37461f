#include "streams/dsl/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "streams/streams_builder.h"
#include "streams/testing/test_driver.h"

namespace millrace::streams {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Text = std::string_view;
using Driver = streams::testing::TestDriver;
using streams::testing::TestDriverOptions;

std::unique_ptr<Driver> driver_for(const StreamsBuilder& builder, TestDriverOptions options = {}) {
  return Driver::create(builder.build().value(), std::move(options)).value();
}

/// What was sent to a topic of strings, as "key=value".
std::vector<std::string> lines_of(Driver& driver, std::string_view topic) {
  std::vector<std::string> lines;
  for (const auto& record : driver.read_output(topic)) {
    lines.push_back(record.key.value_or("null") + "=" + record.value.value_or("null"));
  }
  return lines;
}

TEST(Stream, FiltersMapsAndFlattens) {
  StreamsBuilder builder;
  const auto words = builder.stream<Text, Text>("in");
  words.filter([](Text key, Text) { return key != "b"; }).to("filtered");
  words.filter_not([](Text key, Text) { return key != "b"; }).to("filtered-not");
  words.map([](Text key, Text value) { return std::pair{value, key}; }).to("swapped");
  words.map_values([](Text value) { return value.substr(1); }).to("shortened");
  words.map_values([](Text key, Text value) { return std::string(key).append(value); })
      .to("with-key");
  words.select_key([](Text, Text value) { return value.substr(0, 1); }).to("rekeyed");
  words.flat_map_values([](Text value) {
         return std::vector<Text>{value, value.substr(1)};
       })
      .to("flat-values");
  words
      .flat_map([](Text key, Text value) {
        return std::vector<std::pair<Text, Text>>{{key, value}, {value, key}};
      })
      .to("flat");
  auto driver = driver_for(builder);
  auto input = driver->input<std::string, std::string>("in");

  input.pipe("a", "xy", Timestamp{1});
  input.pipe("b", "z", Timestamp{2});

  EXPECT_THAT(lines_of(*driver, "filtered"), ElementsAre("a=xy"));
  EXPECT_THAT(lines_of(*driver, "filtered-not"), ElementsAre("b=z"));
  EXPECT_THAT(lines_of(*driver, "swapped"), ElementsAre("xy=a", "z=b"));
  EXPECT_THAT(lines_of(*driver, "shortened"), ElementsAre("a=y", "b="));
  EXPECT_THAT(lines_of(*driver, "with-key"), ElementsAre("a=axy", "b=bz"));
  EXPECT_THAT(lines_of(*driver, "rekeyed"), ElementsAre("x=xy", "z=z"));
  EXPECT_THAT(lines_of(*driver, "flat-values"), ElementsAre("a=xy", "a=y", "b=z", "b="));
  EXPECT_THAT(lines_of(*driver, "flat"), ElementsAre("a=xy", "xy=a", "b=z", "z=b"));
}

TEST(Stream, SplitsInTwoAndMergesAgain) {
  StreamsBuilder builder;
  const auto [short_ones, long_ones] =
      builder.stream<Text, Text>("in").split([](Text, Text value) { return value.size() < 3; });
  short_ones.to("short");
  long_ones.to("long");
  short_ones.merge(long_ones).to("both");
  auto driver = driver_for(builder);
  auto input = driver->input<std::string, std::string>("in");

  input.pipe("a", "xy", Timestamp{1});
  input.pipe("b", "xyz", Timestamp{2});

  EXPECT_THAT(lines_of(*driver, "short"), ElementsAre("a=xy"));
  EXPECT_THAT(lines_of(*driver, "long"), ElementsAre("b=xyz"));
  EXPECT_THAT(lines_of(*driver, "both"), ElementsAre("a=xy", "b=xyz"));
}

TEST(Stream, SendsADeadLetterWithTheReasonInItsHeaders) {
  StreamsBuilder builder;
  const auto [good, bad] =
      builder.stream<Text, Text>("in").split([](Text, Text value) { return value != "?"; });
  bad.to("dead-letters", {.headers = [](const Record<Text, Text>& record, OutputHeaders& headers) {
           headers.add("reason", fmt::format("{} is no value", record.value));
         }});
  good.to("out");
  auto driver = driver_for(builder);

  ASSERT_TRUE(driver->pipe_input("in", "k", "?", Timestamp{7}, {{"trace", "1"}}).ok());

  const auto sent = driver->read_output("dead-letters");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].timestamp, Timestamp{7});
  EXPECT_THAT(sent[0].headers, ElementsAre(Pair("trace", "1"), Pair("reason", "? is no value")));
  EXPECT_THAT(driver->read_output("out"), IsEmpty());
}

TEST(Stream, ShowsTheWholeRecordToProcess) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .process<std::string, std::int64_t>([](const Record<Text, Text>& record, const auto& emit) {
        const auto trace = record.headers.find_last("trace");
        if (!trace) return;
        emit({std::string(*trace), record.timestamp.value(), Timestamp{99}, record.headers, true});
      })
      .to("out");
  auto driver = driver_for(builder);

  ASSERT_TRUE(driver->pipe_input("in", "k", "x", Timestamp{7}, {{"trace", "1"}}).ok());
  ASSERT_TRUE(driver->pipe_input("in", "k", "x", Timestamp{8}).ok());

  auto output = driver->output<std::string, std::int64_t>("out");
  const streams::testing::TestRecord<std::string, std::int64_t> wanted{"1", 7, Timestamp{99}};
  EXPECT_THAT(output.read_all(), ElementsAre(wanted));
}

TEST(Stream, PassesNullKeysThroughAndTombstonesToThoseWhoAskForThem) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in").to("out");
  builder.stream<Text, std::optional<Text>>("changes").to("copied");
  auto driver = driver_for(builder);

  ASSERT_TRUE(driver->pipe_input("in", std::nullopt, "x", Timestamp{1}).ok());
  ASSERT_TRUE(driver->pipe_input("in", "a", std::nullopt, Timestamp{1}).ok());
  ASSERT_TRUE(driver->pipe_input("changes", "a", std::nullopt, Timestamp{1}).ok());

  EXPECT_THAT(lines_of(*driver, "out"), ElementsAre("null=x"));
  EXPECT_THAT(lines_of(*driver, "copied"), ElementsAre("a=null"));
  EXPECT_EQ(driver->metrics().null_records_dropped, 1U);
}

TEST(Stream, BringsEqualKeysTogetherThroughARepartitionTopic) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .group_by([](Text, Text value) { return value; }, {.name = "by-word"})
      .count({.store_name = "words"})
      .to_stream()
      .to("out");
  auto driver = driver_for(builder, {.application_id = "app", .partitions = 4});

  for (std::int32_t i = 0; i < 40; ++i) {
    const std::string word(1, static_cast<char>('a' + i % 5));
    ASSERT_TRUE(
        driver->pipe_input("in", std::nullopt, word, Timestamp{i}, {}, PartitionId{i % 4}).ok());
  }

  auto output = driver->output<std::string, std::int64_t>("out");
  EXPECT_THAT(output.read_to_map(),
              ElementsAre(Pair("a", 8), Pair("b", 8), Pair("c", 8), Pair("d", 8), Pair("e", 8)));
  EXPECT_EQ(driver->topic_contents("app-by-word-repartition").size(), 40U);
  std::size_t entries = 0;
  for (std::int32_t p = 0; p < 4; ++p) {
    entries += driver->key_value_store("words", PartitionId{p})->entry_count();
  }
  EXPECT_EQ(entries, 5U);
}

TEST(Stream, FailsOnABadRecordOrDropsAndCountsItAsToldTo) {
  StreamsBuilder builder;
  builder.stream<Text, std::int64_t>("in").to("out");
  auto strict = driver_for(builder);
  auto lenient = driver_for(builder, {.on_bad_record = DeserializationPolicy::kLogAndContinue});
  const std::string_view seven("\0\0\0\0\0\0\0\7", 8);

  ASSERT_TRUE(strict->pipe_input("in", "k", seven, Timestamp{1}).ok());
  const Status status = strict->pipe_input("in", "k", "short", Timestamp{2});
  ASSERT_TRUE(lenient->pipe_input("in", "k", "short", Timestamp{1}).ok());
  ASSERT_TRUE(lenient->pipe_input("in", "k", seven, Timestamp{-5}).ok());
  ASSERT_TRUE(lenient->pipe_input("in", "k", seven, Timestamp{2}).ok());

  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message,
              HasSubstr("in-0 offset 1: value: an integer takes 8 bytes, not 5"));
  EXPECT_EQ(lenient->read_output("out").size(), 1U);
  EXPECT_EQ(lenient->metrics().bad_records_dropped, 2U);
}

TEST(Stream, TakesTheOlderRecordFirstWhenATaskReadsTwoTopics) {
  StreamsBuilder builder;
  const auto left = builder.stream<Text, Text>("left");
  left.merge(builder.stream<Text, Text>("right")).to("out");
  // Both inputs lie there before the task starts: nothing is committed before the crash.
  auto driver = driver_for(builder, {.commit_interval = Millis{1000}});
  auto left_in = driver->input<std::string, std::string>("left");
  auto right_in = driver->input<std::string, std::string>("right");
  for (const int time : {1, 4, 5, 9}) left_in.pipe("l", std::to_string(time), Timestamp{time});
  for (const int time : {2, 3, 5, 7}) right_in.pipe("r", std::to_string(time), Timestamp{time});
  (void)driver->read_output("out");

  ASSERT_TRUE(driver->crash_and_restart().ok());

  EXPECT_THAT(lines_of(*driver, "out"),
              ElementsAre("l=1", "r=2", "r=3", "l=4", "l=5", "r=5", "r=7", "l=9"));
}

/// "old>new", "-" where there is none.
std::string arrow(const Change<std::string>& change) {
  return (change.old_value ? *change.old_value : "-") + ">" +
         (change.new_value ? *change.new_value : "-");
}

TEST(Table, ShowsWhatEachUpdateReplaces) {
  StreamsBuilder builder;
  const auto reduced = builder.stream<std::string, std::string>("in").group_by_key().reduce(
      [](const std::string& so_far, const std::string& value) { return so_far + value; });
  reduced.changes().map_values(arrow).to("changes");
  reduced.to_stream().to("values");
  auto driver = Driver::create(builder.build().value()).value();
  auto input = driver->input<std::string, std::string>("in");

  input.pipe("a", "x", Timestamp{1});
  input.pipe("a", "y", Timestamp{2});
  input.pipe("b", "z", Timestamp{3});

  std::vector<std::string> changes;
  for (const auto& record : driver->output<std::string, std::string>("changes").read_all()) {
    changes.push_back(record.key + " " + record.value);
  }
  EXPECT_THAT(changes, ElementsAre("a ->x", "a x>xy", "b ->z"));
  EXPECT_EQ(driver->read_output("values").size(), 3U);
}

TEST(Table, OfFinalWindowsReplacesNothing) {
  StreamsBuilder builder;
  builder.stream<std::string, std::string>("in")
      .group_by_key()
      .windowed_by(TumblingWindows::of_size(Millis{10}))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce([](const std::string&, const std::string& value) { return value; })
      .changes()
      .map_values(arrow)
      .to("changes");
  auto driver = Driver::create(builder.build().value()).value();
  auto input = driver->input<std::string, std::string>("in");

  input.pipe("a", "x", Timestamp{1});
  input.pipe("a", "y", Timestamp{2});
  input.pipe("a", "z", Timestamp{10});

  const auto changes = driver->read_output("changes");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].value, "->y");
}

}  // namespace
}  // namespace millrace::streams
