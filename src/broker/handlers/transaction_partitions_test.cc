// What a partition's handlers say of transactions: Fetch, ListOffsets, WriteTxnMarkers and
// DescribeProducers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/fetch.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;
using Marker = wire::WriteTxnMarkersRequest::WritableTxnMarker;

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kMaxTimestamp = -3;

class TransactionPartitions : public CoreFixture {
 protected:
  TransactionPartitions() {
    start();
    make_topic("orders", 2);
  }
  ~TransactionPartitions() override { core_->stop_coordinators(); }

  void start() { ASSERT_TRUE(core_->start_coordinators(*loop_).ok()); }

  Partition& partition(std::int32_t index = 0) {
    return *state().topics.table()->find_partition("orders", index);
  }
  /// One record in the producer's transaction, which its coordinator knows of.
  void write(std::int64_t producer, std::int32_t sequence = 0,
             std::optional<Timestamp> timestamp = std::nullopt) {
    Buffer batch = batch_of({"v"},
                            {.producer_id = ProducerId{producer},
                             .producer_epoch = ProducerEpoch{0},
                             .base_sequence = sequence,
                             .is_transactional = true},
                            timestamp);
    const auto now = env().clock().wall();
    const auto guard = partition().begin_verification(ProducerId{producer}, ProducerEpoch{0},
                                                      sequence, storage::EpochBump::kNo, now);
    ASSERT_TRUE(guard.ok());
    const auto appended = partition().append(
        {batch.data(), batch.size()}, now,
        {storage::AppendOrigin::kClient, guard->value_or(storage::VerificationGuard::kNone)});
    ASSERT_TRUE(appended.ok()) << appended.error().message;
  }
  static Marker marker(std::int64_t producer, bool is_commit, std::int32_t index = 0) {
    Marker marker;
    marker.producer_id = producer;
    marker.transaction_result = is_commit;
    marker.topics.push_back({"orders", {index}});
    return marker;
  }
  std::shared_ptr<Caught<wire::WriteTxnMarkersResponse>> end(std::vector<Marker> markers) {
    wire::WriteTxnMarkersRequest request;
    request.markers = std::move(markers);
    return call(&handle_write_txn_markers, std::move(request), 2);
  }
  KafkaError end_one(const Marker& wanted) {
    const auto caught = end({wanted});
    return static_cast<KafkaError>(
        caught->response().markers.at(0).topics.at(0).partitions.at(0).error_code);
  }
  std::shared_ptr<Caught<wire::FetchResponse>> fetch(std::int64_t offset, std::int8_t isolation,
                                                     std::int32_t min_bytes = 1) {
    wire::FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = min_bytes;
    request.isolation_level = isolation;
    auto& wanted = request.topics.emplace_back();
    wanted.topic = "orders";
    wanted.partitions.emplace_back().fetch_offset = offset;
    wanted.partitions[0].partition_max_bytes = 1 << 20;
    return call(&handle_fetch, std::move(request), 12);
  }
  static auto& only(Caught<wire::FetchResponse>& caught) {
    return caught.response().responses.at(0).partitions.at(0);
  }
  std::int64_t list(std::int64_t timestamp, std::int8_t isolation) {
    wire::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = isolation;
    auto& wanted = request.topics.emplace_back();
    wanted.name = "orders";
    wanted.partitions.emplace_back().timestamp = timestamp;
    const auto response = call(&handle_list_offsets, std::move(request), 9);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, 0);
    return response.topics.at(0).partitions.at(0).offset;
  }
};

TEST_F(TransactionPartitions, AReaderOfCommittedRecordsIsToldWhatWasAborted) {
  write(7);
  write(8);
  ASSERT_EQ(end_one(marker(7, false)), KafkaError::kNone);
  {
    const auto caught = fetch(0, 1);
    const auto& data = only(*caught);
    EXPECT_EQ(data.last_stable_offset, 1) << "8 is open";
    EXPECT_EQ(data.high_watermark, 3);
    ASSERT_TRUE(data.aborted_transactions.has_value());
    ASSERT_EQ(data.aborted_transactions->size(), 1U);
    EXPECT_EQ(data.aborted_transactions->at(0).producer_id, 7);
    EXPECT_EQ(data.aborted_transactions->at(0).first_offset, 0);
  }
  ASSERT_EQ(end_one(marker(8, true)), KafkaError::kNone);
  const auto behind = fetch(3, 1);
  EXPECT_EQ(only(*behind).last_stable_offset, 4);
  EXPECT_THAT(*only(*behind).aborted_transactions, IsEmpty()) << "none that ends at 3 or later";
  const auto all = fetch(0, 0);
  EXPECT_EQ(only(*all).aborted_transactions, std::nullopt);
  EXPECT_EQ(only(*all).last_stable_offset, 4);
}

