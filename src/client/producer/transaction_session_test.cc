#include "client/producer/transaction_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>

#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::KafkaError;
using Batches = TransactionSession::Batches;
using Kind = TransactionErrorKind;
using Protocol = TransactionProtocol;
using State = TransactionState;

const TopicPartition kT0{"t", PartitionId{0}};
const TopicPartition kT1{"t", PartitionId{1}};
constexpr ProducerIdentity kFirst{ProducerId{7}, ProducerEpoch{0}};
constexpr ProducerIdentity kNext{ProducerId{7}, ProducerEpoch{1}};
const ConsumerGroupMetadata kGroup{.group_id = "g", .generation = 3, .member_id = "m"};

Error failure(KafkaError code) {
  return wire::make_error(code);
}

std::string text_of(const std::optional<TransactionRequest>& request) {
  if (!request) return "nothing";
  if (const auto* const ask = std::get_if<AskProducerId>(&*request)) {
    return ask->current.id == kNoProducerId ? "producer id" : "new epoch";
  }
  if (const auto* const add = std::get_if<AddPartitions>(&*request)) {
    std::string text = "add";
    for (const TopicPartition& each : add->partitions) text += fmt::format(" {}", each);
    return text;
  }
  if (const auto* const add = std::get_if<AddOffsets>(&*request)) return "group " + add->group_id;
  if (const auto* const commit = std::get_if<CommitOffsets>(&*request)) {
    return fmt::format("offsets of {}", commit->offsets.size());
  }
  return std::get<EndTransaction>(*request).end == TransactionEnd::kCommit ? "commit" : "abort";
}

// Drives a session as the driver does, and keeps what was asked.
class Played {
 public:
  explicit Played(Protocol protocol = Protocol::kClassic) { session.learn(protocol); }

  Played& initialize() {
    EXPECT_TRUE(session.start(TransactionCall::kInit).ok());
    ask();
    answer(kFirst);
    EXPECT_TRUE(outcome(TransactionCall::kInit).ok());
    return *this;
  }
  Played& begin() {
    EXPECT_TRUE(session.begin().ok());
    return *this;
  }
  /// As if one batch of each had been written.
  Played& write(const PartitionList& partitions = {kT0}) {
    for (const TopicPartition& each : partitions) (void)session.admits(each);
    if (session.protocol() == Protocol::kClassic) {
      ask();
      answer();
    }
    for (const TopicPartition& each : partitions) EXPECT_TRUE(session.admits(each));
    session.batch_sent();
    return *this;
  }
  Played& start(TransactionCall call) {
    const auto status = session.start(call);
    EXPECT_TRUE(status.ok()) << status.error().message;
    return *this;
  }
  std::string ask(Batches batches = Batches::kNone) {
    return text_of(session.next_request(batches));
  }
  void answer(ProducerIdentity identity = {}) { session.answered({.identity = identity}); }
  void refuse(KafkaError code) { session.answered({.status = failure(code)}); }
  TransactionStatus outcome(TransactionCall call) {
    auto told = session.take_outcome(call);
    EXPECT_TRUE(told.has_value()) << "no outcome";
    return std::move(told).value_or(TransactionStatus{});
  }
  bool is_over(TransactionCall call) { return session.take_outcome(call).has_value(); }

  TransactionSession session;
};

Played in(State state) {
  Played played;
  if (state == State::kUninitialized) return played;
  if (state == State::kInitializing) {
    played.start(TransactionCall::kInit).ask();
    return played;
  }
  if (state == State::kFatalError) {
    played.start(TransactionCall::kInit).ask();
    played.refuse(KafkaError::kProducerFenced);
    EXPECT_FALSE(played.outcome(TransactionCall::kInit).ok());
    return played;
  }
  played.initialize();
  if (state == State::kReady) return played;
  played.begin().write();
  if (state == State::kCommitting) played.start(TransactionCall::kCommit).ask();
  if (state == State::kAborting) played.start(TransactionCall::kAbort).ask();
  if (state == State::kAbortableError) {
    played.session.batch_failed(failure(KafkaError::kMessageTooLarge));
  }
  EXPECT_EQ(played.session.state(), state);
  return played;
}

// ── Every input in every state ──

struct Row {
  std::string_view what;
  std::function<TransactionStatus(TransactionSession&)> input;
  struct Expected {
    State state;
    std::optional<Kind> error;  // none: the input is accepted
  };
  std::vector<Expected> of;  // by the state that it comes in
};

