#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/testing/played_session.h"

namespace millrace::client {
namespace {

using testing::HasSubstr;
using wire::KafkaError;
using Batches = TransactionSession::Batches;
using Kind = TransactionErrorKind;
using Protocol = TransactionProtocol;
using State = TransactionState;

const TopicPartition kT1{"t", PartitionId{1}};
constexpr ProducerIdentity kNext{ProducerId{7}, ProducerEpoch{1}};
const ConsumerGroupMetadata kGroup{.group_id = "g", .generation = 3, .member_id = "m"};

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
