// Transactions of a Producer against a broker that follows a script, in both protocols.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "client/producer.h"
#include "client/testing/transaction_broker.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::ApiKey;
using wire::KafkaError;
using Kind = TransactionErrorKind;

constexpr Millis kPatience{60'000};
const ConsumerGroupMetadata kGroup{.group_id = "g", .generation = 3, .member_id = "m"};
const OffsetsToCommit kOffsets{{{"in", PartitionId{0}}, {Offset{5}}}};

class Transactions : public testing::TestWithParam<SpokenTransactions> {
 protected:
  bool is_v2() const { return GetParam() == SpokenTransactions::kV2; }
  Properties properties() const {
    return Properties{{"bootstrap.servers", broker_.broker().endpoint().to_string()},
                      {"transactional.id", "till-7"},
                      {"max.block.ms", std::to_string(kPatience.count())},
                      {"retry.backoff.ms", "1"},
                      {"retry.backoff.max.ms", "1"}};
  }
  Producer make(const Properties& properties, DeliveryCallback on_delivery = {}) {
    auto made = Producer::create(properties, {std::move(on_delivery)}, env_.get());
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(made).value();
  }
  Producer make() { return make(properties()); }
  /// One that has begun a transaction; of what it asked for that nothing is told.
  Producer begun(const Properties& properties, DeliveryCallback on_delivery = {}) {
    Producer producer = make(properties, std::move(on_delivery));
    expect_ok(producer.init_transactions());
    EXPECT_TRUE(producer.partition_count("t").ok());
    expect_ok(producer.begin_transaction());
    broker_.broker().forget_heard();
    return producer;
  }
  Producer begun() { return begun(properties()); }
  static ProducerRecord record(std::string_view value, std::int32_t partition = 0) {
    return {.topic = "t", .partition = PartitionId{partition}, .value = value};
  }
  static void expect_ok(const TransactionStatus& status) {
    EXPECT_TRUE(status.ok()) << status.error().to_string();
  }
  static void expect(Kind kind, const TransactionStatus& status) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.kind(), kind) << status.error().to_string();
  }
  /// The producer is as good as new.
  void expect_usable(Producer& producer) {
    const std::string before = broker_.ends();
    expect_ok(producer.begin_transaction());
    EXPECT_TRUE(producer.send(record("usable")).ok());
    expect_ok(producer.commit_transaction());
    EXPECT_EQ(broker_.ends(), before + "c");
  }

  const std::unique_ptr<io::Env> env_ = io::make_system_env();
  mutable TransactionBroker broker_{*env_, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Protocols, Transactions,
                         testing::Values(SpokenTransactions::kClassic, SpokenTransactions::kV2),
                         [](const auto& tested) {
                           return tested.param == SpokenTransactions::kV2 ? "V2" : "Classic";
                         });

// ── What is asked ──

TEST_P(Transactions, ACommitAsksNoMoreThanTheProtocolNeeds) {
  std::vector<bool> is_transactional;
  broker_.broker().judge_by([&](const wire::BatchHeader& batch) {
    is_transactional.push_back(batch.is_transactional());
    return KafkaError::kNone;
  });
  Producer producer = begun();
  for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(producer.send(record(value)).ok());
  expect_ok(producer.commit_transaction());

  if (is_v2()) {
    EXPECT_THAT(broker_.broker().heard(), ElementsAre("Produce v12", "EndTxn v5"));
  } else {
    EXPECT_THAT(broker_.broker().heard(),
                ElementsAre("AddPartitionsToTxn v3", "Produce v11", "EndTxn v4"));
  }
  EXPECT_THAT(broker_.broker().values("t", 0), ElementsAre("a", "b", "c"));
  EXPECT_THAT(is_transactional, ElementsAre(true));
  EXPECT_EQ(broker_.ends(), "c");
}

TEST_P(Transactions, OffsetsGoToTheGroupAndEndWithTheTransaction) {
  Producer producer = begun();
  expect_ok(producer.send_offsets_to_transaction(kOffsets, kGroup));
  expect_ok(producer.commit_transaction());

  if (is_v2()) {
    EXPECT_THAT(broker_.broker().heard(),
                ElementsAre("FindCoordinator v4", "TxnOffsetCommit v5", "EndTxn v5"));
  } else {
    EXPECT_THAT(broker_.broker().heard(), ElementsAre("AddOffsetsToTxn v4", "FindCoordinator v4",
                                                      "TxnOffsetCommit v4", "EndTxn v4"));
  }
}