TEST(TransactionSession, TakesEveryInputInEveryState) {
  using enum State;
  const std::optional<Kind> ok;
  const auto bad = Kind::kInvalidCall;
  const auto broken = Kind::kAbortable;
  const auto dead = Kind::kFatal;
  const auto batch_failed = [](KafkaError code) {
    return [code](TransactionSession& session) {
      session.batch_failed(failure(code));
      return TransactionStatus{};
    };
  };
  const auto answered = [](KafkaError code) {
    return [code](TransactionSession& session) {
      // Where nothing is under way nothing is answered.
      if (session.awaits_answer()) session.answered({.status = failure(code)});
      return TransactionStatus{};
    };
  };
  const std::vector<Row> rows{
      // uninitialized, initializing, ready, in transaction, committing, aborting, abortable, fatal
      {"init",
       [](auto& session) { return session.start(TransactionCall::kInit); },
       {{kInitializing, ok},
        {kInitializing, ok},
        {kReady, bad},
        {kInTransaction, bad},
        {kCommitting, bad},
        {kAborting, bad},
        {kAbortableError, broken},
        {kFatalError, dead}}},
      {"begin",
       [](auto& session) { return session.begin(); },
       {{kUninitialized, bad},
        {kInitializing, bad},
        {kInTransaction, ok},
        {kInTransaction, bad},
        {kCommitting, bad},
        {kAborting, bad},
        {kAbortableError, broken},
        {kFatalError, dead}}},
      {"commit",
       [](auto& session) { return session.start(TransactionCall::kCommit); },
       {{kUninitialized, bad},
        {kInitializing, bad},
        {kReady, bad},
        {kCommitting, ok},
        {kCommitting, ok},
        {kAborting, bad},
        {kAbortableError, broken},
        {kFatalError, dead}}},
      {"abort",
       [](auto& session) { return session.start(TransactionCall::kAbort); },
       {{kUninitialized, bad},
        {kInitializing, bad},
        {kReady, bad},
        {kAborting, ok},
        {kCommitting, bad},
        {kAborting, ok},
        {kAborting, ok},
        {kFatalError, dead}}},
      {"offsets",
       [](auto& session) {
         return session.send_offsets(OffsetsCallId{1}, {{kT0, {Offset{5}}}}, kGroup);
       },
       {{kUninitialized, bad},
        {kInitializing, bad},
        {kReady, bad},
        {kInTransaction, ok},
        {kCommitting, bad},
        {kAborting, bad},
        {kAbortableError, broken},
        {kFatalError, dead}}},
      {"a batch is lost",
       batch_failed(KafkaError::kMessageTooLarge),
       {{kUninitialized, ok},
        {kUninitialized, ok},
        {kReady, ok},
        {kAbortableError, ok},
        {kAbortableError, ok},
        {kAborting, ok},
        {kAbortableError, ok},
        {kFatalError, ok}}},
      {"a batch finds the producer fenced",
       batch_failed(KafkaError::kProducerFenced),
       {{kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kFatalError, ok}}},
      {"the coordinator has it pass",
       answered(KafkaError::kConcurrentTransactions),
       {{kUninitialized, ok},
        {kInitializing, ok},
        {kReady, ok},
        {kInTransaction, ok},
        {kCommitting, ok},
        {kAborting, ok},
        {kAbortableError, ok},
        {kFatalError, ok}}},
      {"the coordinator wants it aborted",
       answered(KafkaError::kTransactionAbortable),
       {{kUninitialized, ok},
        {kUninitialized, ok},
        {kReady, ok},
        {kInTransaction, ok},
        {kAbortableError, ok},
        {kAbortableError, ok},
        {kAbortableError, ok},
        {kFatalError, ok}}},
      {"the coordinator has another producer",
       answered(KafkaError::kProducerFenced),
       {{kUninitialized, ok},
        {kFatalError, ok},
        {kReady, ok},
        {kInTransaction, ok},
        {kFatalError, ok},
        {kFatalError, ok},
        {kAbortableError, ok},
        {kFatalError, ok}}},
  };
  for (const Row& row : rows) {
    ASSERT_EQ(row.of.size(), 8U);
    for (std::size_t from = 0; from < 8; ++from) {
      Played played = in(static_cast<State>(from));
      const auto status = row.input(played.session);

      EXPECT_EQ(played.session.state(), row.of[from].state) << row.what << " in state " << from;
      EXPECT_EQ(status.ok(), !row.of[from].error) << row.what << " in state " << from;
      if (!status.ok() && row.of[from].error) {
        EXPECT_EQ(status.kind(), *row.of[from].error) << row.what << " in state " << from;
      }
    }
  }
}

