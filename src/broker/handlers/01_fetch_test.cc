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
      {"an epoch below zero", 12, [&](FetchRequest& r) { partition(r).current_leader_epoch = -2; },
       KafkaError::kNone},
      {"partition below zero", 12, [&](FetchRequest& r) { partition(r).partition = -1; },
       KafkaError::kUnknownTopicOrPartition},
      {"bytes below zero", 12, [&](FetchRequest& r) { partition(r).partition_max_bytes = -5; },
       KafkaError::kUnknownServerError},
      {"all bytes below zero", 12, [&](FetchRequest& r) { r.max_bytes = -1; },
       KafkaError::kUnknownServerError},
      {"no bytes", 12, [&](FetchRequest& r) { r.max_bytes = partition(r).partition_max_bytes = 0; },
       KafkaError::kNone},
      {"waiting below zero", 12, [&](FetchRequest& r) { r.max_wait_ms = r.min_bytes = -5; },
       KafkaError::kNone},
      {"a replica", 12, [&](FetchRequest& r) { r.replica_id = 5; },
       KafkaError::kNotLeaderOrFollower},
      {"a replica of today", 17,
       [&](FetchRequest& r) {
         r.topics[0].topic_id = topic->id;
         r.replica_state.replica_id = 5;
       },
       KafkaError::kNotLeaderOrFollower},
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

TEST_F(FetchHandler, RefusesAnIsolationLevelThatIsNone) {
  make_topic("orders");
  for (const int level : {-1, 2}) {
    auto wanted = request("orders", 0);
    wanted.isolation_level = static_cast<std::int8_t>(level);
    const auto caught = fetch(std::move(wanted));
    ASSERT_TRUE(caught->is_answered());
    EXPECT_EQ(caught->response().error_code, code_of(KafkaError::kUnknownServerError));
    EXPECT_EQ(error_of(*caught), KafkaError::kUnknownServerError);
  }
}

