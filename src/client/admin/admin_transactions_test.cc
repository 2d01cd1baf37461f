// What Admin asks of transactions, and of which broker: two brokers here, of which each leads one
// partition of "t" and coordinates the transactional ids that begin with its number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "client/admin.h"
#include "client/testing/listening_thread.h"
#include "wire/error_codes.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/list_transactions.h"
#include "wire/messages/metadata.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::ApiKey;
using wire::KafkaError;

/// What a broker answers, and what it was asked; both by the test's thread too.
struct Script {
  std::vector<wire::ListTransactionsResponse::TransactionState> listed = {};
  std::vector<std::string> unknown_states = {};
  std::map<std::string, wire::DescribeTransactionsResponse::TransactionState> described = {};
  std::vector<wire::DescribeProducersResponse::ProducerState> producers = {};
  KafkaError producers_error = KafkaError::kNone;
  std::vector<KafkaError> marker_errors = {};  // of the first markers; the rest are written

  std::vector<wire::ListTransactionsRequest> lists = {};
  std::vector<std::string> describes = {};
  std::vector<std::int32_t> producers_asked = {};  // partitions
  std::vector<wire::WriteTxnMarkersRequest> markers = {};
};

class CoordinatorBroker {
 public:
  explicit CoordinatorBroker(io::Env& env, std::int16_t list_version = 1)
      : list_version_(list_version),
        thread_(env, "coordinator-broker",
                [this](io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
                  answer(to, header, body);
                }) {}

  const io::Endpoint& endpoint() const { return thread_.endpoint(); }
  void meet(std::map<std::int32_t, io::Endpoint> brokers) {
    thread_.run([&] { brokers_ = std::move(brokers); });
  }
  Guarded<Script>& script() { return script_; }

 private:
  void answer(io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
    switch (header.api_key) {
      case ApiKey::kApiVersions:
        return send_answer(to, header,
                           speaks({{ApiKey::kMetadata, 12},
                                   {ApiKey::kFindCoordinator, 4},
                                   {ApiKey::kListTransactions, list_version_},
                                   {ApiKey::kDescribeTransactions, 0},
                                   {ApiKey::kDescribeProducers, 0},
                                   {ApiKey::kWriteTxnMarkers, 1}}));
      case ApiKey::kMetadata:
        return send_answer(to, header, metadata());
      case ApiKey::kFindCoordinator:
        return send_answer(to, header,
                           coordinators(request_in<wire::FindCoordinatorRequest>(body, header)));
      case ApiKey::kListTransactions:
        return send_answer(to, header,
                           listed(request_in<wire::ListTransactionsRequest>(body, header)));
      case ApiKey::kDescribeTransactions:
        return send_answer(to, header,
                           described(request_in<wire::DescribeTransactionsRequest>(body, header)));
      case ApiKey::kDescribeProducers:
        return send_answer(to, header,
                           producers(request_in<wire::DescribeProducersRequest>(body, header)));
      default:
        return send_answer(to, header,
                           written(request_in<wire::WriteTxnMarkersRequest>(body, header)));
    }
  }