TEST_P(Transactions, WithNothingInThemAskForNothing) {
  Producer producer = begun();
  expect_ok(producer.commit_transaction());
  expect_ok(producer.begin_transaction());
  expect_ok(producer.abort_transaction());
  EXPECT_THAT(broker_.broker().heard(), IsEmpty());
}

TEST_P(Transactions, ACommitSendsWhatLingers) {
  Producer producer =
      begun(properties().set("linger.ms", "600000").set("delivery.timeout.ms", "700000"));
  ASSERT_TRUE(producer.send(record("a", 0)).ok());
  ASSERT_TRUE(producer.send(record("b", 1)).ok());
  expect_ok(producer.commit_transaction());
  EXPECT_THAT(broker_.broker().values("t", 0), ElementsAre("a"));
  EXPECT_THAT(broker_.broker().values("t", 1), ElementsAre("b"));
}

TEST_P(Transactions, ACommitWhoseAnswerIsLostIsAskedForAgainAndDoneOnce) {
  Producer producer = begun();
  ASSERT_TRUE(producer.send(record("a")).ok());
  broker_.script(ApiKey::kEndTxn, {TransactionBroker::lost(), TransactionBroker::lost()});
  expect_ok(producer.commit_transaction());
  EXPECT_EQ(broker_.ends(), "c");
  expect_usable(producer);
}

// ── Calls that make no sense ──

TEST_P(Transactions, RecordsAreTakenBetweenBeginAndEndOnly) {
  Producer producer = make();
  const auto before = producer.send(record("a"));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(before.error().message, HasSubstr("init_transactions()"));
  expect_ok(producer.init_transactions());
  EXPECT_THAT(producer.send(record("a")).error().message, HasSubstr("begin_transaction()"));
  expect_ok(producer.begin_transaction());
  EXPECT_TRUE(producer.send(record("a")).ok());
  expect_ok(producer.commit_transaction());
  EXPECT_THAT(producer.send(record("b")).error().message, HasSubstr("begin_transaction()"));
}

TEST_P(Transactions, CallsOutOfTurnChangeNothing) {
  Producer producer = make();
  expect(Kind::kInvalidCall, producer.begin_transaction());
  expect(Kind::kInvalidCall, producer.commit_transaction());
  expect(Kind::kInvalidCall, producer.abort_transaction());
  expect(Kind::kInvalidCall, producer.send_offsets_to_transaction(kOffsets, kGroup));
  expect_ok(producer.init_transactions());
  expect(Kind::kInvalidCall, producer.init_transactions());
  expect_usable(producer);
  expect(Kind::kInvalidCall, producer.commit_transaction());
  expect_ok(producer.begin_transaction());
  expect(Kind::kInvalidCall, producer.begin_transaction());
  expect_ok(producer.abort_transaction());
  expect(Kind::kInvalidCall, producer.abort_transaction());
  expect_usable(producer);
}

TEST_P(Transactions, NeedATransactionalId) {
  Producer producer = make(Properties{{"bootstrap.servers", "127.0.0.1:1"}});
  const auto status = producer.init_transactions();
  expect(Kind::kInvalidCall, status);
  EXPECT_THAT(status.error().message, HasSubstr("transactional.id"));
}

TEST_P(Transactions, AreNotForCallbacks) {
  std::vector<Kind> refused;
  Producer* self = nullptr;
  Producer producer = begun(properties(), [&](const DeliveryReport&) {
    refused.push_back(self->begin_transaction().kind());
    refused.push_back(self->commit_transaction().kind());
    refused.push_back(self->abort_transaction().kind());
    refused.push_back(self->init_transactions().kind());
    refused.push_back(self->send_offsets_to_transaction(kOffsets, kGroup).kind());
  });
  self = &producer;
  ASSERT_TRUE(producer.send(record("a")).ok());
  expect_ok(producer.commit_transaction());
  EXPECT_THAT(refused, testing::AllOf(testing::SizeIs(5), testing::Each(Kind::kInvalidCall)));
}

TEST_P(Transactions, AreOverWhenTheProducerIsClosed) {
  Producer producer = begun();
  ASSERT_TRUE(producer.close(kPatience).ok());
  expect(Kind::kFatal, producer.commit_transaction());
}

// ── Time ──