TEST_F(FetchHandler, NamesNoTopicThatWasAskedForWithoutPartitions) {
  make_topic("orders");
  auto wanted = request("orders", 0);
  wanted.topics[0].partitions.clear();
  const auto caught = fetch(std::move(wanted));
  ASSERT_TRUE(caught->is_answered());
  EXPECT_TRUE(caught->response().responses.empty());
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

TEST_F(FetchHandler, TellsWhatHasChangedSinceTheLastFetchOfASession) {
  make_topic("orders", 3);
  auto full = request("orders", 0);
  full.session_epoch = 0;
  for (const int partition : {1, 2}) {
    full.topics[0].partitions.push_back(full.topics[0].partitions[0]);
    full.topics[0].partitions.back().partition = partition;
  }
  full.max_wait_ms = 0;
  const auto first = fetch(std::move(full));
  const auto id = first->response().session_id;
  ASSERT_GT(id, 0);
  EXPECT_EQ(first->response().responses[0].partitions.size(), 3U);

  FetchRequest next;
  next.session_id = id;
  next.session_epoch = 1;
  next.max_wait_ms = 500;
  next.min_bytes = 1;
  const auto second = fetch(std::move(next));
  run_for(Millis{100});
  EXPECT_FALSE(second->is_answered());
  ASSERT_TRUE(append("orders", 1, batch_of({"a"})).ok());
  run_for(Millis{1});

  ASSERT_TRUE(second->is_answered());
  EXPECT_EQ(second->response().session_id, id);
  ASSERT_EQ(second->response().responses.size(), 1U);
  ASSERT_EQ(second->response().responses[0].partitions.size(), 1U);
  EXPECT_EQ(only(*second).partition_index, 1);
  EXPECT_EQ(batches_in(*second), (std::vector<std::int64_t>{0}));
}

TEST_F(FetchHandler, AnswersAnIdleSessionWithNothingWhenTheTimeIsUp) {
  make_topic("orders");
  auto full = request("orders", 0);
  full.session_epoch = 0;
  full.max_wait_ms = 0;
  const auto id = fetch(std::move(full))->response().session_id;
  FetchRequest next;
  next.session_id = id;
  next.session_epoch = 1;
  next.max_wait_ms = 500;
  next.min_bytes = 1;
  const auto idle = fetch(std::move(next));
  run_for(Millis{501});
  ASSERT_TRUE(idle->is_answered());
  EXPECT_TRUE(idle->response().responses.empty());
  EXPECT_TRUE(idle->files().empty());
}

TEST_F(FetchHandler, GivesNoFilesWithAnAnswerThatAnotherFetchOfTheSessionOvertook) {
  make_topic("orders");
  auto full = request("orders", 0);
  full.session_epoch = 0;
  full.max_wait_ms = 0;
  const auto id = fetch(std::move(full))->response().session_id;
  FetchRequest next;
  next.session_id = id;
  next.max_wait_ms = 500;
  next.min_bytes = 1;
  next.session_epoch = 1;
  const auto overtaken = fetch(next);
  next.session_epoch = 2;
  const auto last = fetch(next);
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  run_for(Millis{1});

  ASSERT_TRUE(overtaken->is_answered());
  EXPECT_EQ(static_cast<KafkaError>(overtaken->response().error_code),
            KafkaError::kInvalidFetchSessionEpoch);
  EXPECT_TRUE(overtaken->files().empty());
  ASSERT_TRUE(last->is_answered());
  EXPECT_EQ(last->files().size(), 1U);
}

TEST_F(FetchHandler, RefusesAFetchOfASessionThatIsNotThere) {
  auto unknown = request("orders", 0);
  unknown.session_id = 9;
  unknown.session_epoch = 1;
  const auto refused = fetch(std::move(unknown));
  EXPECT_EQ(static_cast<KafkaError>(refused->response().error_code),
            KafkaError::kFetchSessionIdNotFound);
  EXPECT_EQ(refused->response().session_id, 0);
  EXPECT_TRUE(refused->response().responses.empty());
}

TEST_F(FetchHandler, TellsASessionThatItsTopicIsGoneAndThatAnotherTookItsName) {
  const auto topic = make_topic("orders");
  auto full = request("", 0);
  full.topics[0].topic_id = topic->id;
  full.session_epoch = 0;
  full.max_wait_ms = 0;
  const auto id = fetch(std::move(full), 13)->response().session_id;
  const auto again = [&](std::int32_t epoch) {
    FetchRequest next;
    next.session_id = id;
    next.session_epoch = epoch;
    next.max_wait_ms = 500;
    next.min_bytes = 1;
    return fetch(std::move(next), 13);
  };
  ASSERT_TRUE(state().topics.remove("orders").ok());
  const auto gone = again(1);
  ASSERT_TRUE(gone->is_answered());
  EXPECT_EQ(error_of(*gone), KafkaError::kUnknownTopicOrPartition);
  make_topic("orders");
  const auto replaced = again(2);
  ASSERT_TRUE(replaced->is_answered());
  EXPECT_EQ(error_of(*replaced), KafkaError::kInconsistentTopicId);
}

TEST_F(FetchHandler, WaitsForRecordsAlthoughAnotherPartitionDoesNotExist) {
  make_topic("orders");
  auto wanted = request("orders", 0);
  wanted.topics.push_back(request("nothing", 0).topics[0]);
  const auto caught = fetch(std::move(wanted));
  run_for(Millis{499});
  EXPECT_FALSE(caught->is_answered());
  run_for(Millis{2});
  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(caught->response().responses[1].partitions[0].error_code,
            code_of(KafkaError::kUnknownTopicOrPartition));
}

TEST_F(FetchHandler, WaitsForNoMoreThanAnAnswerMayHold) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({std::string(2000, 'x')})).ok());
  auto wanted = request("orders", 0);
  wanted.min_bytes = 1 << 20;
  wanted.max_bytes = 1000;
  EXPECT_TRUE(fetch(std::move(wanted))->is_answered());
}

TEST_F(FetchHandler, AnswersAFetchOfNothingAtOnce) {
  FetchRequest nothing;
  nothing.max_wait_ms = 500;
  nothing.min_bytes = 1;
  EXPECT_TRUE(fetch(std::move(nothing))->is_answered());
}

}  // namespace
}  // namespace millrace::broker
