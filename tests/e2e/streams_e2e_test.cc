// A stream application against a real broker: windows counted through a repartition topic, state
// that survives a restart, tasks that change hands between instances.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "streams/streams_app.h"
#include "streams/streams_builder.h"
#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using streams::AnySerde;
using streams::AppState;
using streams::StreamsApp;
using streams::StreamsBuilder;
using streams::TumblingWindows;
using streams::Windowed;
using streams::WindowedSerde;
using ::testing::HasSubstr;
using Text = std::string_view;

constexpr Millis kWindow{1000};
constexpr Millis kPatience{60'000};

/// Counts by (word, window start).
using Counts = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;

streams::Topology word_count() {
  StreamsBuilder builder;
  builder.stream<Text, Text>("lines")
      .group_by([](Text, Text word) { return word; }, {.name = "words"})
      .windowed_by(TumblingWindows::of_size(kWindow).grace(Millis{3'600'000}))
      .count({.store_name = "counts"})
      .to_stream()
      .to("word-counts");
  return builder.build().value();
}

class StreamsE2e : public ::testing::Test {
 protected:
  StreamsE2e() {
    cluster_.create_topic("lines", 4);
    cluster_.create_topic("word-counts", 2);
  }

  client::Properties app_properties() const {
    client::Properties properties = cluster_.properties();
    properties.set("application.id", "app")
        .set("num.stream.threads", "2")
        .set("commit.interval.ms", "200")
        .set("poll.ms", "20")
        .set("heartbeat.interval.ms", "50");
    return properties;
  }
  Result<StreamsApp> make_app(streams::Topology topology) {
    auto app = StreamsApp::create(std::move(topology), app_properties(), &cluster_.env());
    EXPECT_TRUE(app.ok()) << app.error().to_string();
    return app;
  }

  /// Produces words with times and counts them here, too.
  void produce(int first, int count) {
    auto producer = client::Producer::create(cluster_.properties(), {}, &cluster_.env());
    ASSERT_TRUE(producer.ok()) << producer.error().to_string();
    for (int i = first; i < first + count; ++i) {
      const std::string word = "word-" + std::to_string(i % 17);
      const Timestamp time{1'000'000 + i};
      ASSERT_TRUE(producer
                      ->send({.topic = "lines",
                              .partition = PartitionId{i % 4},
                              .value = word,
                              .timestamp = time})
                      .ok());
      ++expected_[{word, time.value() / kWindow.count() * kWindow.count()}];
    }
    const auto flushed = producer->flush(kPatience);
    ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
  }

  /// The last count of each word and window on the output topic.
  Counts read_counts() {
    client::Properties properties = cluster_.properties();
    properties.set("auto.offset.reset", "earliest");
    auto consumer = client::Consumer::create(properties, {}, &cluster_.env());
    EXPECT_TRUE(consumer.ok());
    const client::PartitionList partitions{{"word-counts", PartitionId{0}},
                                           {"word-counts", PartitionId{1}}};
    EXPECT_TRUE(consumer->assign(partitions).ok());
    EXPECT_TRUE(consumer->seek_to_beginning(partitions).ok());
    const auto ends = consumer->end_offsets(partitions);
    EXPECT_TRUE(ends.ok());
    const WindowedSerde<std::string> key_serde(AnySerde<std::string>(), kWindow);
    std::map<std::string, PartitionId> partition_of_word;
    Counts counts;
    for (int round = 0; round < 1000; ++round) {
      bool is_done = true;
      for (const auto& [partition, end] : *ends) {
        is_done = is_done && consumer->position(partition).value() >= end;
      }
      if (is_done) break;
      const auto polled = consumer->poll(Millis{100});
      EXPECT_TRUE(polled.ok());
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) {
          const auto key = key_serde.decode(record.key.value()).value();
          counts[{key.key, key.window.start.value()}] =
              AnySerde<std::int64_t>().decode(record.value).value();
          const auto place = partition_of_word.try_emplace(key.key, part.partition.partition);
          EXPECT_EQ(place.first->second, part.partition.partition)
              << "windows of one key lie in several partitions";
        }
      }
    }
    return counts;
  }

  EmbeddedCluster cluster_;
  Counts expected_;
};

TEST_F(StreamsE2e, CountsPerKeyAndWindowAndGoesOnAfterARestart) {
  produce(0, 5000);
  {
    auto app = make_app(word_count());
    const Status started = app->start();
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    const Status caught_up = app->wait_until_caught_up(kPatience);
    ASSERT_TRUE(caught_up.ok()) << caught_up.error().to_string();
    EXPECT_EQ(app->state(), AppState::kRunning);
    EXPECT_EQ(read_counts(), expected_);
    const Status stopped = app->stop();
    EXPECT_TRUE(stopped.ok()) << stopped.error().to_string();
    EXPECT_EQ(app->state(), AppState::kNotRunning);
  }

  produce(4900, 3000);
  auto app = make_app(word_count());
  ASSERT_TRUE(app->start().ok());
  const Status caught_up = app->wait_until_caught_up(kPatience);
  ASSERT_TRUE(caught_up.ok()) << caught_up.error().to_string();

  EXPECT_EQ(read_counts(), expected_);
  EXPECT_GT(app->metrics().tasks.records_restored, 0U);
  EXPECT_EQ(app->metrics().tasks.records_processed, 2U * 3000U);  // lines, then words
  EXPECT_EQ(app->metrics().tasks.late_records_dropped, 0U);
}

