#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/fetch.h"
#include "wire/record_batch.h"

namespace millrace::broker {
namespace {

using wire::FetchRequest;
using wire::FetchResponse;
using wire::KafkaError;

class FetchHandler : public CoreFixture {
 protected:
  static FetchRequest request(const std::string& topic, std::int64_t offset) {
    FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    auto& wanted = request.topics.emplace_back();
    wanted.topic = topic;
    auto& partition = wanted.partitions.emplace_back();
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1 << 20;
    return request;
  }
  std::shared_ptr<Caught<FetchResponse>> fetch(FetchRequest request, std::int16_t version = 12) {
    return call(&handle_fetch, std::move(request), version);
  }
  static FetchResponse::PartitionData& only(Caught<FetchResponse>& caught) {
    return caught.response().responses.at(0).partitions.at(0);
  }
  static KafkaError error_of(Caught<FetchResponse>& caught) {
    return static_cast<KafkaError>(only(caught).error_code);
  }
  /// The base offsets of the batches that file `index` of the answer holds.
  static std::vector<std::int64_t> batches_in(Caught<FetchResponse>& caught,
                                              std::size_t index = 0) {
    const auto& slice = caught.files().at(index);
    std::string bytes(static_cast<std::size_t>(slice.size_bytes), '\0');
    EXPECT_TRUE(slice.file->read_at(slice.position, bytes).ok());
    wire::BatchCursor cursor(bytes);
    std::vector<std::int64_t> bases;
    while (const auto batch = cursor.next())
      bases.push_back(wire::read_batch_header(*batch)->base_offset.value());
    return bases;
  }
};

TEST_F(FetchHandler, ReturnsWholeBatchesFromTheOneThatHoldsTheOffset) {
  make_topic("orders");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());

  const auto caught = fetch(request("orders", 3));

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(batches_in(*caught), (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(only(*caught).high_watermark, 6);
  EXPECT_EQ(only(*caught).last_stable_offset, 6);
  EXPECT_EQ(only(*caught).log_start_offset, 0);
  EXPECT_EQ(only(*caught).records.external_size, caught->files()[0].size_bytes);
  EXPECT_EQ(only(*caught).aborted_transactions, std::nullopt);
}

TEST_F(FetchHandler, GivesAnEmptyListOfAbortedTransactionsToWhoReadsCommitted) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  auto wanted = request("orders", 0);
  wanted.isolation_level = 1;
  const auto caught = fetch(std::move(wanted));
  ASSERT_TRUE(only(*caught).aborted_transactions.has_value());
  EXPECT_TRUE(only(*caught).aborted_transactions->empty());
}

TEST_F(FetchHandler, AlwaysGivesTheFirstPartitionOneBatch) {
  make_topic("orders", 2);
  for (const int partition : {0, 1}) {
    for (int i = 0; i < 2; ++i)
      ASSERT_TRUE(append("orders", partition, batch_of({std::string(1000, 'x')})).ok());
  }
  auto wanted = request("orders", 0);
  wanted.topics[0].partitions[0].partition_max_bytes = 10;
  wanted.topics[0].partitions.push_back(wanted.topics[0].partitions[0]);
  wanted.topics[0].partitions[1].partition = 1;
  wanted.topics[0].partitions[1].partition_max_bytes = 1 << 20;
  wanted.max_bytes = 100;

  const auto caught = fetch(std::move(wanted));

  ASSERT_TRUE(caught->is_answered());
  ASSERT_EQ(caught->files().size(), 1U);
  EXPECT_EQ(batches_in(*caught), (std::vector<std::int64_t>{0}));
  EXPECT_TRUE(caught->response().responses[0].partitions[1].records.empty());
  EXPECT_EQ(caught->response().responses[0].partitions[1].error_code, 0);
}

TEST_F(FetchHandler, WaitsForRecordsAndIsWokenByThem) {
  make_topic("orders");
  const auto caught = fetch(request("orders", 0));
  run_for(Millis{100});
  EXPECT_FALSE(caught->is_answered());

  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  run_for(Millis{1});

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(batches_in(*caught), (std::vector<std::int64_t>{0}));
}

TEST_F(FetchHandler, WaitsUntilThereAreEnoughBytes) {
  make_topic("orders");
  auto wanted = request("orders", 0);
  wanted.min_bytes = 300;
  const auto caught = fetch(std::move(wanted));

  ASSERT_TRUE(append("orders", 0, batch_of({std::string(100, 'x')})).ok());
  run_for(Millis{1});
  EXPECT_FALSE(caught->is_answered());
  ASSERT_TRUE(append("orders", 0, batch_of({std::string(100, 'x')})).ok());
  run_for(Millis{1});

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(batches_in(*caught), (std::vector<std::int64_t>{0, 1}));
}

TEST_F(FetchHandler, AnswersWithWhatThereIsWhenTheTimeIsUp) {
  make_topic("orders");
  auto wanted = request("orders", 0);
  wanted.min_bytes = 1 << 20;
  const auto caught = fetch(std::move(wanted));
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());

