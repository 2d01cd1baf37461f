#include "client/consumer/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/testing/fetch_broker.h"
#include "sim/sim_env.h"
#include "wire/record_batch_builder.h"

namespace millrace::client {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::HasSubstr;
using testing::Lt;
using testing::SizeIs;
using wire::KafkaError;

ConsumerConfig config_of_reader() {
  ConsumerConfig config;
  config.connection.bootstrap_servers = {{"broker", 9092}};
  config.offset_reset = OffsetReset::kEarliest;
  return config;
}

class FetcherTest : public testing::Test {
 protected:
  /// Reads all partitions of the topic from now on.
  void start() {
    cluster_ = std::make_unique<Cluster>(*loop_, config_.connection, Random(1));
    fetcher_ = std::make_unique<Fetcher>(config_, *cluster_, shared_);
    cluster_->on_metadata([this] { fetcher_->run(); });
    std::vector<TopicPartition> partitions;
    for (std::int32_t index = 0; index < topic_.partitions; ++index) {
      partitions.push_back({topic_.name, PartitionId{index}});
    }
    shared_.with([&](auto& state) { state.fetch.set_assignment(partitions); });
    cluster_->set_topics({topic_.name});
    fetcher_->run();
  }
  void stop() {
    fetcher_.reset();
    cluster_.reset();
  }
  ~FetcherTest() override { stop(); }
  void run_for(Millis time) { world_.scheduler().run_for(time); }