TEST_F(StreamsE2e, DeletesFromItsRepartitionTopicsWhatItHasReadAndCommitted) {
  std::map<TopicPartition, client::OffsetSpec> begins;
  std::map<TopicPartition, client::OffsetSpec> ends;
  for (std::int32_t id = 0; id < 4; ++id) {
    const TopicPartition partition{"app-words-repartition", PartitionId{id}};
    begins.emplace(partition, client::OffsetSpec::earliest());
    ends.emplace(partition, client::OffsetSpec::latest());
  }
  auto admin = client::Admin::create(cluster_.properties(), &cluster_.env()).value();
  const auto sum = [&](const std::map<TopicPartition, client::OffsetSpec>& asked) {
    std::int64_t offsets = 0;
    const auto listed = admin.list_offsets(asked);
    EXPECT_TRUE(listed.ok());
    for (const auto& [partition, outcome] : *listed) offsets += outcome.value().offset.value();
    return offsets;
  };
  client::Properties properties = app_properties();
  properties.set("repartition.purge.interval.ms", "50");
  auto app = StreamsApp::create(word_count(), properties, &cluster_.env()).value();
  ASSERT_TRUE(app.start().ok());

  std::int64_t deleted = 0;
  for (int round = 0; round < 100 && deleted == 0; ++round) {  // each is a commit and its time
    produce(round * 100, 100);
    ASSERT_TRUE(app.wait_until_caught_up(kPatience).ok());
    deleted = sum(begins);
  }
  EXPECT_GT(deleted, 0);
  ASSERT_TRUE(app.stop().ok());

  EXPECT_GT(sum(ends), 0);
  EXPECT_EQ(sum(begins), sum(ends));
}

TEST_F(StreamsE2e, HandsTasksOverBetweenInstancesWithoutLosingACount) {
  auto first = make_app(word_count());
  ASSERT_TRUE(first->start().ok());
  produce(0, 2000);
  auto second = make_app(word_count());
  ASSERT_TRUE(second->start().ok());
  produce(2000, 2000);
  ASSERT_TRUE(second->wait_for_state(AppState::kRunning, kPatience).ok());
  ASSERT_TRUE(first->wait_until_caught_up(kPatience).ok());
  ASSERT_TRUE(first->stop().ok());
  produce(4000, 2000);

  const Status caught_up = second->wait_until_caught_up(kPatience);

  ASSERT_TRUE(caught_up.ok()) << caught_up.error().to_string();
  EXPECT_EQ(read_counts(), expected_);
}

TEST_F(StreamsE2e, FailsWithTheRecordsPlaceWhenOneCannotBeRead) {
  produce(0, 1);
  StreamsBuilder builder;
  builder.stream<Text, std::int64_t>("lines").to("word-counts");
  auto app = make_app(builder.build().value());
  ASSERT_TRUE(app->start().ok());

  const Status failed = app->wait_for_state(AppState::kNotRunning, kPatience);

  EXPECT_EQ(app->state(), AppState::kError);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("lines-0 offset 0: value"));
}

TEST_F(StreamsE2e, FailsWithTheRecordsPlaceWhenAFunctionOfItThrows) {
  produce(0, 1);
  StreamsBuilder builder;
  builder.stream<Text, Text>("lines")
      .peek([](Text, Text) { throw std::runtime_error("boom"); })
      .to("word-counts");
  auto app = make_app(builder.build().value());
  ASSERT_TRUE(app->start().ok());

  const Status failed = app->wait_for_state(AppState::kNotRunning, kPatience);

  EXPECT_EQ(app->state(), AppState::kError);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("lines-0 offset 0: "));
  EXPECT_THAT(failed.error().message, HasSubstr("boom"));
}

