// Every API before an authorizer that refuses all, or some: what is refused says so as in Kafka,
// and the rest is answered.
#include "broker/access/gates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;
using enum Operation;
using enum ResourceType;

KafkaError error(std::int16_t code) {
  return static_cast<KafkaError>(code);
}

/// Allows what was allowed by name, and nothing else.
class Rules final : public Authorizer {
 public:
  void allow(Operation operation, ResourceType type, const std::string& name) {
    allowed_.emplace(operation, type, name);
  }
  void allow(Operation operation) { allow(operation, kCluster, std::string(kClusterName)); }

  bool allows(const ConnectionState& who, Ask ask, std::string_view name) const override {
    EXPECT_EQ(who.principal.to_string(), "User:ANONYMOUS");
    return allowed_.contains({ask.operation, ask.type, std::string(name)});
  }
  bool allows_some(const ConnectionState&, Ask ask) const override {
    return std::any_of(allowed_.begin(), allowed_.end(), [&](const auto& each) {
      return std::get<0>(each) == ask.operation && std::get<1>(each) == ask.type;
    });
  }

 private:
  std::set<std::tuple<Operation, ResourceType, std::string>> allowed_;
};

/// Topics "mine" and "yours", and nothing allowed.
class Gates : public CoreFixture {
 protected:
  Gates() {
    EXPECT_TRUE(core_->start_groups(*loop_).ok());
    guarded_.emplace(state());
    guarded_->authorizer = &rules_;
    mine_ = make_topic("mine");
    yours_ = make_topic("yours");
  }
  ~Gates() override { core_->stop_groups(); }

  /// As a client asks: the request is encoded, passes its gate, and the answer is decoded.
  std::optional<Delivery> deliver(const Buffer& bytes) {
    Buffer frame = Buffer::copy_of(bytes.view());
    ByteReader reader(frame.view());
    const auto header = wire::decode_request_header(reader);
    EXPECT_TRUE(header.ok());
    const auto* const entry = core_->handlers().find(header->api_key);
    auto where = context(header->api_version);
    where.frame = std::move(frame);
    auto delivered = std::make_shared<std::optional<Delivery>>();
    const Status status = entry->dispatch(
        reader, std::move(where), *guarded_,
        {.correlation_id = 7,
         .deliver = [delivered](Delivery delivery) { *delivered = std::move(delivery); }});
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    for (int i = 0; i < 100 && !delivered->has_value(); ++i) run_for(Millis{10});
    return std::move(*delivered);
  }
  template <class Request>
  static Buffer encoded(const Request& request, std::int16_t version) {
    auto bytes = wire::encode_request(
        {.api_version = version, .correlation_id = 7, .client_id = "test"}, request);
    EXPECT_TRUE(bytes.ok()) << bytes.error().to_string();
    return std::move(bytes).value();
  }
  template <class Response, class Request>
  Response ask(const Request& request, std::int16_t version) {
    auto delivery = deliver(encoded(request, version));
    if (!delivery || !std::holds_alternative<io::Chunks>(*delivery)) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    answer_.clear();
    for (const auto& chunk : std::get<io::Chunks>(*delivery))
      answer_ += std::get<Buffer>(chunk).view();
    ByteReader reader(answer_);
    EXPECT_TRUE(wire::decode_response_header(reader, Response::kApiKey, version).ok());
    auto body = wire::decode_body<Response>(reader, version);
    EXPECT_TRUE(body.ok()) << body.error().to_string();
    return std::move(body).value();
  }

  wire::ProduceRequest produce_request(std::int16_t acks) {
    batch_ = batch_of({"value"});
    wire::ProduceRequest request;
    request.acks = acks;
    for (const auto& topic : {mine_, yours_}) {
      auto& data = request.topic_data.emplace_back();
      data.name = topic->name;
      data.topic_id = topic->id;
      data.partition_data.emplace_back().records = wire::Records(batch_.view());
    }
    return request;
  }
  Offset end_of(const Topic& topic) { return topic.partitions[0]->high_watermark(); }

  Rules rules_;
  std::optional<BrokerState> guarded_;
  std::shared_ptr<const Topic> mine_;
  std::shared_ptr<const Topic> yours_;
  Buffer batch_;
  std::string answer_;  // what the last decoded answer points into
};