  wire::MetadataResponse metadata() const {
    wire::MetadataResponse metadata;
    auto& topic = metadata.topics.emplace_back();
    topic.name = "t";
    for (const auto& [id, endpoint] : brokers_) {
      metadata.brokers.push_back(
          {.node_id = id, .host = endpoint.host, .port = endpoint.port, .rack = std::nullopt});
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = id;
      partition.leader_id = id;
    }
    return metadata;
  }
  wire::FindCoordinatorResponse coordinators(const wire::FindCoordinatorRequest& asked) const {
    EXPECT_EQ(asked.key_type, 1) << "a transaction's";
    wire::FindCoordinatorResponse found;
    for (const std::string& key : asked.coordinator_keys) {
      const std::int32_t id = key.front() - '0';
      auto& coordinator = found.coordinators.emplace_back();
      coordinator.key = key;
      if (brokers_.count(id) == 0) {
        coordinator.error_code = wire::code_of(KafkaError::kTransactionalIdAuthorizationFailed);
        continue;
      }
      coordinator.node_id = id;
      coordinator.host = brokers_.at(id).host;
      coordinator.port = brokers_.at(id).port;
    }
    return found;
  }
  wire::ListTransactionsResponse listed(const wire::ListTransactionsRequest& asked) {
    return script_.with([&](Script& script) {
      script.lists.push_back(asked);
      wire::ListTransactionsResponse answer;
      answer.unknown_state_filters = script.unknown_states;
      answer.transaction_states = script.listed;
      return answer;
    });
  }
  wire::DescribeTransactionsResponse described(const wire::DescribeTransactionsRequest& asked) {
    return script_.with([&](Script& script) {
      wire::DescribeTransactionsResponse answer;
      for (const std::string& id : asked.transactional_ids) {
        script.describes.push_back(id);
        wire::DescribeTransactionsResponse::TransactionState unknown;
        unknown.error_code = wire::code_of(KafkaError::kTransactionalIdNotFound);
        const auto found = script.described.find(id);
        auto& state = answer.transaction_states.emplace_back(
            found == script.described.end() ? unknown : found->second);
        state.transactional_id = id;
      }
      return answer;
    });
  }
  wire::DescribeProducersResponse producers(const wire::DescribeProducersRequest& asked) {
    return script_.with([&](Script& script) {
      wire::DescribeProducersResponse answer;
      for (const auto& topic : asked.topics) {
        auto& told = answer.topics.emplace_back();
        told.name = topic.name;
        for (const std::int32_t index : topic.partition_indexes) {
          script.producers_asked.push_back(index);
          auto& partition = told.partitions.emplace_back();
          partition.partition_index = index;
          partition.error_code = wire::code_of(script.producers_error);
          if (partition.error_code != 0) partition.error_message = "not for you";
          partition.active_producers = script.producers;
        }
      }
      return answer;
    });
  }
  wire::WriteTxnMarkersResponse written(const wire::WriteTxnMarkersRequest& asked) {
    return script_.with([&](Script& script) {
      const std::size_t count = script.markers.size();
      script.markers.push_back(asked);
      const auto error =
          count < script.marker_errors.size() ? script.marker_errors[count] : KafkaError::kNone;
      wire::WriteTxnMarkersResponse answer;
      for (const auto& marker : asked.markers) {
        auto& result = answer.markers.emplace_back();
        result.producer_id = marker.producer_id;
        for (const auto& topic : marker.topics) {
          auto& told = result.topics.emplace_back();
          told.name = topic.name;
          for (const std::int32_t index : topic.partition_indexes) {
            told.partitions.push_back(
                {.partition_index = index, .error_code = wire::code_of(error)});
          }
        }
      }
      return answer;
    });
  }

  const std::int16_t list_version_;
  std::map<std::int32_t, io::Endpoint> brokers_;  // on the loop
  Guarded<Script> script_;
  ListeningThread thread_;
};

class AdminTransactions : public ::testing::Test {
 protected:
  AdminTransactions() {
    const std::map<std::int32_t, io::Endpoint> brokers{{0, zero_.endpoint()}, {1, one_.endpoint()}};
    zero_.meet(brokers);
    one_.meet(brokers);
  }

  Admin admin() {
    auto made = Admin::create({{"bootstrap.servers", zero_.endpoint().to_string()},
                               {"default.api.timeout.ms", "10000"},
                               {"request.timeout.ms", "10000"},
                               {"retry.backoff.ms", "1"},
                               {"retry.backoff.max.ms", "1"}},
                              env_.get());
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }
  static Script script_of(CoordinatorBroker& broker) {
    return broker.script().with([](Script& script) { return script; });
  }
  template <class Change>
  static void let(CoordinatorBroker& broker, Change change) {
    broker.script().with([&](Script& script) { change(script); });
  }

  static TopicPartition partition(std::int32_t index) { return {"t", PartitionId{index}}; }

  std::unique_ptr<io::Env> env_ = io::make_system_env();
  CoordinatorBroker zero_{*env_};
  CoordinatorBroker one_{*env_};
};

TEST_F(AdminTransactions, AreListedByEveryBrokerAndThenById) {
  let(zero_, [](Script& script) { script.listed = {{"0-b", 7, "Ongoing"}}; });
  let(one_, [](Script& script) { script.listed = {{"1-c", 9, "Empty"}, {"0-a", 8, "Empty"}}; });

  const auto listed = admin().list_transactions();

  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  std::vector<std::string> found;
  for (const auto& each : *listed) {
    found.push_back(fmt::format("{} {} {} {}", each.transactional_id, each.coordinator,
                                each.producer_id, each.state));
  }
  EXPECT_THAT(found, ElementsAre("0-a 1 8 Empty", "0-b 0 7 Ongoing", "1-c 1 9 Empty"));
}