TEST_F(StreamsE2e, HasNothingToCatchUpWithBeforeItsStart) {
  auto app = make_app(word_count());

  const Status caught_up = app->wait_until_caught_up(kPatience);

  ASSERT_FALSE(caught_up.ok());
  EXPECT_EQ(caught_up.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(StreamsE2e, IsNotWaitedForOnceItWasStopped) {
  auto app = make_app(word_count());
  ASSERT_TRUE(app->start().ok());
  ASSERT_TRUE(app->stop().ok());
  produce(0, 10);

  const Status caught_up = app->wait_until_caught_up(kPatience);

  ASSERT_FALSE(caught_up.ok());
  EXPECT_EQ(caught_up.error().code, ErrorCode::kClosed);
  EXPECT_THAT(caught_up.error().message, HasSubstr("10 records"));
}

TEST_F(StreamsE2e, StaysInItsGroupThroughARestoreThatTakesLongerThanItMayBeSilent) {
  constexpr int kKeys = 30;
  const auto count_by_key = [] {
    StreamsBuilder builder;
    builder.stream<Text, Text>("lines").group_by_key().count({.store_name = "counts"});
    return builder.build().value();
  };
  auto producer = client::Producer::create(cluster_.properties(), {}, &cluster_.env()).value();
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ASSERT_TRUE(
        producer.send({.topic = "lines", .partition = PartitionId{0}, .key = key, .value = "x"})
            .ok());
  }
  ASSERT_TRUE(producer.flush(kPatience).ok());
  {
    client::Properties properties = app_properties();
    properties.set("batch.size", "1");  // each record of the changelog is a batch
    auto app = StreamsApp::create(count_by_key(), properties, &cluster_.env()).value();
    ASSERT_TRUE(app.start().ok());
    ASSERT_TRUE(app.wait_until_caught_up(kPatience).ok());
    ASSERT_TRUE(app.stop().ok());
  }
  // A fetch gives one batch, and that only after having waited for more than there is.
  client::Properties properties = app_properties();
  properties.set("max.partition.fetch.bytes", "1")
      .set("fetch.min.bytes", "1000000")
      .set("fetch.max.wait.ms", "50")
      .set("max.poll.interval.ms", "500");
  auto app = StreamsApp::create(count_by_key(), properties, &cluster_.env()).value();
  ASSERT_TRUE(producer.send({.topic = "lines", .partition = PartitionId{0}, .key = "a"}).ok());
  ASSERT_TRUE(producer.flush(kPatience).ok());
  ASSERT_TRUE(app.start().ok());

  const Status caught_up = app.wait_until_caught_up(kPatience);

  ASSERT_TRUE(caught_up.ok()) << caught_up.error().to_string();
  EXPECT_GE(app.metrics().tasks.records_restored, static_cast<std::uint64_t>(kKeys));
}

TEST_F(StreamsE2e, StopsAsAWholeWhenOneThreadFails) {
  StreamsBuilder builder;
  builder.stream<Text, std::int64_t>("lines").to("word-counts");
  auto app = make_app(builder.build().value());
  ASSERT_TRUE(app->start().ok());
  ASSERT_TRUE(app->wait_for_state(AppState::kRunning, kPatience).ok());
  produce(0, 1);  // a word is no number: the thread that has lines-0 fails, the other has nothing

  const Status caught_up = app->wait_until_caught_up(kPatience);

  ASSERT_FALSE(caught_up.ok());
  EXPECT_THAT(caught_up.error().message, HasSubstr("lines-0 offset 0: value"));
  EXPECT_EQ(app->state(), AppState::kError);
  auto admin = client::Admin::create(cluster_.properties(), &cluster_.env());
  std::size_t members = 2;
  for (int round = 0; round < 10'000 && members > 0; ++round) {
    const auto groups = admin->describe_groups({"app"});
    ASSERT_TRUE(groups.ok()) << groups.error().to_string();
    members = groups->at("app")->members.size();
  }
  EXPECT_EQ(members, 0U) << "the thread that had not failed left, too";
  const Status stopped = app->stop();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().message, caught_up.error().message);
  EXPECT_EQ(app->state(), AppState::kError);
}

TEST_F(StreamsE2e, DoesNotStartWithoutItsSourceTopic) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("nowhere").to("word-counts");
  auto app = make_app(builder.build().value());

  const Status started = app->start();

  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(started.error().message, HasSubstr("nowhere"));
}

TEST_F(StreamsE2e, GivesItsStartUpWhenItIsStoppedMeanwhile) {
  StreamsBuilder builder;
  builder.stream<Text, Text>("nowhere").to("word-counts");
  auto app = make_app(builder.build().value());
  Status started;
  const auto starter = cluster_.env().start_thread("starter", [&] { started = app->start(); });
  while (app->state() == AppState::kCreated) {
  }

  const Status stopped = app->stop();
  starter->join();

  EXPECT_TRUE(stopped.ok());
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(app->state(), AppState::kNotRunning);
}

TEST_F(StreamsE2e, MakesItsInternalTopicsUnderItsName) {
  auto app = make_app(word_count());
  ASSERT_TRUE(app->start().ok());

  auto admin = client::Admin::create(cluster_.properties(), &cluster_.env());
  const auto described = admin->describe_topics({"app-words-repartition", "app-counts-changelog"});

  ASSERT_TRUE(described.ok());
  for (const auto& [name, topic] : *described) {
    ASSERT_TRUE(topic.ok()) << name;
    EXPECT_EQ(topic->partitions.size(), 4U) << name;
  }
}

}  // namespace
}  // namespace millrace::e2e
