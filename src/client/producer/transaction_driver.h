// TransactionDriver: performs what a TransactionSession decides: requests to the coordinators of
// the transaction and of groups, and callers who wait.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/producer/record_accumulator.h"
#include "client/producer/transaction_session.h"

namespace millrace::client {

/// Invariants:
/// - Whatever is put into the session is followed by on_change(), in which the sender deals with
///   the batches and then has run() ask, tell and open or shut the accumulator.
/// - The accumulator takes records in TransactionState::kInTransaction only. It shuts before a
///   commit looks for batches that are under way, so none can slip in behind.
/// - Answers that are lost are asked for again until they come: EndTxn, and all else that is asked
///   here, may be said twice under one epoch.
/// thread  the loop's
class TransactionDriver {
 public:
  using Done = std::function<void(TransactionStatus)>;

  /// on_change  has to call run() in the end. Everything lent outlives this.
  TransactionDriver(const ProducerConfig& config, Cluster& cluster, RecordAccumulator& accumulator,
                    std::function<void()> on_change);
  /// Whoever waits is told that the producer was closed.
  ~TransactionDriver();

  /// `done` is called with how the call ended, or with kRetriable after `timeout`.
  void call(TransactionCall call, Millis timeout, Done done);
  TransactionStatus begin();
  void send_offsets(OffsetsToCommit offsets, ConsumerGroupMetadata group, Millis timeout,
                    Done done);
  /// Aborts what is open, if anything is, within `timeout`.
  void abort_for_close(Millis timeout, std::function<void()> done);

  void run();
  TransactionSession& session() { return session_; }

 private:
  struct Waiter {
    std::optional<TransactionCall> call;  // one of these two
    std::optional<OffsetsCallId> offsets;
    Done done;
    io::TimerId timer = 0;
  };

  void wait(Waiter waiter, Millis timeout);
  void tell(const std::function<std::optional<TransactionStatus>(const Waiter&)>& outcome_of);
  void tell_outcomes();
  void mind_the_gate();
  void perform(const AskProducerId& request);
  void perform(const AddPartitions& request);
  void perform(const AddOffsets& request);
  void perform(const CommitOffsets& request);
  void perform(const EndTransaction& request);
  template <class Request, class Response>
  void ask(CoordinatorKey coordinator, Request request, wire::VersionRange versions);
  void on_answer(TransactionAnswer answer);
  void learn_protocol();

  const ProducerConfig& config_;
  const CoordinatorKey coordinator_;
  Cluster& cluster_;
  RecordAccumulator& accumulator_;
  const std::function<void()> on_change_;
  TransactionSession session_;
  std::map<std::uint64_t, Waiter> waiters_;
  std::uint64_t next_waiter_ = 0;
  std::uint64_t next_offsets_call_ = 0;
  int concurrent_ = 0;                    // answers of CONCURRENT_TRANSACTIONS one after the other
  std::optional<TransactionState> gate_;  // for which state it was set
  Lifetime life_;
};

}  // namespace millrace::client
