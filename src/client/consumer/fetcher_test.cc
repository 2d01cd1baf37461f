#include "client/consumer/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/testing/fetch_broker.h"
#include "sim/sim_env.h"

namespace millrace::client {
namespace {

using testing::AllOf;
using testing::Gt;
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

}  // namespace
}  // namespace millrace::client