TEST_F(TransactionPartitions, AReaderOfCommittedRecordsWaitsForTheEndOfATransaction) {
  const auto committed = fetch(0, 1);
  const auto uncommitted = fetch(0, 0);
  write(7);
  run_for(Millis{1});
  EXPECT_TRUE(uncommitted->is_answered());
  EXPECT_FALSE(committed->is_answered());
  ASSERT_EQ(end_one(marker(7, true)), KafkaError::kNone);
  run_for(Millis{1});
  ASSERT_TRUE(committed->is_answered());
  EXPECT_EQ(only(*committed).last_stable_offset, 2);
  EXPECT_FALSE(only(*committed).records.empty());
}

TEST_F(TransactionPartitions, RecordsThatMayNotBeReadYetAreNotCounted) {
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  write(7);
  const auto caught = fetch(0, 1, 100);
  run_for(Millis{1});
  EXPECT_FALSE(caught->is_answered()) << "one batch is less than 100 bytes, the other is open";
  ASSERT_EQ(end_one(marker(7, true)), KafkaError::kNone);
  run_for(Millis{1});
  EXPECT_TRUE(caught->is_answered());
}

TEST_F(TransactionPartitions, ListOffsetsEndsForReadersOfCommittedRecordsAtTheStableOffset) {
  ASSERT_TRUE(append("orders", 0, batch_of({"a"}, {}, Timestamp{1000})).ok());
  write(7, 0, Timestamp{2000});
  EXPECT_EQ(list(kLatest, 0), 2);
  EXPECT_EQ(list(kLatest, 1), 1);
  EXPECT_EQ(list(1500, 0), 1);
  EXPECT_EQ(list(1500, 1), -1);
  EXPECT_EQ(list(500, 1), 0);
  EXPECT_EQ(list(kMaxTimestamp, 0), 1);
  ASSERT_EQ(end_one(marker(7, true)), KafkaError::kNone);
  EXPECT_EQ(list(kLatest, 1), 3);
  EXPECT_EQ(list(1500, 1), 1);
}

TEST_F(TransactionPartitions, EachPartitionOfAMarkerAnswersForItself) {
  Marker several = marker(7, true);
  several.coordinator_epoch = 5;
  several.topics = {{"orders", {1, 9, 0}}, {"nothing", {0}}};
  const auto caught = end({several, marker(8, false)});
  ASSERT_EQ(caught->response().markers.size(), 2U);
  const auto& answer = caught->response().markers[0];
  EXPECT_EQ(answer.producer_id, 7);
  const auto errors = [&](std::size_t topic) {
    std::vector<std::pair<std::int32_t, KafkaError>> found;
    for (const auto& each : answer.topics.at(topic).partitions) {
      found.emplace_back(each.partition_index, static_cast<KafkaError>(each.error_code));
    }
    return found;
  };
  EXPECT_THAT(errors(0), ElementsAre(std::pair(1, KafkaError::kNone),
                                     std::pair(9, KafkaError::kUnknownTopicOrPartition),
                                     std::pair(0, KafkaError::kNone)));
  EXPECT_THAT(errors(1), ElementsAre(std::pair(0, KafkaError::kUnknownTopicOrPartition)));
  EXPECT_EQ(partition(0).high_watermark(), Offset{2});
  EXPECT_EQ(partition(1).high_watermark(), Offset{1});

  Marker older = marker(7, true);
  older.coordinator_epoch = 4;
  EXPECT_EQ(end_one(older), KafkaError::kTransactionCoordinatorFenced);
  older.producer_epoch = -1;
  EXPECT_EQ(end_one(older), KafkaError::kInvalidProducerEpoch);
}