TEST_F(AdminTransactions, AreFilteredByTheBrokers) {
  TransactionFilter filter;
  filter.states = {"Ongoing"};
  filter.producer_ids = {ProducerId{7}, ProducerId{8}};
  filter.longer_than = Millis{1500};

  ASSERT_TRUE(admin().list_transactions(filter).ok());

  for (CoordinatorBroker* const broker : std::array{&zero_, &one_}) {
    const auto asked = script_of(*broker).lists;
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_THAT(asked.front().state_filters, ElementsAre("Ongoing"));
    EXPECT_THAT(asked.front().producer_id_filters, ElementsAre(7, 8));
    EXPECT_EQ(asked.front().duration_filter, 1500);
  }
}

TEST_F(AdminTransactions, OfAStateThatABrokerDoesNotKnowAreNotListed) {
  let(one_, [](Script& script) { script.unknown_states = {"Sleeping"}; });

  const auto listed = admin().list_transactions({.states = {"Sleeping"}});

  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(listed.error().message, HasSubstr("broker 1 knows, found \"Sleeping\""));
}

TEST_F(AdminTransactions, AreNotListedByAgeWhereABrokerCannotTellIt) {
  CoordinatorBroker old(*env_, 0);
  zero_.meet({{0, zero_.endpoint()}, {1, old.endpoint()}});
  Admin asking = admin();

  EXPECT_TRUE(asking.list_transactions().ok());
  const auto listed = asking.list_transactions({.longer_than = Millis{1}});

  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, ErrorCode::kUnsupported) << listed.error().to_string();
}