  sim::SimWorld world_{1};
  FetchedTopic topic_;
  FetchBroker broker_{world_.host("broker"), topic_};
  ConsumerConfig config_ = config_of_reader();
  ConsumerShared shared_{{}, world_.host("client")};
  std::unique_ptr<io::EventLoop> loop_ = world_.host("client").make_loop();
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Fetcher> fetcher_;
};

TEST_F(FetcherTest, AThousandSilentPartitionsCostFewBytes) {
  topic_.partitions = 1000;
  start();
  run_for(Millis{5'000});
  const std::size_t begun = broker_.fetches.size();
  broker_.fetched_bytes = 0;
  run_for(Millis{60'000});

  const std::size_t fetches = broker_.fetches.size() - begun;
  EXPECT_GT(fetches, 100U);
  EXPECT_LT(broker_.fetched_bytes, fetches * 64);
}

TEST_F(FetcherTest, NamesEverythingEachTimeToABrokerThatKeepsNoSessions) {
  topic_.partitions = 3;
  broker_.keeps_sessions = false;
  start();
  run_for(Millis{5'000});
  ASSERT_THAT(broker_.fetches, SizeIs(Gt(5U)));
  for (const auto& fetch : broker_.fetches) {
    EXPECT_EQ(fetch.session_id, 0);
    ASSERT_THAT(fetch.topics, SizeIs(1));
    EXPECT_THAT(fetch.topics[0].partitions, SizeIs(3));
  }
}

TEST_F(FetcherTest, WorksWithABrokerThatIsOlderThanSessions) {
  broker_.fetch_version = 5;
  start();
  run_for(Millis{5'000});
  EXPECT_THAT(broker_.fetches, SizeIs(AllOf(Gt(5U))));
}

TEST_F(FetcherTest, BeginsAnotherSessionAtOnceWhenTheBrokerHasLostIts) {
  topic_.partitions = 3;
  start();
  run_for(Millis{5'000});
  ASSERT_TRUE(broker_.fetches.back().topics.empty());
  broker_.keeps_sessions = false;  // as after a restart
  run_for(Millis{501});
  broker_.keeps_sessions = true;
  const auto& renewed = broker_.fetches.back();
  EXPECT_EQ(renewed.session_epoch, 0);
  ASSERT_THAT(renewed.topics, SizeIs(1));
  EXPECT_THAT(renewed.topics[0].partitions, SizeIs(3));
}

TEST_F(FetcherTest, EndsItsSessionWhenItIsClosed) {
  start();
  run_for(Millis{5'000});
  stop();
  run_for(Millis{1'000});
  EXPECT_EQ(broker_.fetches.back().session_id, FetchBroker::kSession);
  EXPECT_EQ(broker_.fetches.back().session_epoch, -1);
  EXPECT_TRUE(broker_.fetches.back().topics.empty());
}

/// Two records of `epoch` at `offset`.
SharedBuffer batch_of(std::int64_t offset, std::int32_t epoch) {
  wire::RecordBatchBuilder builder(
      {.base_offset = Offset{offset}, .partition_leader_epoch = LeaderEpoch{epoch}});
  for (int i = 0; i < 2; ++i) builder.append(Timestamp{5}, std::nullopt, std::string_view("x"));
  return std::make_shared<const Buffer>(builder.build());
}

/// A consumer that has read two records of epoch 3 and waits for more, when the leader changes.
class ChangeOfLeader : public FetcherTest {
 protected:
  void SetUp() override {
    topic_.leader_epoch = 3;
    broker_.tell = [this](const FetchBroker::Asked& asked, FetchBroker::Told& told) {
      if (asked.fetch_offset == 0) told.records = wire::Records(batch_->view());
      told.high_watermark = 2;
    };
  }
  void read_on() {
    start();
    run_for(Millis{1'000});
    std::vector<RecordView> records;
    std::vector<SharedBuffer> keep_alive;
    shared_.with([&](auto& state) {
      const auto ready = state.fetch.next_ready();
      ASSERT_TRUE(ready.has_value());
      ASSERT_TRUE(ready->records->read(10, records, keep_alive).ok());
      state.fetch.advance(partition_);
    });
    EXPECT_THAT(records, SizeIs(2));
  }
  /// From now on the leader is of epoch 4, and refuses whoever thinks otherwise.
  void change_leader() {
    topic_.leader_epoch = 4;
    broker_.tell = [](const FetchBroker::Asked& asked, FetchBroker::Told& told) {
      if (asked.current_leader_epoch < 4) told.error_code = code_of(KafkaError::kFencedLeaderEpoch);
    };
  }
  std::optional<Offset> position() {
    return shared_.with([&](auto& state) { return state.fetch.position(partition_); });
  }
  std::optional<Error> error() {
    return shared_.with([&](auto& state) { return state.fetch.take_error(); });
  }

  const TopicPartition partition_{"t", PartitionId{0}};
  const SharedBuffer batch_ = batch_of(0, 3);
};

TEST_F(ChangeOfLeader, AsksTheNewOneWhetherWhatWasReadIsThereBeforeItFetchesOn) {
  broker_.epoch_end.leader_epoch = 3;
  broker_.epoch_end.end_offset = 2;
  read_on();
  change_leader();
  run_for(Millis{5'000});

  ASSERT_THAT(broker_.epoch_questions, SizeIs(1));
  EXPECT_EQ(broker_.epoch_questions[0].replica_id, -1);
  const auto& asked = broker_.epoch_questions[0].topics.at(0).partitions.at(0);
  EXPECT_EQ(asked.leader_epoch, 3);
  EXPECT_EQ(asked.current_leader_epoch, 4);
  EXPECT_EQ(position(), Offset{2});
  EXPECT_TRUE(broker_.fetches.back().topics.empty()) << "it waits for more in its session";
}

TEST_F(ChangeOfLeader, GoesOnWhereTheLogsDivergeWhenThereIsAPolicy) {
  broker_.epoch_end.leader_epoch = 2;
  broker_.epoch_end.end_offset = 1;
  read_on();
  change_leader();
  run_for(Millis{5'000});

  EXPECT_EQ(position(), Offset{1});
  EXPECT_EQ(error(), std::nullopt);
}

TEST_F(ChangeOfLeader, SaysWhereTheLogsDivergeWhenThereIsNoPolicy) {
  config_.offset_reset = OffsetReset::kNone;
  broker_.epoch_end.leader_epoch = 2;
  broker_.epoch_end.end_offset = 1;
  shared_.with([&](auto& state) { state.fetch.set_assignment({partition_}); });
  shared_.with([&](auto& state) { state.fetch.seek(partition_, Offset{0}); });
  read_on();
  change_leader();
  run_for(Millis{5'000});

  const auto told = error();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code, ErrorCode::kOutOfRange);
  EXPECT_THAT(told->message, HasSubstr("before offset 2 differs from offset 1 on"));
  EXPECT_EQ(shared_.with([&](auto& state) { return state.fetch.divergence(partition_); }),
            Offset{1});
}

TEST_F(ChangeOfLeader, BeginsAsThePolicySaysWhenTheLogDoesNotKnowTheEpoch) {
  read_on();
  const std::size_t asked_at_start = broker_.listings.size();
  change_leader();
  run_for(Millis{5'000});

  EXPECT_EQ(broker_.listings.size(), asked_at_start + 1);
  EXPECT_EQ(broker_.listings.back().topics.at(0).partitions.at(0).timestamp, -2);
  EXPECT_EQ(position(), Offset{0});
}

TEST_F(ChangeOfLeader, AsksAgainWhenTheNewOneHasYetToHearOfIt) {
  broker_.epoch_end.error_code = code_of(KafkaError::kUnknownLeaderEpoch);
  read_on();
  change_leader();
  run_for(Millis{1'000});
  EXPECT_THAT(broker_.epoch_questions, SizeIs(Gt(1U)));
  broker_.epoch_end = {};
  broker_.epoch_end.leader_epoch = 3;
  broker_.epoch_end.end_offset = 2;
  run_for(Millis{5'000});
  EXPECT_EQ(position(), Offset{2});
  EXPECT_EQ(error(), std::nullopt);
}

TEST_F(ChangeOfLeader, NeedsNoMetadataWhereTheAnswerNamesTheNewOne) {
  FetchBroker next(world_.host("next"), topic_, 2);
  topic_.brokers.erase(2);  // nobody has heard of it
  next.epoch_end.leader_epoch = 3;
  next.epoch_end.end_offset = 2;
  read_on();
  const int asked_before = broker_.metadata_requests;
  broker_.tell = [](const FetchBroker::Asked&, FetchBroker::Told& told) {
    told.error_code = code_of(KafkaError::kNotLeaderOrFollower);
    told.current_leader = {.leader_id = 2, .leader_epoch = 4};
  };
  broker_.amend = [](wire::FetchResponse& response) {
    response.node_endpoints.push_back(
        {.node_id = 2, .host = "next", .port = 9092, .rack = std::nullopt});
  };
  run_for(Millis{2'000});

  EXPECT_THAT(next.epoch_questions, SizeIs(1));
  ASSERT_THAT(next.fetches, SizeIs(Gt(1U)));
  EXPECT_EQ(next.fetches[0].topics.at(0).partitions.at(0).current_leader_epoch, 4);
  EXPECT_EQ(broker_.metadata_requests + next.metadata_requests, asked_before);
}

// In virtual time that passes while the fetcher works, from one look at the clock to the next.
TEST_F(FetcherTest, ForgetsNoPartitionWhoseBackoffEndsWhileItLooksForWhatIsDue) {
  bool is_refused = false;
  broker_.tell = [&](const FetchBroker::Asked&, FetchBroker::Told& told) {
    if (std::exchange(is_refused, true)) return;
    told.error_code = code_of(KafkaError::kOffsetNotAvailable);
  };
  start();
  run_for(Millis{5'000});
  world_.scheduler().clock().set_reading_cost(Millis{2});
  for (int moment = 0; moment < 130; ++moment) {
    SCOPED_TRACE(fmt::format("{} ms after the refusal", moment));
    is_refused = false;
    ASSERT_TRUE(world_.scheduler().run_until([&] { return is_refused; }, Millis{5'000}));
    run_for(Millis{moment});
    fetcher_->run();
    const std::size_t before = broker_.fetches.size();
    run_for(Millis{2'000});
    ASSERT_THAT(broker_.fetches, SizeIs(Gt(before)));
  }
}

class NearReplica : public FetcherTest {
 protected:
  void SetUp() override {
    config_.rack = "here";
    config_.connection.metadata_max_age = Millis{60'000};
    broker_.tell = [](const FetchBroker::Asked&, FetchBroker::Told& told) {
      told.preferred_read_replica = 2;
    };
  }
  FetchBroker near_{world_.host("near"), topic_, 2};
};

TEST_F(NearReplica, IsFetchedFromUntilTheMetadataAreOld) {
  start();
  run_for(Millis{5'000});
  EXPECT_THAT(broker_.fetches, SizeIs(1));
  EXPECT_EQ(broker_.fetches[0].rack_id, "here");
  EXPECT_THAT(near_.fetches, SizeIs(Gt(5U)));
  run_for(Millis{60'000});
  EXPECT_THAT(broker_.fetches, SizeIs(2)) << "asked again, and sent there again";
}

TEST_F(NearReplica, ThatTheMetadataDoNotNameIsAskedForAndThenFetchedFrom) {
  const io::Endpoint at = topic_.brokers.at(2);
  topic_.brokers.erase(2);  // it is away while they are asked for
  start();
  run_for(Millis{5'000});
  EXPECT_THAT(broker_.fetches, SizeIs(AllOf(Gt(5U), Lt(60U)))) << "one each retry.backoff.ms";
  EXPECT_GT(broker_.metadata_requests, 5);
  EXPECT_THAT(near_.fetches, SizeIs(0));

  topic_.brokers[2] = at;
  run_for(Millis{1'000});
  EXPECT_THAT(near_.fetches, SizeIs(Gt(0U)));
}

TEST_F(NearReplica, ThatHasNotTheOffsetYetLeavesItToTheLeader) {
  start();
  run_for(Millis{5'000});
  ASSERT_THAT(broker_.fetches, SizeIs(1));
  broker_.tell = [](const FetchBroker::Asked&, FetchBroker::Told&) {};
  near_.tell = [](const FetchBroker::Asked&, FetchBroker::Told& told) {
    told.error_code = code_of(KafkaError::kOffsetOutOfRange);
  };
  const std::size_t listings = broker_.listings.size();
  run_for(Millis{5'000});
  EXPECT_THAT(broker_.fetches, SizeIs(Gt(5U)));
  EXPECT_EQ(broker_.listings.size(), listings) << "the position stays as it is";
}

}  // namespace
}  // namespace millrace::client