// ── What is asked ──

TEST(TransactionSession, AClassicTransactionAddsItsPartitionsOnceAndEnds) {
  Played played;
  played.initialize().begin();
  EXPECT_FALSE(played.session.admits(kT0));
  EXPECT_FALSE(played.session.admits(kT1));
  EXPECT_EQ(played.ask(Batches::kUnderWay), "add t-0 t-1");
  EXPECT_EQ(played.ask(Batches::kUnderWay), "nothing") << "one at a time";
  played.answer();
  EXPECT_TRUE(played.session.admits(kT0));
  EXPECT_EQ(played.ask(Batches::kUnderWay), "nothing");

  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(Batches::kUnderWay), "nothing") << "what was sent comes first";
  EXPECT_EQ(played.ask(Batches::kNone), "commit");
  played.answer();

  EXPECT_TRUE(played.outcome(TransactionCall::kCommit).ok());
  EXPECT_EQ(played.session.identity(), kFirst);
  played.begin();
  EXPECT_FALSE(played.session.admits(kT0)) << "of the last transaction";
}

TEST(TransactionSession, APartitionThatComesWhileOthersAreAddedIsAddedNext) {
  Played played;
  played.initialize().begin();
  EXPECT_FALSE(played.session.admits(kT0));
  EXPECT_EQ(played.ask(), "add t-0");
  EXPECT_FALSE(played.session.admits(kT1));
  played.answer();
  EXPECT_TRUE(played.session.admits(kT0));
  EXPECT_EQ(played.ask(), "add t-1");
}

TEST(TransactionSession, InVersionTwoPartitionsEnterByThemselvesAndEachEndGivesAnEpoch) {
  Played played(Protocol::kV2);
  played.initialize().begin();
  EXPECT_TRUE(played.session.admits(kT0));
  played.session.batch_sent();
  EXPECT_EQ(played.ask(), "nothing");
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "commit");
  played.answer(kNext);

  EXPECT_TRUE(played.outcome(TransactionCall::kCommit).ok());
  EXPECT_EQ(played.session.identity(), kNext);
}

TEST(TransactionSession, ATransactionWithNothingInItEndsWithoutARequest) {
  for (const Protocol protocol : {Protocol::kClassic, Protocol::kV2}) {
    for (const TransactionCall call : {TransactionCall::kCommit, TransactionCall::kAbort}) {
      Played played(protocol);
      played.initialize().begin().start(call);
      EXPECT_EQ(played.ask(), "nothing");
      EXPECT_TRUE(played.outcome(call).ok());
      EXPECT_EQ(played.session.state(), State::kReady);
    }
  }
}

TEST(TransactionSession, OffsetsAreAddedAndCommittedBeforeTheEnd) {
  Played played;
  played.initialize().begin();
  const OffsetsToCommit offsets{{kT0, {Offset{5}}}, {kT1, {Offset{6}}}};
  ASSERT_TRUE(played.session.send_offsets(OffsetsCallId{1}, offsets, kGroup).ok());
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "group g");
  played.answer();
  EXPECT_EQ(played.ask(), "offsets of 2");
  EXPECT_TRUE(played.session.take_offsets_outcomes().empty());
  played.answer();
  const auto told = played.session.take_offsets_outcomes();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().first, OffsetsCallId{1});
  EXPECT_TRUE(told.front().second.ok());
  EXPECT_EQ(played.ask(), "commit");
}

TEST(TransactionSession, InVersionTwoOffsetsBringTheirGroupAlong) {
  Played played(Protocol::kV2);
  played.initialize().begin();
  ASSERT_TRUE(played.session.send_offsets(OffsetsCallId{1}, {{kT0, {Offset{5}}}}, kGroup).ok());
  EXPECT_EQ(played.ask(), "offsets of 1");
  played.answer();
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "commit");
}

TEST(TransactionSession, OffsetsWantAGroupAndAMemberForItsGeneration) {
  Played played;
  played.initialize().begin();
  const OffsetsToCommit offsets{{kT0, {Offset{5}}}};
  EXPECT_EQ(played.session.send_offsets(OffsetsCallId{1}, offsets, {}).kind(), Kind::kInvalidCall);
  EXPECT_EQ(
      played.session.send_offsets(OffsetsCallId{1}, offsets, {.group_id = "g", .generation = 1})
          .kind(),
      Kind::kInvalidCall);
  EXPECT_TRUE(played.session.send_offsets(OffsetsCallId{1}, {}, kGroup).ok());
  EXPECT_EQ(played.ask(), "nothing") << "there are no offsets";
  EXPECT_EQ(played.session.take_offsets_outcomes().size(), 1U);
}

