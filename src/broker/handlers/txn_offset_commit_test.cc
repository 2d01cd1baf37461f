// TxnOffsetCommit with both coordinators, their logs and markers.
#include "wire/messages/txn_offset_commit.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/testing/core_fixture.h"
#include "broker/transactions/transaction_handlers.h"
#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/txn_offset_commit.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using wire::TransactionResult;

class TransactionalCommits : public CoreFixture {
 protected:
  struct Producer {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
  };

  TransactionalCommits() {
    make_topic("orders", 2);
    start();
  }
  ~TransactionalCommits() override { core_->stop_coordinators(); }

  void start() { ASSERT_TRUE(core_->start_coordinators(*loop_).ok()); }

  template <class Response>
  static Responder<Response> into(std::optional<Response>& place) {
    return Responder<Response>([&place](Outcome<Response> outcome) {
      place = std::get<Answer<Response>>(std::move(outcome)).response;
    });
  }
  Producer init() {
    wire::InitProducerIdRequest request;
    request.transactional_id = "x";
    request.transaction_timeout_ms = 60'000;
    const auto caught = call(&handle_init_producer_id, std::move(request), 5);
    EXPECT_EQ(caught->response().error_code, 0);
    return {caught->response().producer_id, caught->response().producer_epoch};
  }
  void add_offsets(const Producer& producer) {
    const auto caught =
        call(&handle_add_offsets_to_txn,
             wire::AddOffsetsToTxnRequest{"x", producer.id, producer.epoch, "g"}, 3);
    EXPECT_EQ(caught->response().error_code, 0);
  }
  Producer end(const Producer& producer, TransactionResult result, std::int16_t version = 5) {
    const bool is_commit = result == TransactionResult::kCommit;
    const auto caught = call(
        &handle_end_txn, wire::EndTxnRequest{"x", producer.id, producer.epoch, is_commit}, version);
    EXPECT_EQ(caught->response().error_code, 0);
    return {caught->response().producer_id, caught->response().producer_epoch};
  }
  PartitionId partition() { return state().groups->partition_of_group("g").value(); }

  static wire::TxnOffsetCommitRequest request_of(const Producer& producer, std::int64_t offset) {
    wire::TxnOffsetCommitRequest request;
    request.transactional_id = "x";
    request.group_id = "g";
    request.producer_id = producer.id;
    request.producer_epoch = producer.epoch;
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    topic.partitions.emplace_back().committed_offset = offset;
    return request;
  }
  std::vector<KafkaError> errors_of(const wire::TxnOffsetCommitRequest& request,
                                    std::int16_t version) {
    const auto caught = call(&handle_txn_offset_commit, request, version);
    std::vector<KafkaError> errors;
    for (const auto& topic : caught->response().topics) {
      for (const auto& partition : topic.partitions) {
        errors.push_back(static_cast<KafkaError>(partition.error_code));
      }
    }
    return errors;
  }
  KafkaError commit(const Producer& producer, std::int64_t offset, std::int16_t version = 5) {
    return errors_of(request_of(producer, offset), version).at(0);
  }
  /// The offset that a reader begins at, or below zero the error with its sign turned.
  std::int64_t stable_offset() {
    wire::OffsetFetchRequest request;
    request.require_stable = true;
    request.groups.emplace_back().group_id = "g";
    request.groups[0].topics->push_back({"orders", {}, {0}});
    const auto caught = call(&handle_offset_fetch, std::move(request), 9);
    const auto& answer = caught->response().groups.at(0).topics.at(0).partitions.at(0);
    return answer.error_code != 0 ? -answer.error_code : answer.committed_offset;
  }

  static constexpr std::int64_t kUnstable = -code_of(KafkaError::kUnstableOffsetCommit);
};

TEST_F(TransactionalCommits, AddTheirPartitionToTheTransactionFromVersion5On) {
  Producer producer = init();
  EXPECT_EQ(commit(producer, 5), KafkaError::kNone);
  EXPECT_EQ(stable_offset(), kUnstable);
  producer = end(producer, TransactionResult::kCommit);
  EXPECT_EQ(stable_offset(), 5);

  EXPECT_EQ(commit(producer, 6), KafkaError::kNone);
  producer = end(producer, TransactionResult::kAbort);
  EXPECT_EQ(stable_offset(), 5);
}

TEST_F(TransactionalCommits, WantTheirPartitionInTheTransactionBeforeVersion5) {
  const Producer producer = init();
  EXPECT_EQ(commit(producer, 5, 3), KafkaError::kInvalidTxnState);
  EXPECT_EQ(commit(producer, 5, 4), KafkaError::kTransactionAbortable);
  add_offsets(producer);
  EXPECT_EQ(commit(producer, 5, 0), KafkaError::kNone);
  EXPECT_EQ(commit(producer, 6, 3), KafkaError::kNone);
  end(producer, TransactionResult::kCommit, 3);
  EXPECT_EQ(stable_offset(), 6);
  EXPECT_EQ(commit(producer, 7, 4), KafkaError::kTransactionAbortable) << "one that came late";
  EXPECT_EQ(stable_offset(), 6);
}