  run_for(Millis{499});
  EXPECT_FALSE(caught->is_answered());
  run_for(Millis{2});

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(batches_in(*caught), (std::vector<std::int64_t>{0}));
}

TEST_F(FetchHandler, WaitsNoLongerThanAConnectionMayBeIdle) {
  make_topic("orders");
  auto wanted = request("orders", 0);
  wanted.max_wait_ms = INT32_MAX;
  const auto caught = fetch(std::move(wanted));

  run_for(state().config.connections_max_idle - Millis{1});
  EXPECT_FALSE(caught->is_answered());
  run_for(Millis{2});

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(error_of(*caught), KafkaError::kNone);
}

TEST_F(FetchHandler, TellsWhoWaitsThatTheTopicIsGone) {
  make_topic("orders");
  const auto caught = fetch(request("orders", 0));

  ASSERT_TRUE(state().topics.remove("orders").ok());
  run_for(Millis{1});

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(error_of(*caught), KafkaError::kUnknownTopicOrPartition);
}

TEST_F(FetchHandler, ClosesTheConnectionOfAWaiterThatIsDropped) {
  make_topic("orders");
  const auto caught = fetch(request("orders", 0));
  loop_.reset();
  EXPECT_TRUE(caught->has_closed());
  loop_ = env().make_loop();
}

TEST_F(FetchHandler, AnswersErrorsAtOnce) {
  const auto topic = make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  struct Case {
    std::string what;
    std::int16_t version;
    std::function<void(FetchRequest&)> change;
    KafkaError error;
  };
  const auto partition = [](FetchRequest & r) -> auto& {
    return r.topics[0].partitions[0];
  };
  const std::vector<Case> cases{
      {"no topic", 12, [](FetchRequest& r) { r.topics[0].topic = "nothing"; },
       KafkaError::kUnknownTopicOrPartition},
      {"no partition", 12, [&](FetchRequest& r) { partition(r).partition = 1; },
       KafkaError::kUnknownTopicOrPartition},
      {"no id", 13, [](FetchRequest& r) { r.topics[0].topic_id.bytes[0] = 1; },
       KafkaError::kUnknownTopicId},
      {"zero id", 13, [](FetchRequest&) {}, KafkaError::kUnknownTopicId},
      {"known id", 13, [&](FetchRequest& r) { r.topics[0].topic_id = topic->id; },
       KafkaError::kNone},
      {"before the start", 12, [&](FetchRequest& r) { partition(r).fetch_offset = -1; },
       KafkaError::kOffsetOutOfRange},
      {"after the end", 12, [&](FetchRequest& r) { partition(r).fetch_offset = 3; },
       KafkaError::kOffsetOutOfRange},
      {"newer epoch", 12, [&](FetchRequest& r) { partition(r).current_leader_epoch = 7; },
       KafkaError::kUnknownLeaderEpoch},
      {"this epoch", 12, [&](FetchRequest& r) { partition(r).current_leader_epoch = 0; },
       KafkaError::kNone},
  };
  for (const auto& each : cases) {
    auto wanted = request("orders", 0);
    each.change(wanted);
    const auto caught = fetch(std::move(wanted), each.version);
    ASSERT_TRUE(caught->is_answered()) << each.what;
    EXPECT_EQ(error_of(*caught), each.error) << each.what;
    const bool is_unknown = each.error == KafkaError::kUnknownTopicOrPartition ||
                            each.error == KafkaError::kUnknownTopicId;
    EXPECT_EQ(only(*caught).log_start_offset, each.error == KafkaError::kNone ? 0 : -1);
    EXPECT_EQ(only(*caught).aborted_transactions.has_value(), is_unknown) << each.what;
  }
}

TEST_F(FetchHandler, SaysWhereTheHistoriesDiverge) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  restart_after_kill();
  ASSERT_TRUE(append("orders", 0, batch_of({"c", "d"})).ok());
  auto wanted = request("orders", 4);
  wanted.topics[0].partitions[0].last_fetched_epoch = 0;

  const auto caught = fetch(std::move(wanted));

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(error_of(*caught), KafkaError::kNone);
  EXPECT_EQ(only(*caught).diverging_epoch.epoch, 0);
  EXPECT_EQ(only(*caught).diverging_epoch.end_offset, 2);
  EXPECT_TRUE(only(*caught).records.empty());
}

TEST_F(FetchHandler, RefusesAnEpochThatWasNever) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  auto wanted = request("orders", 2);
  wanted.topics[0].partitions[0].last_fetched_epoch = 5;

  const auto caught = fetch(std::move(wanted));

  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(error_of(*caught), KafkaError::kOffsetOutOfRange);
}

TEST_F(FetchHandler, KeepsNoSessions) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  auto create = request("orders", 0);
  create.session_epoch = 0;
  const auto created = fetch(std::move(create));
  EXPECT_EQ(created->response().session_id, 0);
  EXPECT_EQ(created->response().error_code, 0);

  auto unknown = request("orders", 0);
  unknown.session_id = 9;
  unknown.session_epoch = 1;
  const auto refused = fetch(std::move(unknown));
  EXPECT_EQ(static_cast<KafkaError>(refused->response().error_code),
            KafkaError::kFetchSessionIdNotFound);
}

TEST_F(FetchHandler, AnswersAFetchOfNothingAtOnce) {
  FetchRequest nothing;
  nothing.max_wait_ms = 500;
  nothing.min_bytes = 1;
  EXPECT_TRUE(fetch(std::move(nothing))->is_answered());
}

}  // namespace
}  // namespace millrace::broker