// ── Calls that do not end in time ──

TEST(TransactionSession, ACallGoesOnUntilItsOutcomeIsTaken) {
  Played played;
  played.initialize().begin().write().start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "commit");
  EXPECT_FALSE(played.is_over(TransactionCall::kCommit));
  EXPECT_EQ(played.session.start(TransactionCall::kAbort).kind(), Kind::kInvalidCall)
      << "it may be committed";
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "nothing") << "asked once";
  played.answer();

  const auto begun = played.session.begin();
  ASSERT_FALSE(begun.ok());
  EXPECT_THAT(begun.error().message, HasSubstr("commit_transaction() has not told"));
  EXPECT_EQ(played.session.start(TransactionCall::kAbort).kind(), Kind::kInvalidCall);
  played.start(TransactionCall::kCommit);
  EXPECT_TRUE(played.outcome(TransactionCall::kCommit).ok());
  EXPECT_EQ(played.session.start(TransactionCall::kCommit).kind(), Kind::kInvalidCall)
      << "a second commit has nothing to commit";
  played.begin();
}

TEST(TransactionSession, WhatFailedUnheardMayBeAborted) {
  Played played;
  played.initialize().begin().write().start(TransactionCall::kCommit);
  played.session.batch_failed(failure(KafkaError::kMessageTooLarge));
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "abort");
  played.answer();
  EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());
}

TEST(TransactionSession, AnAnswerThatMayPassIsAskedForAgain) {
  Played played;
  played.initialize().begin();
  (void)played.session.admits(kT0);
  EXPECT_EQ(played.ask(), "add t-0");
  played.refuse(KafkaError::kConcurrentTransactions);
  EXPECT_EQ(played.ask(), "add t-0");
  played.answer();
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "commit");
  played.refuse(KafkaError::kNotCoordinator);
  EXPECT_EQ(played.ask(), "commit");
  EXPECT_FALSE(played.is_over(TransactionCall::kCommit));
}

// ── After errors ──

TEST(TransactionSession, ALostBatchMakesTheCommitFailAndTheAbortSucceed) {
  for (const Protocol protocol : {Protocol::kClassic, Protocol::kV2}) {
    Played played(protocol);
    played.initialize().begin().write();
    played.session.batch_failed(failure(KafkaError::kMessageTooLarge));
    EXPECT_FALSE(played.session.admits(kT0));
    const auto committed = played.session.start(TransactionCall::kCommit);
    ASSERT_FALSE(committed.ok());
    EXPECT_EQ(committed.kind(), Kind::kAbortable);
    EXPECT_THAT(committed.error().message, HasSubstr("MESSAGE_TOO_LARGE"));

    played.start(TransactionCall::kAbort);
    EXPECT_EQ(played.ask(Batches::kUnderWay), "nothing") << "what is in flight comes first";
    EXPECT_EQ(played.ask(), "abort");
    played.answer(protocol == Protocol::kV2 ? kNext : ProducerIdentity{});
    EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());
    played.begin();
  }
}

TEST(TransactionSession, AHoleInTheSequencesWantsANewEpochAfterTheAbort) {
  Played played;
  played.initialize().begin().write();
  played.session.sequence_lost();
  played.session.batch_failed(failure(KafkaError::kOutOfOrderSequenceNumber));
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "abort");
  played.answer();
  EXPECT_FALSE(played.is_over(TransactionCall::kAbort));
  EXPECT_EQ(played.ask(), "new epoch");
  played.answer(kNext);
  EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());
  EXPECT_EQ(played.session.identity(), kNext);

  Played second(Protocol::kV2);
  second.initialize().begin().write();
  second.session.sequence_lost();
  second.session.batch_failed(failure(KafkaError::kOutOfOrderSequenceNumber));
  second.start(TransactionCall::kAbort);
  EXPECT_EQ(second.ask(), "abort");
  second.answer(kNext);
  EXPECT_TRUE(second.outcome(TransactionCall::kAbort).ok()) << "the end brought the epoch";
}

