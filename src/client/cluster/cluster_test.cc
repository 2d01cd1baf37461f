#include "client/cluster/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/consumer/offset_requests.h"
#include "client/testing/request_listener.h"
#include "sim/sim_env.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"

namespace millrace::client {
namespace {

using testing::HasSubstr;
using testing::Not;

ConnectionConfig config_of_nobody() {
  ConnectionConfig config;
  config.bootstrap_servers = {{"nobody", 9092}};
  return config;
}

class ClusterTest : public testing::Test {
 protected:
  sim::SimWorld world_{1};
  std::unique_ptr<io::EventLoop> loop_ = world_.host("client").make_loop();
  std::unique_ptr<Cluster> cluster_ =
      std::make_unique<Cluster>(*loop_, config_of_nobody(), Random(1));
};

TEST_F(ClusterTest, ACallThatIsAnsweredAfterTheClusterIsGoneIsNotTriedAgain) {
  std::vector<ErrorCode> answers;
  cluster_->call_until<wire::ListGroupsRequest, wire::ListGroupsResponse>(
      Target::of(BrokerId{7}), {}, loop_->now() + Millis{60'000},
      [](const wire::ListGroupsResponse&) { return wire::KafkaError::kNone; },
      [&](const Result<wire::ListGroupsResponse>& answer) {
        answers.push_back(answer.error().code);
      });

  cluster_.reset();
  world_.scheduler().run_for(Millis{60'000});

  EXPECT_EQ(answers, std::vector{ErrorCode::kClosed});
}

TEST_F(ClusterTest, AListingOfOffsetsEndsWithTheCluster) {
  wire::MetadataResponse metadata;
  metadata.brokers = {{.node_id = 7, .host = "nobody", .port = 9092, .rack = std::nullopt}};
  metadata.topics.emplace_back().name = "t";
  metadata.topics.back().partitions.emplace_back().leader_id = 7;
  cluster_->metadata().update(metadata);
  std::vector<ErrorCode> answers;
  const TopicPartition partition{"t", PartitionId{0}};
  list_offsets(
      *cluster_, {{partition, OffsetSpec::latest().timestamp}}, IsolationLevel::kReadUncommitted,
      loop_->now() + Millis{60'000},
      [&](const ListedOffsets& listed) { answers.push_back(listed.at(partition).error().code); });

  cluster_.reset();
  world_.scheduler().run_for(Millis{60'000});

  EXPECT_EQ(answers, std::vector{ErrorCode::kClosed});
}

TEST_F(ClusterTest, AMarkIsNotAskedForInAVersionThatWouldTakeItForATime) {
  const auto loop = world_.host("nobody").make_loop();
  std::vector<std::int16_t> asked;
  std::int16_t version = 6;
  RequestListener broker(
      *loop, {"nobody", 9092},
      [&](io::Connection& to, const wire::RequestHeader& header, ByteReader /*body*/) {
        if (header.api_key == wire::ApiKey::kApiVersions) {
          return send_answer(to, header, speaks({{wire::ApiKey::kListOffsets, version}}));
        }
        asked.push_back(header.api_version);
        wire::ListOffsetsResponse answer;
        answer.topics.emplace_back().name = "t";
        answer.topics.back().partitions.emplace_back().offset = 5;
        send_answer(to, header, answer);
      });
  wire::MetadataResponse metadata;
  metadata.brokers = {{.node_id = 7, .host = "nobody", .port = 9092, .rack = std::nullopt}};
  metadata.topics.emplace_back().name = "t";
  metadata.topics.back().partitions.emplace_back().leader_id = 7;
  cluster_->metadata().update(metadata);
  const TopicPartition partition{"t", PartitionId{0}};
  std::optional<Result<ListedOffset>> listed;
  const auto list = [&](OffsetSpec what) {
    list_offsets(*cluster_, {{partition, what.timestamp}}, IsolationLevel::kReadUncommitted,
                 loop_->now() + Millis{60'000},
                 [&](const ListedOffsets& all) { listed = all.at(partition); });
    world_.scheduler().run_for(Millis{60'000});
  };

  list(OffsetSpec::max_timestamp());
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->error().code, ErrorCode::kUnsupported) << listed->error().message;
  EXPECT_THAT(asked, testing::IsEmpty());
  list(OffsetSpec::latest());
  EXPECT_EQ((*listed)->offset, Offset{5});
  EXPECT_THAT(asked, testing::ElementsAre(6));
}

/// Knows who coordinates what, and counts how often it was asked.
class Directory {
 public:
  explicit Directory(sim::SimEnv& host)
      : loop_(host.make_loop()),
        listener_(*loop_, {host.host(), 9092},
                  [this](io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
                    answer(to, header, body);
                  }) {}
  int asked() const { return asked_; }
  void refuse_with(wire::KafkaError error) { error_ = error; }

 private:
  void answer(io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
    if (header.api_key == wire::ApiKey::kApiVersions) {
      return send_answer(to, header, speaks({{wire::ApiKey::kFindCoordinator, 3}}));
    }
    ++asked_;
    const auto request = request_in<wire::FindCoordinatorRequest>(body, header);
    wire::FindCoordinatorResponse found;
    found.error_code = wire::code_of(error_);
    found.node_id = request.key_type == 0 ? 1 : 2;
    found.host = "somewhere";
    found.port = 9092;
    send_answer(to, header, found);
  }

  std::unique_ptr<io::EventLoop> loop_;
  int asked_ = 0;
  wire::KafkaError error_ = wire::KafkaError::kNone;
  RequestListener listener_;
};

TEST_F(ClusterTest, AGroupAndATransactionOfOneNameHaveCoordinatorsOfTheirOwn) {
  Directory directory(world_.host("nobody"));
  const auto coordinator_of = [this](const CoordinatorKey& key) {
    std::optional<BrokerId> found;
    cluster_->find_coordinator(
        key, loop_->now() + Millis{10'000},
        [&](const Result<BrokerId>& broker) { found = broker.ok() ? *broker : kNoBroker; });
    world_.scheduler().run_until([&] { return found.has_value(); }, std::chrono::seconds{10});
    return found.value_or(kNoBroker);
  };

  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(coordinator_of(CoordinatorKey::group("x")), BrokerId{1});
    EXPECT_EQ(coordinator_of(CoordinatorKey::transaction("x")), BrokerId{2});
  }
  EXPECT_EQ(directory.asked(), 2) << "each is asked for once";
  cluster_.reset();
}

/// Answers nothing but ApiVersions.
class Mute {
 public:
  explicit Mute(sim::SimEnv& host)
      : loop_(host.make_loop()),
        listener_(*loop_, {host.host(), 9092},
                  [](io::Connection& to, const wire::RequestHeader& header, ByteReader /*body*/) {
                    if (header.api_key != wire::ApiKey::kApiVersions) return;
                    send_answer(to, header, speaks({{wire::ApiKey::kListGroups, 3}}));
                  }) {}
  int open_max() const { return listener_.open_max(); }

 private:
  std::unique_ptr<io::EventLoop> loop_;
  RequestListener listener_;
};

// The end of a connection that was given up may be told later than its successor is under way.
// Taken for the successor's, it would make a second one, and the calls of the first would hang in
// the air while later ones overtake them: of a producer, out of order and twice.
TEST_F(ClusterTest, ABrokerThatDoesNotAnswerIsConnectedToOnceAtATime) {
  Mute mute(world_.host("nobody"));
  cluster_->metadata().note_broker({BrokerId{7}, {"nobody", 9092}});
  int answered = 0;
  constexpr int kCalls = 40;
  for (int number = 0; number < kCalls; ++number) {
    cluster_->call<wire::ListGroupsRequest, wire::ListGroupsResponse>(
        BrokerId{7}, Lane::kMain, {}, Millis{300},
        [&](const Result<wire::ListGroupsResponse>& answer) {
          EXPECT_FALSE(answer.ok());
          ++answered;
        });
    world_.scheduler().run_for(Millis{70});
  }
  world_.scheduler().run_for(Millis{5'000});

  EXPECT_EQ(answered, kCalls);
  EXPECT_EQ(mute.open_max(), 1);
  cluster_.reset();
}

TEST_F(ClusterTest, ACallWhoseCoordinatorIsRefusedForGoodEndsAtOnce) {
  Directory directory(world_.host("nobody"));
  directory.refuse_with(wire::KafkaError::kGroupAuthorizationFailed);
  std::optional<Error> refused;
  cluster_->call_until<wire::ListGroupsRequest, wire::ListGroupsResponse>(
      Target::coordinator(CoordinatorKey::group("x")), {}, loop_->now() + Millis{60'000},
      [](const wire::ListGroupsResponse&) { return wire::KafkaError::kNone; },
      [&](const Result<wire::ListGroupsResponse>& answer) { refused = answer.error(); });

  world_.scheduler().run_for(Millis{5'000});

  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(wire::kafka_error_of(*refused), wire::KafkaError::kGroupAuthorizationFailed);
  EXPECT_EQ(directory.asked(), 1);
  cluster_.reset();
}

TEST_F(ClusterTest, WhatIsRefusedForLongIsToldOfOnceAndWhenItIsAnswered) {
  std::vector<std::string> heard;
  cluster_->set_outage_listener(
      {.on_refused =
           [&](const Refusal& refusal) {
             heard.push_back(refusal.question + ": " + refusal.answer);
             throw std::runtime_error("of the application");
           },
       .on_answered = [&](const Refusal& refusal) { heard.push_back(refusal.question); }});
  Directory directory(world_.host("nobody"));
  std::optional<Result<BrokerId>> found;
  const auto find = [&](Millis limit) {
    found.reset();
    cluster_->find_coordinator(CoordinatorKey::group("x"), loop_->now() + limit,
                               [&](Result<BrokerId> broker) { found = std::move(broker); });
  };
  directory.refuse_with(wire::KafkaError::kCoordinatorNotAvailable);

  find(Millis{1'000});
  world_.scheduler().run_for(Millis{5'000});
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(heard, testing::IsEmpty()) << "it did not take long";
  find(Millis{3'000});
  world_.scheduler().run_for(Millis{5'000});
  ASSERT_TRUE(found.has_value());
  const std::string refused = "FindCoordinator for group x: COORDINATOR_NOT_AVAILABLE";
  EXPECT_THAT(heard, testing::ElementsAre(refused)) << "it was given up, not answered";
  heard.clear();

  find(Millis{60'000});
  world_.scheduler().run_for(Millis{1'400});
  EXPECT_THAT(heard, testing::IsEmpty());
  world_.scheduler().run_for(Millis{600});
  EXPECT_THAT(heard, testing::ElementsAre(refused));
  world_.scheduler().run_for(Millis{20'000});
  EXPECT_EQ(heard.size(), 1U);
  directory.refuse_with(wire::KafkaError::kNone);
  world_.scheduler().run_for(Millis{5'000});
  EXPECT_THAT(heard, testing::ElementsAre(refused, "FindCoordinator for group x"));
  cluster_.reset();
}

TEST_F(ClusterTest, BootstrapServersAreAskedAgainWhenNoBrokerThatIsKnownCanBeReached) {
  Directory directory(world_.host("nobody"));
  cluster_->metadata().note_broker({BrokerId{9}, {"gone", 9092}});
  std::optional<Result<BrokerId>> found;
  cluster_->find_coordinator(CoordinatorKey::group("x"), loop_->now() + Millis{10'000},
                             [&](Result<BrokerId> broker) { found = std::move(broker); });

  world_.scheduler().run_until([&] { return found.has_value(); }, std::chrono::seconds{20});

  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->ok()) << found->error().to_string();
  cluster_.reset();
}

TEST_F(ClusterTest, ABrokerThatCannotBeReachedIsToldOfWithinTwoSecondsAndOnce) {
  cluster_->metadata().note_broker({BrokerId{7}, {"nowhere", 19092}});
  const auto ask = [this] {
    cluster_->call_until<wire::ListGroupsRequest, wire::ListGroupsResponse>(
        Target::of(BrokerId{7}), {}, loop_->now() + Millis{60'000},
        [](const wire::ListGroupsResponse&) { return wire::KafkaError::kNone; },
        [](const Result<wire::ListGroupsResponse>&) {});
  };
  const auto logged_within = [this](Millis time) {
    testing::internal::CaptureStderr();
    world_.scheduler().run_for(time);
    return testing::internal::GetCapturedStderr();
  };

  ask();

  EXPECT_THAT(logged_within(Millis{1400}), Not(HasSubstr("cannot be reached")));
  const std::string told = logged_within(Millis{600});
  EXPECT_THAT(told, HasSubstr("broker=7 address=nowhere:19092 reason="));
  EXPECT_EQ(told.find("broker=7"), told.rfind("broker=7")) << told;
  EXPECT_THAT(logged_within(Millis{20'000}), Not(HasSubstr("broker=7")));
}

TEST_F(ClusterTest, AListenerHearsOnceOfAnAddressWhateverLanesWaitForItAndWhenItAnswers) {
  std::vector<std::string> heard;
  cluster_->set_outage_listener({.on_unreachable =
                                     [&](const BrokerOutage& outage) {
                                       if (!outage.broker) return;
                                       heard.push_back("lost " + outage.address);
                                       EXPECT_EQ(*outage.broker, BrokerId{7});
                                       EXPECT_NE(outage.reason, "");
                                       throw std::runtime_error("of the application");
                                     },
                                 .on_reached =
                                     [&](const BrokerOutage& outage) {
                                       if (outage.broker)
                                         heard.push_back("found " + outage.address);
                                     }});
  cluster_->metadata().note_broker({BrokerId{7}, {"gone", 9092}});
  std::function<void(Lane)> ask = [&](Lane lane) {
    cluster_->call<wire::ListGroupsRequest, wire::ListGroupsResponse>(
        BrokerId{7}, lane, {}, Millis{10'000}, [&, lane](const auto& answer) {
          if (answer.ok() || answer.error().code == ErrorCode::kUnsupported) return;
          if (cluster_ == nullptr) return;
          cluster_->call_later(Millis{100}, [&, lane](const Status& status) {
            if (status.ok()) ask(lane);
          });
        });
  };

  ask(Lane::kMain);
  ask(Lane::kFetch);
  world_.scheduler().run_for(Millis{5'000});
  EXPECT_THAT(heard, testing::ElementsAre("lost gone:9092"));

  Directory directory(world_.host("gone"));
  world_.scheduler().run_for(Millis{5'000});
  EXPECT_THAT(heard, testing::ElementsAre("lost gone:9092", "found gone:9092"));
  cluster_.reset();
}

}  // namespace
}  // namespace millrace::client
