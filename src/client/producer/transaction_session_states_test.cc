// Every input of a TransactionSession in every one of its states.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "client/testing/played_session.h"

namespace millrace::client {
namespace {

using wire::KafkaError;
using Kind = TransactionErrorKind;
using State = TransactionState;

const ConsumerGroupMetadata kGroup{.group_id = "g", .generation = 3, .member_id = "m"};

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

struct Row {
  std::string_view what;
  std::function<TransactionStatus(TransactionSession&)> input;
  struct Expected {
    State state;
    std::optional<Kind> error;  // none: the input is accepted
  };
  std::vector<Expected> of;  // by the state that it comes in
};

TEST(TransactionSessionStates, TakesEveryInputInEveryState) {
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

}  // namespace
}  // namespace millrace::client