TEST_F(AdminTransactions, AreDescribedByTheirCoordinators) {
  wire::DescribeTransactionsResponse::TransactionState ongoing;
  ongoing.transaction_state = "Ongoing";
  ongoing.transaction_timeout_ms = 60'000;
  ongoing.transaction_start_time_ms = 1234;
  ongoing.producer_id = 7;
  ongoing.producer_epoch = 3;
  ongoing.topics = {{"t", {1, 0}}, {"s", {2}}};
  let(one_, [&](Script& script) { script.described["1-a"] = ongoing; });
  let(zero_, [&](Script& script) {
    script.described["0-a"].transaction_state = "Empty";
    script.described["0-a"].transaction_start_time_ms = -1;
  });

  const auto outcomes = admin().describe_transactions({"1-a", "0-a", "0-unknown", "9-refused"});

  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  ASSERT_EQ(outcomes->size(), 4U);
  const auto& described = outcomes->at("1-a");
  ASSERT_TRUE(described.ok()) << described.error().to_string();
  EXPECT_EQ(described->coordinator, BrokerId{1});
  EXPECT_EQ(described->state, "Ongoing");
  EXPECT_EQ(described->producer_id, ProducerId{7});
  EXPECT_EQ(described->producer_epoch, ProducerEpoch{3});
  EXPECT_EQ(described->timeout, Millis{60'000});
  EXPECT_EQ(described->started, Timestamp{1234});
  EXPECT_THAT(described->partitions,
              ElementsAre(TopicPartition{"s", PartitionId{2}}, partition(0), partition(1)));
  ASSERT_TRUE(outcomes->at("0-a").ok());
  EXPECT_EQ(outcomes->at("0-a")->started, std::nullopt);
  EXPECT_EQ(wire::kafka_error_of(outcomes->at("0-unknown").error()),
            KafkaError::kTransactionalIdNotFound);
  EXPECT_EQ(wire::kafka_error_of(outcomes->at("9-refused").error()),
            KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_THAT(script_of(one_).describes, ElementsAre("1-a"));
  EXPECT_THAT(script_of(zero_).describes, ElementsAre("0-a", "0-unknown"));
}

TEST_F(AdminTransactions, ProducersAreToldByTheLeaderOfEachPartition) {
  let(zero_, [](Script& script) { script.producers = {{7, 3, 41, 1234, 5, 17}}; });
  let(one_, [](Script& script) { script.producers = {{8, 0, -1, -1, -1, -1}}; });

  const auto outcomes = admin().describe_producers({partition(0), partition(1)});

  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  const auto& open = outcomes->at(partition(0));
  ASSERT_TRUE(open.ok()) << open.error().to_string();
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->front().id, ProducerId{7});
  EXPECT_EQ(open->front().epoch, ProducerEpoch{3});
  EXPECT_EQ(open->front().last_sequence, 41);
  EXPECT_EQ(open->front().last_timestamp, Timestamp{1234});
  EXPECT_EQ(open->front().coordinator_epoch, 5);
  EXPECT_EQ(open->front().transaction_start, Offset{17});
  const auto& idle = outcomes->at(partition(1));
  ASSERT_TRUE(idle.ok()) << idle.error().to_string();
  ASSERT_EQ(idle->size(), 1U);
  EXPECT_EQ(idle->front().coordinator_epoch, kNoCoordinatorEpoch);
  EXPECT_EQ(idle->front().transaction_start, std::nullopt);
  EXPECT_THAT(script_of(zero_).producers_asked, ElementsAre(0));
  EXPECT_THAT(script_of(one_).producers_asked, ElementsAre(1));
}

TEST_F(AdminTransactions, ProducersAreRefusedInTheBrokersWords) {
  let(one_, [](Script& s) { s.producers_error = KafkaError::kTopicAuthorizationFailed; });

  const auto outcomes = admin().describe_producers({partition(0), partition(1)});

  ASSERT_TRUE(outcomes.ok()) << outcomes.error().to_string();
  EXPECT_TRUE(outcomes->at(partition(0)).ok());
  const Error& refusal = outcomes->at(partition(1)).error();
  EXPECT_EQ(wire::kafka_error_of(refusal), KafkaError::kTopicAuthorizationFailed);
  EXPECT_THAT(refusal.message, HasSubstr("producers of t-1: not for you"));
}

TEST_F(AdminTransactions, AreAbortedByAMarkerOfThePartitionsLeader) {
  const auto aborted =
      admin().abort_transaction({partition(1), ProducerId{7}, ProducerEpoch{3}, 5});

  ASSERT_TRUE(aborted.ok()) << aborted.error().to_string();
  EXPECT_TRUE(script_of(zero_).markers.empty());
  const auto requests = script_of(one_).markers;
  ASSERT_EQ(requests.size(), 1U);
  wire::WriteTxnMarkersRequest wanted;
  auto& marker = wanted.markers.emplace_back();
  marker.producer_id = 7;
  marker.producer_epoch = 3;
  marker.coordinator_epoch = 5;
  marker.transaction_result = false;
  marker.topics = {{"t", {1}}};
  EXPECT_EQ(requests.front(), wanted);
}

TEST_F(AdminTransactions, ThatNoCoordinatorEverEndedAreAbortedByTheFirst) {
  const auto aborted = admin().abort_transaction(
      {partition(0), ProducerId{7}, ProducerEpoch{3}, kNoCoordinatorEpoch});

  ASSERT_TRUE(aborted.ok()) << aborted.error().to_string();
  EXPECT_EQ(script_of(zero_).markers.at(0).markers.at(0).coordinator_epoch, 0);
}

TEST_F(AdminTransactions, AreAbortedOnceTheirLeaderIsFound) {
  let(one_, [](Script& s) { s.marker_errors = {KafkaError::kNotLeaderOrFollower}; });

  const auto aborted =
      admin().abort_transaction({partition(1), ProducerId{7}, ProducerEpoch{3}, 5});

  EXPECT_TRUE(aborted.ok());
  EXPECT_EQ(script_of(one_).markers.size(), 2U);
}

TEST_F(AdminTransactions, OfAProducerThatWentOnAreNotAborted) {
  for (const KafkaError refusal :
       {KafkaError::kInvalidProducerEpoch, KafkaError::kTransactionCoordinatorFenced}) {
    let(one_, [&](Script& script) {
      script.markers.clear();
      script.marker_errors = {refusal};
    });

    const auto aborted =
        admin().abort_transaction({partition(1), ProducerId{7}, ProducerEpoch{3}, 5});

    ASSERT_FALSE(aborted.ok());
    EXPECT_EQ(wire::kafka_error_of(aborted.error()), refusal);
    EXPECT_THAT(aborted.error().message, HasSubstr("abort the transaction in t-1"));
    EXPECT_EQ(script_of(one_).markers.size(), 1U) << "not asked again";
  }
}

}  // namespace
}  // namespace millrace::client