TEST_F(Gates, ProduceRefusesEachTopicThatMayNotBeWritten) {
  rules_.allow(kWrite, kTopic, "mine");
  for (const auto version : {std::int16_t{9}, std::int16_t{13}}) {
    const auto response = ask<wire::ProduceResponse>(produce_request(1), version);

    ASSERT_EQ(response.responses.size(), 2U);
    const auto& refused = response.responses[1].partition_responses.at(0);
    EXPECT_EQ(error(response.responses[0].partition_responses.at(0).error_code), KafkaError::kNone);
    EXPECT_EQ(error(refused.error_code), KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(refused.base_offset, -1);
  }
  EXPECT_EQ(end_of(*mine_), Offset{2});
  EXPECT_EQ(end_of(*yours_), Offset{0});
}

TEST_F(Gates, ProduceClosesTheConnectionOfWhoExpectsNoReplyAndIsRefused) {
  rules_.allow(kWrite, kTopic, "mine");
  const auto delivery = deliver(encoded(produce_request(0), 9));
  ASSERT_TRUE(delivery.has_value());
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(*delivery));
}

TEST_F(Gates, ProduceRefusesAllOfAStrangersTransaction) {
  rules_.allow(kWrite, kTopic, "mine");
  auto request = produce_request(1);
  request.transactional_id = "t";
  const auto response = ask<wire::ProduceResponse>(request, 9);
  ASSERT_EQ(response.responses.size(), 2U);
  for (const auto& topic : response.responses)
    EXPECT_EQ(error(topic.partition_responses.at(0).error_code),
              KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(end_of(*mine_), Offset{0});
}

TEST_F(Gates, FetchRefusesEachTopicThatMayNotBeRead) {
  rules_.allow(kRead, kTopic, "mine");
  ASSERT_TRUE(append("mine", 0, batch_of({"a"})).ok());
  wire::FetchRequest request;
  for (const auto& topic : {yours_, mine_}) {
    auto& wanted = request.topics.emplace_back();
    wanted.topic = topic->name;
    wanted.topic_id = topic->id;
    wanted.partitions.emplace_back().partition_max_bytes = 1000;
  }
  for (const auto version : {std::int16_t{12}, std::int16_t{13}}) {
    const auto response = ask<wire::FetchResponse>(request, version);

    ASSERT_EQ(response.responses.size(), 2U);
    EXPECT_FALSE(response.responses[0].partitions.at(0).records.empty());
    const auto& refused = response.responses[1].partitions.at(0);
    EXPECT_EQ(error(refused.error_code), KafkaError::kTopicAuthorizationFailed);
    EXPECT_TRUE(refused.records.empty());
    EXPECT_EQ(response.responses[1].topic_id, version >= 13 ? yours_->id : Uuid{});
  }
}

TEST_F(Gates, AnIdThatNobodyKnowsIsUnknownAndNotRefused) {
  wire::FetchRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.topic_id.bytes[3] = 9;
  wanted.partitions.emplace_back();
  const auto response = ask<wire::FetchResponse>(request, 13);
  EXPECT_EQ(error(response.responses.at(0).partitions.at(0).error_code),
            KafkaError::kUnknownTopicId);
}

TEST_F(Gates, ListOffsetsRefusesEachTopicThatMayNotBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::ListOffsetsRequest request;
  for (const auto* const name : {"mine", "yours", "nothing"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back().timestamp = -1;
  }
  const auto response = ask<wire::ListOffsetsResponse>(request, 7);
  ASSERT_EQ(response.topics.size(), 3U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  for (const std::size_t i : {1U, 2U})
    EXPECT_EQ(error(response.topics[i].partitions[0].error_code),
              KafkaError::kTopicAuthorizationFailed);
}

TEST_F(Gates, DeleteRecordsRefusesEachTopicThatMayNotBeDeleted) {
  rules_.allow(kDelete, kTopic, "mine");
  wire::DeleteRecordsRequest request;
  for (const auto* const name : {"mine", "yours", "nothing"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back();
  }
  const auto response = ask<wire::DeleteRecordsResponse>(request, 2);
  ASSERT_EQ(response.topics.size(), 3U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(error(response.topics[i].partitions[0].error_code),
              KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(response.topics[i].partitions[0].low_watermark, -1);
  }
}

TEST_F(Gates, OffsetForLeaderEpochRefusesEachTopicThatMayNotBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::OffsetForLeaderEpochRequest request;
  for (const auto* const name : {"mine", "yours"}) {
    auto& wanted = request.topics.emplace_back();
    wanted.topic = name;
    wanted.partitions.emplace_back();
  }
  const auto response = ask<wire::OffsetForLeaderEpochResponse>(request, 4);
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(error(response.topics[0].partitions[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.topics[1].partitions[0].error_code),
            KafkaError::kTopicAuthorizationFailed);
}

wire::MetadataRequest metadata_of(std::initializer_list<const char*> names) {
  wire::MetadataRequest request;
  for (const auto* const name : names) request.topics->push_back({{}, name});
  return request;
}

TEST_F(Gates, MetadataShowsOnlyWhatMayBeDescribed) {
  rules_.allow(kDescribe, kTopic, "mine");
  wire::MetadataRequest all;
  all.topics.reset();
  const auto shown = ask<wire::MetadataResponse>(all, 12);
  ASSERT_EQ(shown.topics.size(), 1U);
  EXPECT_EQ(shown.topics[0].name, "mine");

  const auto named = ask<wire::MetadataResponse>(metadata_of({"mine", "yours"}), 12);
  ASSERT_EQ(named.topics.size(), 2U);
  EXPECT_EQ(error(named.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(named.topics[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_TRUE(named.topics[1].topic_id.is_zero()) << "says that the topic exists";
  EXPECT_THAT(named.topics[1].partitions, IsEmpty());

  wire::MetadataRequest by_id;
  by_id.topics->push_back({yours_->id, std::nullopt});
  const auto refused = ask<wire::MetadataResponse>(by_id, 12);
  EXPECT_EQ(error(refused.topics.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(refused.topics[0].name, std::nullopt);

  EXPECT_THAT(ask<wire::MetadataResponse>(metadata_of({}), 0).topics, testing::SizeIs(1));
  EXPECT_THAT(ask<wire::MetadataResponse>(metadata_of({"yours"}), 0).topics, testing::SizeIs(1));
}

TEST_F(Gates, MetadataMakesATopicOnlyForWhoMayCreateIt) {
  rules_.allow(kDescribe, kTopic, "new");
  const auto refused = ask<wire::MetadataResponse>(metadata_of({"new"}), 12);
  EXPECT_EQ(error(refused.topics.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(state().topics.table()->find("new"), nullptr);

  rules_.allow(kCreate, kTopic, "new");
  const auto made = ask<wire::MetadataResponse>(metadata_of({"new"}), 12);
  EXPECT_EQ(error(made.topics.at(0).error_code), KafkaError::kNone);
}

TEST_F(Gates, MetadataAndDescribeClusterNameTheOperationsThatAreAllowed) {
  rules_.allow(kDescribe, kTopic, "mine");
  rules_.allow(kRead, kTopic, "mine");
  auto request = metadata_of({"mine"});
  request.include_topic_authorized_operations = true;
  request.include_cluster_authorized_operations = true;
  auto response = ask<wire::MetadataResponse>(request, 10);
  EXPECT_EQ(response.topics.at(0).topic_authorized_operations, (1 << 8) | (1 << 3));
  EXPECT_EQ(response.cluster_authorized_operations, 0);
  wire::DescribeClusterRequest cluster;
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations,
            INT32_MIN);
  cluster.include_cluster_authorized_operations = true;
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations, 0);

  rules_.allow(kDescribe);
  rules_.allow(kCreate);
  response = ask<wire::MetadataResponse>(request, 10);
  EXPECT_EQ(response.cluster_authorized_operations, (1 << 8) | (1 << 5));
  EXPECT_EQ(ask<wire::DescribeClusterResponse>(cluster, 1).cluster_authorized_operations,
            (1 << 8) | (1 << 5));
}

TEST_F(Gates, ApiVersionsAsksNobody) {
  const auto response = ask<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{"test", "1"}, 3);
  EXPECT_EQ(error(response.error_code), KafkaError::kNone);
}

wire::CreateTopicsRequest creation_of(std::initializer_list<const char*> names) {
  wire::CreateTopicsRequest request;
  for (const auto* const name : names) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
  }
  return request;
}

TEST_F(Gates, CreateTopicsRefusesEachTopicThatMayNotBeMade) {
  rules_.allow(kCreate, kTopic, "a");
  const auto response = ask<wire::CreateTopicsResponse>(creation_of({"b", "a"}), 7);

  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(error(response.topics[0].error_code), KafkaError::kNone);
  EXPECT_EQ(error(response.topics[0].topic_config_error_code),
            KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(*response.topics[0].configs, IsEmpty());
  EXPECT_EQ(response.topics[0].num_partitions, -1);
  EXPECT_EQ(response.topics[1].name, "b");
  EXPECT_EQ(error(response.topics[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(state().topics.table()->find("b"), nullptr);
}

TEST_F(Gates, CreateTopicsMakesAnyTopicForWhoMayCreateInTheCluster) {
  rules_.allow(kCreate);
  rules_.allow(kDescribeConfigs, kTopic, "a");
  const auto response = ask<wire::CreateTopicsResponse>(creation_of({"a"}), 7);
  EXPECT_EQ(error(response.topics.at(0).error_code), KafkaError::kNone);
  EXPECT_FALSE(response.topics[0].configs->empty());
  EXPECT_EQ(response.topics[0].num_partitions, 1);
}

TEST_F(Gates, DeleteTopicsRefusesEachTopicAndHidesTheNameBehindAnId) {
  rules_.allow(kDelete, kTopic, "mine");
  wire::DeleteTopicsRequest request;
  request.topics = {{"yours", {}}, {std::nullopt, yours_->id}, {"mine", {}}};
  auto response = ask<wire::DeleteTopicsResponse>(request, 6);

  ASSERT_EQ(response.responses.size(), 3U);
  EXPECT_EQ(response.responses[0].name, "mine");
  EXPECT_EQ(error(response.responses[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.responses[1].name, "yours");
  EXPECT_EQ(error(response.responses[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(response.responses[2].name, std::nullopt);
  EXPECT_EQ(error(response.responses[2].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_NE(state().topics.table()->find("yours"), nullptr);

  wire::DeleteTopicsRequest old;
  old.topic_names = {"yours"};
  response = ask<wire::DeleteTopicsResponse>(old, 4);
  EXPECT_EQ(error(response.responses.at(0).error_code), KafkaError::kTopicAuthorizationFailed);
  rules_.allow(kDelete);
  response = ask<wire::DeleteTopicsResponse>(old, 4);
  EXPECT_EQ(error(response.responses.at(0).error_code), KafkaError::kNone);
}

TEST_F(Gates, InitProducerIdIsForWhoMayWriteSomewhere) {
  wire::InitProducerIdRequest request;
  request.transactional_id.reset();
  const auto error_now = [&] {
    return error(ask<wire::InitProducerIdResponse>(request, 4).error_code);
  };
  EXPECT_EQ(error_now(), KafkaError::kClusterAuthorizationFailed);
  rules_.allow(kWrite, kTopic, "anything");
  EXPECT_EQ(error_now(), KafkaError::kNone);

  request.transactional_id = "t";
  request.transaction_timeout_ms = 1000;
  EXPECT_EQ(error_now(), KafkaError::kTransactionalIdAuthorizationFailed);
  rules_.allow(kWrite, kTransactionalId, "t");
  EXPECT_NE(error_now(), KafkaError::kTransactionalIdAuthorizationFailed);
}

TEST_F(Gates, DescribeConfigsRefusesEachResource) {
  rules_.allow(kDescribeConfigs, kTopic, "mine");
  wire::DescribeConfigsRequest request;
  request.resources = {{2, "yours", std::nullopt}, {2, "mine", std::nullopt}, {4, "1", {}}};
  const auto response = ask<wire::DescribeConfigsResponse>(request, 4);
  ASSERT_EQ(response.results.size(), 3U);
  EXPECT_EQ(error(response.results[0].error_code), KafkaError::kNone);
  EXPECT_FALSE(response.results[0].configs.empty());
  EXPECT_EQ(error(response.results[1].error_code), KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(response.results[1].configs, IsEmpty());
  EXPECT_EQ(error(response.results[2].error_code), KafkaError::kClusterAuthorizationFailed);
}

TEST_F(Gates, AMemberMayDoNothingInAGroupThatItMayNotRead) {
  const auto refused = KafkaError::kGroupAuthorizationFailed;
  wire::JoinGroupRequest join;
  join.group_id = "g";
  wire::SyncGroupRequest sync;
  sync.group_id = "g";
  wire::HeartbeatRequest heartbeat;
  heartbeat.group_id = "g";
  wire::LeaveGroupRequest leave;
  leave.group_id = "g";
  const auto errors = [&] {
    return std::vector<KafkaError>{error(ask<wire::JoinGroupResponse>(join, 9).error_code),
                                   error(ask<wire::SyncGroupResponse>(sync, 5).error_code),
                                   error(ask<wire::HeartbeatResponse>(heartbeat, 4).error_code),
                                   error(ask<wire::LeaveGroupResponse>(leave, 5).error_code)};
  };
  EXPECT_THAT(errors(), ElementsAre(refused, refused, refused, refused));
  rules_.allow(kRead, kGroup, "g");
  EXPECT_THAT(errors(), testing::Each(testing::Ne(refused)));
}

TEST_F(Gates, OffsetCommitNeedsTheGroupAndEachTopic) {
  wire::OffsetCommitRequest request;
  request.group_id = "g";
  for (const auto& topic : {yours_, mine_}) {
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic->name;
    wanted.topic_id = topic->id;
    wanted.partitions.emplace_back();
  }
  const auto errors = [&](std::int16_t version) {
    std::vector<KafkaError> found;
    for (const auto& topic : ask<wire::OffsetCommitResponse>(request, version).topics)
      found.push_back(error(topic.partitions.at(0).error_code));
    return found;
  };
  EXPECT_THAT(errors(9), ElementsAre(KafkaError::kGroupAuthorizationFailed,
                                     KafkaError::kGroupAuthorizationFailed));
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  for (const auto version : {std::int16_t{9}, std::int16_t{10}})
    EXPECT_THAT(errors(version),
                ElementsAre(KafkaError::kNone, KafkaError::kTopicAuthorizationFailed));
}

TEST_F(Gates, OffsetFetchNeedsEachGroupAndEachTopic) {
  wire::OffsetFetchRequest request;
  for (const auto* const name : {"h", "g"}) {
    auto& group = request.groups.emplace_back();
    group.group_id = name;
    group.topics->push_back({"yours", yours_->id, {0}});
    group.topics->push_back({"mine", mine_->id, {0}});
  }
  rules_.allow(kDescribe, kGroup, "g");
  rules_.allow(kDescribe, kTopic, "mine");
  for (const auto version : {std::int16_t{8}, std::int16_t{10}}) {
    const auto response = ask<wire::OffsetFetchResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2U);
    EXPECT_EQ(response.groups[0].group_id, "g");
    ASSERT_EQ(response.groups[0].topics.size(), 2U);
    EXPECT_EQ(error(response.groups[0].topics[0].partitions.at(0).error_code), KafkaError::kNone);
    EXPECT_EQ(error(response.groups[0].topics[1].partitions.at(0).error_code),
              KafkaError::kTopicAuthorizationFailed);
    EXPECT_EQ(response.groups[1].group_id, "h");
    EXPECT_EQ(error(response.groups[1].error_code), KafkaError::kGroupAuthorizationFailed);
  }

  wire::OffsetFetchRequest one;
  one.group_id = "g";
  one.topics->push_back({"yours", {0}});
  auto response = ask<wire::OffsetFetchResponse>(one, 7);
  EXPECT_EQ(error(response.topics.at(0).partitions.at(0).error_code),
            KafkaError::kTopicAuthorizationFailed);
  one.group_id = "h";
  response = ask<wire::OffsetFetchResponse>(one, 7);
  EXPECT_EQ(error(response.error_code), KafkaError::kGroupAuthorizationFailed);
  response = ask<wire::OffsetFetchResponse>(one, 1);
  EXPECT_EQ(error(response.topics.at(0).partitions.at(0).error_code),
            KafkaError::kGroupAuthorizationFailed);
}

TEST_F(Gates, OffsetFetchOfAllTopicsShowsThoseThatMayBeDescribed) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kDescribe, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  rules_.allow(kRead, kTopic, "yours");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  for (const auto* const name : {"mine", "yours"}) {
    auto& wanted = commit.topics.emplace_back();
    wanted.name = name;
    wanted.partitions.emplace_back().committed_offset = 1;
  }
  (void)ask<wire::OffsetCommitResponse>(commit, 9);
  rules_.allow(kDescribe, kTopic, "mine");

  wire::OffsetFetchRequest all;
  all.groups.emplace_back().group_id = "g";
  all.groups[0].topics.reset();
  const auto many = ask<wire::OffsetFetchResponse>(all, 8);
  ASSERT_EQ(many.groups.at(0).topics.size(), 1U);
  EXPECT_EQ(many.groups[0].topics[0].name, "mine");
  wire::OffsetFetchRequest old;
  old.group_id = "g";
  old.topics.reset();
  const auto one = ask<wire::OffsetFetchResponse>(old, 7);
  ASSERT_EQ(one.topics.size(), 1U);
  EXPECT_EQ(one.topics[0].name, "mine");
}

TEST_F(Gates, FindCoordinatorRefusesEachKey) {
  rules_.allow(kDescribe, kGroup, "g");
  wire::FindCoordinatorRequest request;
  request.coordinator_keys = {"h", "g"};
  const auto response = ask<wire::FindCoordinatorResponse>(request, 4);
  ASSERT_EQ(response.coordinators.size(), 2U);
  EXPECT_EQ(error(response.coordinators[0].error_code), KafkaError::kNone);
  EXPECT_EQ(response.coordinators[1].key, "h");
  EXPECT_EQ(error(response.coordinators[1].error_code), KafkaError::kGroupAuthorizationFailed);

  wire::FindCoordinatorRequest old;
  old.key = "t";
  EXPECT_EQ(error(ask<wire::FindCoordinatorResponse>(old, 3).error_code),
            KafkaError::kGroupAuthorizationFailed);
  old.key_type = 1;
  EXPECT_EQ(error(ask<wire::FindCoordinatorResponse>(old, 3).error_code),
            KafkaError::kTransactionalIdAuthorizationFailed);
}

TEST_F(Gates, DescribeListAndDeleteGroupsShowAndTouchOnlyWhatIsAllowed) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "mine";
  commit.topics[0].partitions.emplace_back();
  (void)ask<wire::OffsetCommitResponse>(commit, 9);

  wire::DescribeGroupsRequest describe;
  describe.groups = {"h", "g"};
  describe.include_authorized_operations = true;
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups, IsEmpty());
  rules_.allow(kDescribe, kGroup, "g");
  const auto described = ask<wire::DescribeGroupsResponse>(describe, 5);
  ASSERT_EQ(described.groups.size(), 2U);
  EXPECT_EQ(error(described.groups[0].error_code), KafkaError::kNone);
  EXPECT_EQ(described.groups[0].authorized_operations, (1 << 3) | (1 << 8));
  EXPECT_EQ(error(described.groups[1].error_code), KafkaError::kGroupAuthorizationFailed);
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups,
              testing::SizeIs(1));

  wire::DeleteGroupsRequest removal;
  removal.groups_names = {"g"};
  EXPECT_EQ(error(ask<wire::DeleteGroupsResponse>(removal, 2).results.at(0).error_code),
            KafkaError::kGroupAuthorizationFailed);
  rules_.allow(kDelete, kGroup, "g");
  EXPECT_EQ(error(ask<wire::DeleteGroupsResponse>(removal, 2).results.at(0).error_code),
            KafkaError::kNone);
}

TEST_F(Gates, ListGroupsShowsAllToWhoMayDescribeTheCluster) {
  rules_.allow(kRead, kGroup, "g");
  rules_.allow(kRead, kTopic, "mine");
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "mine";
  commit.topics[0].partitions.emplace_back();
  (void)ask<wire::OffsetCommitResponse>(commit, 9);
  rules_.allow(kDescribe);
  EXPECT_THAT(ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 4).groups,
              testing::SizeIs(1));
}

TEST_F(Gates, EveryApiButApiVersionsNamesWhatItAsks) {
  for (const auto& [key, entry] : core_->handlers().entries())
    EXPECT_EQ(entry.asks.empty(), key == wire::ApiKey::kApiVersions) << wire::api_key_name(key);
}

}  // namespace
}  // namespace millrace::broker