TEST_P(Transactions, ACommitThatIsNotOverInTimeGoesOnAndTellsWhenItIsCalledAgain) {
  Producer producer = begun();
  broker_.broker().hold();
  ASSERT_TRUE(producer.send(record("a")).ok());
  expect(Kind::kRetriable, producer.commit_transaction(Millis{20}));
  expect(Kind::kInvalidCall, producer.abort_transaction());
  expect(Kind::kInvalidCall, producer.begin_transaction());
  EXPECT_EQ(broker_.ends(), "") << "its record is still under way";
  broker_.broker().release();
  expect_ok(producer.commit_transaction());
  EXPECT_EQ(broker_.ends(), "c");
  expect_usable(producer);
}

TEST_P(Transactions, InitGoesOnUntilTheClusterAnswers) {
  Producer producer = make(properties().set("bootstrap.servers", "127.0.0.1:1"));
  expect(Kind::kRetriable, producer.init_transactions(Millis{20}));
  expect(Kind::kRetriable, producer.init_transactions(Millis{0}));
  EXPECT_TRUE(producer.close(Millis{0}).ok());
}

// ── Aborts ──

TEST_P(Transactions, AnAbortDropsWhatWasNotSentAndTellsSo) {
  std::vector<std::string> fates;
  Producer producer =
      begun(properties().set("linger.ms", "600000").set("delivery.timeout.ms", "700000"),
            [&](const DeliveryReport& report) {
              fates.emplace_back(error_code_name(report.status.error().code));
            });
  ASSERT_TRUE(producer.send(record("a", 0)).ok());
  ASSERT_TRUE(producer.send(record("b", 1)).ok());
  expect_ok(producer.abort_transaction());
  EXPECT_THAT(fates, ElementsAre("cancelled", "cancelled"));
  EXPECT_THAT(broker_.broker().heard(), IsEmpty());
  EXPECT_TRUE(producer.flush(kPatience).ok()) << "who aborts knows";
  EXPECT_TRUE(producer.close(kPatience).ok());
}

TEST_P(Transactions, AnAbortWaitsForWhatIsInFlight) {
  Producer producer = begun();
  broker_.broker().hold();
  ASSERT_TRUE(producer.send(record("a")).ok());
  while (broker_.broker().values("t", 0).empty()) {
    expect(Kind::kInvalidCall, producer.begin_transaction());  // nothing but a turn of the loop
  }
  expect(Kind::kRetriable, producer.abort_transaction(Millis{20}));
  EXPECT_EQ(broker_.ends(), "");
  broker_.broker().release();
  expect_ok(producer.abort_transaction());
  EXPECT_EQ(broker_.ends(), "a");
  expect_usable(producer);
}

TEST_P(Transactions, ACloseAbortsWhatIsOpen) {
  Producer producer = begun();
  ASSERT_TRUE(producer.send(record("a")).ok());
  ASSERT_TRUE(producer.flush(kPatience).ok());
  EXPECT_TRUE(producer.close(kPatience).ok());
  EXPECT_EQ(broker_.ends(), "a");
}

TEST_P(Transactions, ARecordThatIsLostMakesTheCommitFailAndTheAbortRepairs) {
  bool refuses = true;
  broker_.broker().judge_by([&](const wire::BatchHeader&) {
    return refuses ? KafkaError::kInvalidRecord : KafkaError::kNone;
  });
  Producer producer = begun();
  ASSERT_TRUE(producer.send(record("a")).ok());
  const auto committed = producer.commit_transaction();
  expect(Kind::kAbortable, committed);
  EXPECT_THAT(committed.error().message, HasSubstr("INVALID_RECORD"));
  const auto sent = producer.send(record("b"));
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message, HasSubstr("has to be aborted"));
  expect(Kind::kAbortable, producer.begin_transaction());
  expect(Kind::kAbortable, producer.send_offsets_to_transaction(kOffsets, kGroup));

  broker_.broker().judge_by([](const wire::BatchHeader&) { return KafkaError::kNone; });
  expect_ok(producer.abort_transaction());
  EXPECT_EQ(broker_.ends(), "a");
  expect_usable(producer);
  EXPECT_THAT(broker_.broker().values("t", 0), ElementsAre("usable"));
}

// ── Each kind of error at each step ──

struct ErrorCase {
  ApiKey at;
  KafkaError error;
  Kind kind;  // of the call that meets it
};