TEST_F(TransactionalCommits, AreRefusedToOthersThanTheProducer) {
  Producer producer = init();
  EXPECT_EQ(commit({producer.id + 1, 0}, 5), KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(commit({}, 5), KafkaError::kInvalidProducerIdMapping);
  const Producer next = init();
  EXPECT_EQ(commit(producer, 5), KafkaError::kInvalidProducerEpoch);
  EXPECT_EQ(commit(next, 5), KafkaError::kNone);
  auto nameless = request_of({producer.id + 1, 0}, 5);
  nameless.group_id.clear();
  EXPECT_EQ(errors_of(nameless, 5), std::vector{KafkaError::kInvalidGroupId})
      << "before anybody is asked about the producer";
}

TEST_F(TransactionalCommits, AMarkerOvertakesTheCoordinatorsWord) {
  const Producer producer = init();
  add_offsets(producer);
  const auto guard =
      state()
          .topics.table()
          ->find_partition(kOffsetsTopic, partition().value())
          ->begin_verification(ProducerId{producer.id}, ProducerEpoch{producer.epoch}, -1,
                               storage::EpochBump::kNo, env().clock().wall());
  ASSERT_TRUE(guard.ok() && guard->has_value());
  end(producer, TransactionResult::kAbort, 3);

  std::optional<wire::TxnOffsetCommitResponse> late;
  state().groups->commit_transactional_offsets(request_of(producer, 5), {partition(), **guard},
                                               into(late));
  EXPECT_EQ(late->topics.at(0).partitions.at(0).error_code, code_of(KafkaError::kInvalidTxnState));
  EXPECT_EQ(stable_offset(), -1);
}

TEST_F(TransactionalCommits, AreDecidedByAMarkerOfWhoeverEndsTheirTransaction) {
  const Producer producer = init();
  ASSERT_EQ(commit(producer, 5), KafkaError::kNone);
  ASSERT_EQ(stable_offset(), kUnstable);
  wire::WriteTxnMarkersRequest request;
  auto& marker = request.markers.emplace_back();
  marker.producer_id = producer.id;
  marker.producer_epoch = producer.epoch;
  marker.transaction_result = true;
  marker.topics.push_back({"__consumer_offsets", {partition().value(), 1'000}});
  const auto caught = call(&handle_write_txn_markers, std::move(request), 1);
  const auto& answers = caught->response().markers.at(0).topics.at(0).partitions;
  EXPECT_EQ(static_cast<KafkaError>(answers.at(0).error_code), KafkaError::kNone);
  EXPECT_EQ(static_cast<KafkaError>(answers.at(1).error_code),
            KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(stable_offset(), 5);
}

TEST_F(TransactionalCommits, CountAlthoughAToolNamedAHigherCoordinatorEpoch) {
  const Producer producer = init();
  add_offsets(producer);
  ASSERT_EQ(commit(producer, 5, 4), KafkaError::kNone);
  wire::WriteTxnMarkersRequest abort;
  auto& marker = abort.markers.emplace_back();
  marker.producer_id = producer.id;
  marker.producer_epoch = producer.epoch;
  marker.coordinator_epoch = 5;
  marker.topics.push_back({"__consumer_offsets", {partition().value()}});
  const auto aborted = call(&handle_write_txn_markers, std::move(abort), 1);
  ASSERT_EQ(aborted->response().markers.at(0).topics.at(0).partitions.at(0).error_code, 0);
  end(producer, TransactionResult::kAbort, 3);

  add_offsets(producer);
  ASSERT_EQ(commit(producer, 6, 4), KafkaError::kNone);
  end(producer, TransactionResult::kCommit, 3);
  EXPECT_EQ(stable_offset(), 6);
}

TEST_F(TransactionalCommits, OfUnknownPartitionsAreAnsweredBesides) {
  const Producer producer = init();
  auto request = request_of(producer, 5);
  request.topics[0].topic_id = state().topics.table()->find("orders")->id;
  request.topics[0].partitions.emplace_back().partition_index = 7;
  request.topics[0].partitions.emplace_back().partition_index = 1;
  auto& unknown = request.topics.emplace_back();
  unknown.name = "unknown";
  unknown.topic_id = Uuid{1, 2};
  unknown.partitions.emplace_back();

  using enum KafkaError;
  EXPECT_EQ(errors_of(request, 5),
            (std::vector{kNone, kUnknownTopicOrPartition, kNone, kUnknownTopicOrPartition}));
  EXPECT_EQ(errors_of(request, 6),
            (std::vector{kNone, kUnknownTopicOrPartition, kNone, kUnknownTopicId}));
  request.transactional_id = "stranger";
  EXPECT_EQ(errors_of(request, 5),
            (std::vector{kNone, kUnknownTopicOrPartition, kNone, kUnknownTopicOrPartition}))
      << "the transaction is open here: nobody need be asked";
}

TEST_F(TransactionalCommits, OutliveAKill) {
  Producer producer = init();
  EXPECT_EQ(commit(producer, 5), KafkaError::kNone);
  producer = end(producer, TransactionResult::kCommit);
  EXPECT_EQ(commit(producer, 6), KafkaError::kNone);
  core_->stop_coordinators();
  restart_after_kill();
  start();
  EXPECT_EQ(stable_offset(), kUnstable);
  EXPECT_EQ(commit(producer, 7), KafkaError::kNone);
  end(producer, TransactionResult::kCommit);
  EXPECT_EQ(stable_offset(), 7);
}

}  // namespace
}  // namespace millrace::broker
