// Played: a TransactionSession, and its driver's and coordinator's side played by hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "client/producer/transaction_session.h"
#include "wire/error_codes.h"

namespace millrace::client {

inline const TopicPartition kT0{"t", PartitionId{0}};
inline constexpr ProducerIdentity kFirst{ProducerId{7},
                                         ProducerEpoch{0}};  // what initialize() gives

inline Error failure(wire::KafkaError code) {
  return wire::make_error(code);
}

/// "nothing", "add t-0 t-1", "commit": what a session asks for.
inline std::string text_of(const std::optional<TransactionRequest>& request) {
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

/// Drives a session as the driver does, and keeps what was asked.
class Played {
 public:
  explicit Played(TransactionProtocol protocol = TransactionProtocol::kClassic) {
    session.learn(protocol);
  }

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
    if (session.protocol() == TransactionProtocol::kClassic) {
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
  std::string ask(TransactionSession::Batches batches = TransactionSession::Batches::kNone) {
    return text_of(session.next_request(batches));
  }
  void answer(ProducerIdentity identity = {}) { session.answered({.identity = identity}); }
  void refuse(wire::KafkaError code) { session.answered({.status = failure(code)}); }
  TransactionStatus outcome(TransactionCall call) {
    auto told = session.take_outcome(call);
    EXPECT_TRUE(told.has_value()) << "no outcome";
    return std::move(told).value_or(TransactionStatus{});
  }
  bool is_over(TransactionCall call) { return session.take_outcome(call).has_value(); }

  TransactionSession session;
};

}  // namespace millrace::client
