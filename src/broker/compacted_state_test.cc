// Committed offsets and transactions after their logs were compacted and the broker was killed:
// what the coordinators remember is what they knew.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/groups/group_handlers.h"
#include "broker/log_cleaning.h"
#include "broker/testing/core_fixture.h"
#include "broker/transactions/transaction_handlers.h"
#include "wire/error_codes.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class CompactedState : public CoreFixture {
 protected:
  struct Writer {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
  };

  CompactedState() {
    make_topic("orders", 2);
    for (const std::string_view internal : {kOffsetsTopic, kTransactionsTopic}) {
      make_topic(std::string(internal), 1,
                 {{"cleanup.policy", "compact"}, {"segment.bytes", "2000"}});
    }
    start();
  }
  ~CompactedState() override { core_->stop_coordinators(); }

  void start() { ASSERT_TRUE(core_->start_coordinators(*loop_).ok()); }

  Writer init() {
    wire::InitProducerIdRequest request;
    request.transactional_id = "x";
    request.transaction_timeout_ms = 60'000;
    const auto caught = call(&handle_init_producer_id, std::move(request), 5);
    EXPECT_EQ(caught->response().error_code, 0);
    return {caught->response().producer_id, caught->response().producer_epoch};
  }
  void commit_in_transaction(const Writer& writer, std::int64_t offset) {
    wire::TxnOffsetCommitRequest request;
    request.transactional_id = "x";
    request.group_id = "in-transactions";
    request.producer_id = writer.id;
    request.producer_epoch = writer.epoch;
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    topic.partitions.emplace_back().committed_offset = offset;
    const auto caught = call(&handle_txn_offset_commit, std::move(request), 5);
    EXPECT_EQ(caught->response().topics.at(0).partitions.at(0).error_code, 0);
  }
  Writer end(const Writer& writer, bool is_commit) {
    const auto caught =
        call(&handle_end_txn, wire::EndTxnRequest{"x", writer.id, writer.epoch, is_commit}, 5);
    EXPECT_EQ(caught->response().error_code, 0);
    return {caught->response().producer_id, caught->response().producer_epoch};
  }
  void commit(std::int64_t offset) {
    wire::OffsetCommitRequest request;
    request.group_id = "plain";
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = 1;
    partition.committed_offset = offset;
    const auto caught = call(&handle_offset_commit, std::move(request), 9);
    EXPECT_EQ(caught->response().topics.at(0).partitions.at(0).error_code, 0);
  }
  /// Below zero the error with its sign turned.
  std::int64_t committed(const std::string& group, std::int32_t partition) {
    wire::OffsetFetchRequest request;
    request.require_stable = true;
    request.groups.emplace_back().group_id = group;
    request.groups[0].topics->push_back({"orders", {}, {partition}});
    const auto caught = call(&handle_offset_fetch, std::move(request), 9);
    const auto& answer = caught->response().groups.at(0).topics.at(0).partitions.at(0);
    return answer.error_code != 0 ? -answer.error_code : answer.committed_offset;
  }
  std::uint64_t size(std::string_view topic) {
    return state().topics.table()->find_partition(topic, 0)->log().size_bytes();
  }
  /// Returns the number of passes.
  int compact_all() {
    run_for(Millis{1'000});  // what was sealed gets to the disk
    CleaningRounds rounds(env(), core_->metadata(), core_->directory());
    int passes = 0;
    while (passes < 20 && rounds.clean_next(env().clock().wall())) ++passes;
    return passes;
  }
  void kill() {
    core_->stop_coordinators();
    restart_after_kill();
    start();
  }
};

TEST_F(CompactedState, OfCoordinatorsSaysWhatTheirLogsSaid) {
  Writer writer = init();
  for (std::int64_t round = 0; round < 100; ++round) {
    commit(1000 + round);
    commit_in_transaction(writer, round);
    writer = end(writer, round % 3 != 0);
  }
  commit_in_transaction(writer, 500);  // stays open
  const auto offsets_before = size(kOffsetsTopic);
  const auto transactions_before = size(kTransactionsTopic);
  EXPECT_GE(compact_all(), 2) << "both of them";
  EXPECT_LT(size(kOffsetsTopic), offsets_before / 2);
  EXPECT_LT(size(kTransactionsTopic), transactions_before / 2);

  kill();
  EXPECT_EQ(committed("plain", 1), 1099);
  EXPECT_EQ(committed("in-transactions", 0), -code_of(KafkaError::kUnstableOffsetCommit));
  writer = end(writer, false);
  EXPECT_EQ(committed("in-transactions", 0), 98) << "round 99 was aborted";
  commit_in_transaction(writer, 501);
  end(writer, true);
  EXPECT_EQ(committed("in-transactions", 0), 501);

  (void)compact_all();
  kill();
  EXPECT_EQ(committed("plain", 1), 1099);
  EXPECT_EQ(committed("in-transactions", 0), 501);
  EXPECT_EQ(init().id, writer.id) << "the producer is known";
}

}  // namespace
}  // namespace millrace::broker