TEST_P(Transactions, MeetEachKindOfErrorAtEachStep) {
  std::vector<ErrorCase> cases{
      {ApiKey::kEndTxn, KafkaError::kConcurrentTransactions, Kind::kRetriable},
      {ApiKey::kEndTxn, KafkaError::kNotCoordinator, Kind::kRetriable},
      {ApiKey::kEndTxn, KafkaError::kTransactionAbortable, Kind::kAbortable},
      {ApiKey::kEndTxn, KafkaError::kInvalidProducerIdMapping, Kind::kAbortable},
      {ApiKey::kEndTxn, KafkaError::kProducerFenced, Kind::kFatal},
      {ApiKey::kEndTxn, KafkaError::kInvalidProducerEpoch, Kind::kFatal},
      {ApiKey::kEndTxn, KafkaError::kInvalidTxnState, Kind::kFatal},
      {ApiKey::kTxnOffsetCommit, KafkaError::kCoordinatorLoadInProgress, Kind::kRetriable},
      {ApiKey::kTxnOffsetCommit, KafkaError::kNotCoordinator, Kind::kRetriable},
      {ApiKey::kTxnOffsetCommit, KafkaError::kIllegalGeneration, Kind::kAbortable},
      {ApiKey::kTxnOffsetCommit, KafkaError::kFencedInstanceId, Kind::kAbortable},
      {ApiKey::kTxnOffsetCommit, KafkaError::kTransactionAbortable, Kind::kAbortable},
      {ApiKey::kTxnOffsetCommit, KafkaError::kProducerFenced, Kind::kFatal},
  };
  if (!is_v2()) {
    for (const ErrorCase& each : std::vector<ErrorCase>{
             {ApiKey::kAddPartitionsToTxn, KafkaError::kConcurrentTransactions, Kind::kRetriable},
             {ApiKey::kAddPartitionsToTxn, KafkaError::kUnknownTopicOrPartition, Kind::kRetriable},
             {ApiKey::kAddPartitionsToTxn, KafkaError::kTopicAuthorizationFailed, Kind::kAbortable},
             {ApiKey::kAddPartitionsToTxn, KafkaError::kTransactionAbortable, Kind::kAbortable},
             {ApiKey::kAddPartitionsToTxn, KafkaError::kInvalidProducerIdMapping, Kind::kAbortable},
             {ApiKey::kAddPartitionsToTxn, KafkaError::kProducerFenced, Kind::kFatal},
             {ApiKey::kAddOffsetsToTxn, KafkaError::kNotCoordinator, Kind::kRetriable},
             {ApiKey::kAddOffsetsToTxn, KafkaError::kGroupAuthorizationFailed, Kind::kAbortable},
             {ApiKey::kAddOffsetsToTxn, KafkaError::kTransactionAbortable, Kind::kAbortable},
             {ApiKey::kAddOffsetsToTxn, KafkaError::kProducerFenced, Kind::kFatal}}) {
      cases.push_back(each);
    }
  }
  for (const ErrorCase& each : cases) {
    SCOPED_TRACE(
        fmt::format("{} at {}", wire::kafka_error_name(each.error), wire::api_key_name(each.at)));
    Producer producer = begun();
    broker_.script(each.at, each.error);
    ASSERT_TRUE(producer.send(record("a")).ok());
    const auto with_offsets = producer.send_offsets_to_transaction(kOffsets, kGroup);
    const auto committed = with_offsets.ok() ? producer.commit_transaction() : with_offsets;
    if (each.kind == Kind::kRetriable) {
      expect_ok(committed);
    } else {
      expect(each.kind, committed);
      expect(each.kind, producer.commit_transaction());
    }
    if (each.kind == Kind::kAbortable) expect_ok(producer.abort_transaction());
    if (each.kind == Kind::kFatal) {
      expect(Kind::kFatal, producer.abort_transaction());
      EXPECT_FALSE(producer.send(record("never")).ok());
    } else {
      expect_usable(producer);
    }
    (void)producer.close(kPatience);
  }
}