TEST(TransactionSession, AnIdThatTheCoordinatorLostIsAskedForWithoutAnEnd) {
  Played played;
  played.initialize().begin();
  (void)played.session.admits(kT0);
  played.ask();
  played.refuse(KafkaError::kInvalidProducerIdMapping);
  EXPECT_EQ(played.session.state(), State::kAbortableError);
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "new epoch");
  played.answer(kNext);
  EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());

  played.begin().write().start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "abort");
  played.refuse(KafkaError::kUnknownProducerId);
  EXPECT_EQ(played.session.state(), State::kAborting) << "the abort helps itself";
  EXPECT_EQ(played.ask(), "new epoch");
}

TEST(TransactionSession, WhatWasAskedForABrokenTransactionIsDroppedButWaitedFor) {
  Played played;
  played.initialize().begin();
  (void)played.session.admits(kT0);
  EXPECT_EQ(played.ask(), "add t-0");
  played.session.batch_failed(failure(KafkaError::kMessageTooLarge));
  EXPECT_FALSE(played.session.awaits_answer());
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "nothing");
  played.refuse(KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(played.ask(), "nothing") << "neither added nor to be ended";
  EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());

  played.begin();
  (void)played.session.admits(kT0);
  EXPECT_EQ(played.ask(), "add t-0");
  played.session.batch_failed(failure(KafkaError::kMessageTooLarge));
  played.start(TransactionCall::kAbort);
  played.answer();
  EXPECT_EQ(played.ask(), "abort") << "it was added after all";
}

TEST(TransactionSession, OffsetsThatTheGroupRefusesBreakTheTransactionAndSayWhy) {
  Played played;
  played.initialize().begin();
  ASSERT_TRUE(played.session.send_offsets(OffsetsCallId{1}, {{kT0, {Offset{5}}}}, kGroup).ok());
  ASSERT_TRUE(played.session.send_offsets(OffsetsCallId{2}, {{kT1, {Offset{5}}}}, kGroup).ok());
  played.ask();
  played.answer();
  EXPECT_EQ(played.ask(), "offsets of 1");
  played.refuse(KafkaError::kIllegalGeneration);

  const auto told = played.session.take_offsets_outcomes();
  ASSERT_EQ(told.size(), 2U);
  for (const auto& [id, status] : told) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.kind(), Kind::kAbortable);
    EXPECT_TRUE(wire::needs_rejoin(status.error()));
  }
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "abort");
}

TEST(TransactionSession, AnAbortThatFailsMayBeAskedForAgain) {
  Played played;
  played.initialize().begin().write().start(TransactionCall::kAbort);
  played.ask();
  played.refuse(KafkaError::kTransactionAbortable);
  EXPECT_EQ(played.outcome(TransactionCall::kAbort).kind(), Kind::kAbortable);
  played.start(TransactionCall::kAbort);
  EXPECT_EQ(played.ask(), "abort");
  played.answer();
  EXPECT_TRUE(played.outcome(TransactionCall::kAbort).ok());
}

TEST(TransactionSession, AnInitThatTheClusterRefusesMayBeAskedForAgain) {
  Played played;
  played.start(TransactionCall::kInit).ask();
  played.refuse(KafkaError::kTransactionalIdAuthorizationFailed);
  EXPECT_EQ(played.outcome(TransactionCall::kInit).kind(), Kind::kRetriable);
  played.initialize();
}

// ── The cluster's change of protocol ──

TEST(TransactionSession, AnotherProtocolBeginsWithTheNextTransactionAndANewEpoch) {
  Played played;
  played.initialize().begin().write();
  played.session.learn(Protocol::kV2);
  EXPECT_EQ(played.session.protocol(), Protocol::kClassic);
  played.start(TransactionCall::kCommit);
  EXPECT_EQ(played.ask(), "commit");
  played.answer();
  EXPECT_EQ(played.ask(), "new epoch");
  played.answer(kNext);
  EXPECT_TRUE(played.outcome(TransactionCall::kCommit).ok());
  EXPECT_EQ(played.session.protocol(), Protocol::kV2);
}

TEST(TransactionSession, WhatIsCommittedStaysSoWhenNoNewEpochIsGiven) {
  for (const KafkaError code : {KafkaError::kProducerFenced, KafkaError::kTransactionAbortable}) {
    Played played;
    played.initialize().begin().write();
    played.session.learn(Protocol::kV2);
    played.start(TransactionCall::kCommit).ask();
    played.answer();
    EXPECT_EQ(played.ask(), "new epoch");
    played.refuse(code);
    EXPECT_TRUE(played.outcome(TransactionCall::kCommit).ok());
    EXPECT_EQ(played.session.begin().kind(), Kind::kFatal);
  }
}

}  // namespace
}  // namespace millrace::client