TEST_F(TransactionPartitions, TwoMarkersOfOneProducerAreAnsweredAsOne) {
  const auto caught = end({marker(7, true, 0), marker(7, true, 1)});
  ASSERT_EQ(caught->response().markers.size(), 1U);
  ASSERT_EQ(caught->response().markers[0].topics.size(), 1U);
  EXPECT_EQ(caught->response().markers[0].topics[0].partitions.size(), 2U);
}

TEST_F(TransactionPartitions, ARequestWithoutMarkersIsAnsweredAtOnce) {
  EXPECT_THAT(end({})->response().markers, IsEmpty());
}

TEST_F(TransactionPartitions, TheRuleForEpochsIsThatOfTheTransactionsVersion) {
  write(7);
  Marker same = marker(7, true);
  same.transaction_version = 2;
  EXPECT_EQ(end_one(same), KafkaError::kInvalidProducerEpoch);
  same.producer_epoch = 1;
  EXPECT_EQ(end_one(same), KafkaError::kNone);
  EXPECT_EQ(partition().last_stable_offset(), Offset{2});
}

class MarkersOnDisk : public TransactionPartitions {
 protected:
  MarkersOnDisk() {
    core_->stop_coordinators();
    core_.reset();
    fsync_ = FsyncPolicy::kGroup;
    open();
    start();
  }
};

TEST_F(MarkersOnDisk, AMarkerIsAnsweredOnceItIsOnDisk) {
  const auto caught = end({marker(7, true, 0), marker(8, true, 1)});
  for (int i = 0; i < 1000 && !caught->is_answered(); ++i) run_for(Millis{1});
  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(partition(0).log().recovery_point(), Offset{1});
  EXPECT_EQ(partition(1).log().recovery_point(), Offset{1});
}

TEST_F(TransactionPartitions, DescribeProducersShowsWhatIsKnownOfEach) {
  write(8, 3, Timestamp{1234});
  write(7);
  Marker ended = marker(7, true);
  ended.coordinator_epoch = 5;
  ASSERT_EQ(end_one(ended), KafkaError::kNone);
  wire::DescribeProducersRequest request;
  request.topics = {{"orders", {0, 1, 9}}};
  const auto response = call(&handle_describe_producers, std::move(request), 0);
  const auto& partitions = response.topics.at(0).partitions;
  ASSERT_EQ(partitions.size(), 3U);
  ASSERT_EQ(partitions[0].active_producers.size(), 2U);
  const auto& first = partitions[0].active_producers[0];
  EXPECT_EQ(first.producer_id, 7);
  EXPECT_EQ(first.coordinator_epoch, 5);
  EXPECT_EQ(first.last_sequence, 0);
  EXPECT_EQ(first.current_txn_start_offset, -1);
  const auto& second = partitions[0].active_producers[1];
  EXPECT_EQ(second.producer_id, 8);
  EXPECT_EQ(second.producer_epoch, 0);
  EXPECT_EQ(second.coordinator_epoch, -1);
  EXPECT_EQ(second.last_sequence, 3);
  EXPECT_EQ(second.last_timestamp, 1234);
  EXPECT_EQ(second.current_txn_start_offset, 0);
  EXPECT_THAT(partitions[1].active_producers, IsEmpty());
  EXPECT_EQ(static_cast<KafkaError>(partitions[2].error_code),
            KafkaError::kUnknownTopicOrPartition);
}

TEST_F(TransactionPartitions, ARestartLeavesTransactionsAsTheyWere) {
  write(7);
  write(8);
  ASSERT_EQ(end_one(marker(8, false)), KafkaError::kNone);
  for (const bool is_clean : {false, true}) {
    if (is_clean) {
      restart_cleanly();
    } else {
      restart_after_kill();
    }
    start();
    EXPECT_EQ(partition().last_stable_offset(), Offset{0});
    EXPECT_THAT(
        partition().log().aborted_transactions(Offset{0}, Offset{3}).value(),
        ElementsAre(testing::Field(&storage::AbortedTransaction::producer_id, ProducerId{8})));
  }
  EXPECT_EQ(end_one(marker(7, true)), KafkaError::kNone);
  EXPECT_EQ(partition().last_stable_offset(), Offset{4});
}

}  // namespace
}  // namespace millrace::broker