TEST_P(Transactions, MeetEachKindOfErrorWhenARecordIsSent) {
  for (const auto& [error, kind] :
       {std::pair{KafkaError::kNone, Kind::kRetriable},
        std::pair{KafkaError::kConcurrentTransactions, Kind::kRetriable},
        std::pair{KafkaError::kNotLeaderOrFollower, Kind::kRetriable},
        std::pair{KafkaError::kTransactionAbortable, Kind::kAbortable},
        std::pair{KafkaError::kInvalidTxnState, Kind::kAbortable},
        std::pair{KafkaError::kInvalidProducerEpoch, Kind::kAbortable},
        std::pair{KafkaError::kOutOfOrderSequenceNumber, Kind::kAbortable},
        std::pair{KafkaError::kTopicAuthorizationFailed, Kind::kAbortable},
        std::pair{KafkaError::kInvalidProducerIdMapping, Kind::kAbortable},
        std::pair{KafkaError::kProducerFenced, Kind::kFatal},
        std::pair{KafkaError::kTransactionalIdAuthorizationFailed, Kind::kFatal}}) {
    SCOPED_TRACE(wire::kafka_error_name(error));
    bool is_met = false;
    broker_.broker().judge_by([&is_met, error = error](const wire::BatchHeader&) {
      return std::exchange(is_met, true) ? KafkaError::kNone : error;
    });
    Producer producer = begun();
    ASSERT_TRUE(producer.send(record("a")).ok());
    const auto committed = producer.commit_transaction();
    if (kind == Kind::kRetriable) {
      expect_ok(committed);
    } else {
      expect(kind, committed);
    }
    if (kind == Kind::kAbortable) expect_ok(producer.abort_transaction());
    if (kind == Kind::kFatal) {
      expect(Kind::kFatal, producer.abort_transaction());
    } else {
      expect_usable(producer);
    }
    (void)producer.close(kPatience);
  }
}

TEST_P(Transactions, MeetEachKindOfErrorAtInit) {
  for (const auto& [at, error, kind] :
       {std::tuple{ApiKey::kInitProducerId, KafkaError::kConcurrentTransactions, Kind::kRetriable},
        std::tuple{ApiKey::kInitProducerId, KafkaError::kInvalidTransactionTimeout, Kind::kFatal},
        std::tuple{ApiKey::kInitProducerId, KafkaError::kProducerFenced, Kind::kFatal},
        std::tuple{ApiKey::kFindCoordinator, KafkaError::kCoordinatorNotAvailable,
                   Kind::kRetriable},
        std::tuple{ApiKey::kFindCoordinator, KafkaError::kInvalidRequest, Kind::kFatal}}) {
    SCOPED_TRACE(wire::kafka_error_name(error));
    Producer producer = make();
    broker_.script(at, error);
    const auto status = producer.init_transactions();
    if (kind == Kind::kRetriable) {
      expect_ok(status);
    } else {
      expect(kind, status);
    }
  }
  Producer producer = make();
  broker_.script(ApiKey::kInitProducerId, KafkaError::kTransactionalIdAuthorizationFailed);
  expect(Kind::kRetriable, producer.init_transactions());
  expect_ok(producer.init_transactions());
}

TEST_P(Transactions, ALaterProducerOfTheSameIdFencesTheFirstOff) {
  Producer first = begun();
  ASSERT_TRUE(first.send(record("a")).ok());
  ASSERT_TRUE(first.flush(kPatience).ok());
  Producer second = make();
  expect_ok(second.init_transactions());

  const auto committed = first.commit_transaction();
  expect(Kind::kFatal, committed);
  EXPECT_EQ(wire::kafka_error_of(committed.error()), KafkaError::kProducerFenced);
  const auto sent = first.send(record("never"));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(wire::kafka_error_of(sent.error()), KafkaError::kProducerFenced);
  expect_usable(second);
}

TEST_P(Transactions, ARecordThatSendDidNotTakeIsMissedByTheCommit) {
  Properties small = properties();
  small.set("max.request.size", "1000");
  Producer producer = begun(small);
  EXPECT_TRUE(producer.send(record("fits")).ok());
  const std::string large(2'000, 'x');
  EXPECT_EQ(producer.send(record(large)).error().code, ErrorCode::kTooLarge);
  expect(Kind::kAbortable, producer.commit_transaction());
  expect_ok(producer.abort_transaction());
  expect_usable(producer);
}

TEST_P(Transactions, WhoeverWaitsHearsAtOnceOfARecordThatSendDidNotTake) {
  Producer producer = begun(properties().set("max.request.size", "1000"));
  std::atomic<bool> is_asked = false;
  const std::int16_t newest = is_v2() ? 5 : 4;
  broker_.broker().serve(ApiKey::kTxnOffsetCommit, {0, newest},
                         [&](auto&, const auto&, auto&) { is_asked = true; });  // and not answered
  TransactionStatus waited;
  std::thread waiting([&] { waited = producer.send_offsets_to_transaction(kOffsets, kGroup); });
  while (!is_asked) std::this_thread::yield();
  const std::string large(2'000, 'x');
  EXPECT_EQ(producer.send(record(large)).error().code, ErrorCode::kTooLarge);
  waiting.join();
  expect(Kind::kAbortable, waited);
}

}  // namespace
}  // namespace millrace::client
