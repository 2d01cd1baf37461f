// TransactionCoordinator: transactions as one state machine without a clock, a socket or a file.
// Inputs are requests, acknowledged appends, written markers and the passing of time; what it wants
// done comes back as TransactionEffects. The rules lie in the files beside this one.
#pragma once

#include <optional>
#include <set>
#include <string_view>

#include "broker/transactions/transaction_effects.h"
#include "broker/transactions/transaction_turn.h"
#include "model/topic_pattern.h"
#include "wire/batch_header.h"

namespace millrace::broker {

/// Every input first lets the time-outs happen that are due at its `now`.
///
/// Invariants
///   A request is answered exactly once: at once, or by a later effect.
///   An id has at most one change on its way to the log; what comes meanwhile waits for it. A
///   change counts when its append is acknowledged. How a transaction ends is in the log before any
///   partition hears of it, and its partitions are in the log before anything is written to them:
///   after a restart every marker that is missing is written, and no transaction that was begun is
///   forgotten. Epochs of a producer id only rise, and an epoch is given to one producer.
/// thread  one at a time
class TransactionCoordinator {
 public:
  using Response = TransactionResponse;
  using Effects = TransactionEffects;

  /// producer_ids must outlive this.
  TransactionCoordinator(const TransactionConfig& config, ProducerIds& producer_ids);

  // ---- at start, before the first request ----

  /// Takes over one record of the log, in the log's order.
  /// errors  kTruncated, kCorrupt, kUnsupported: the record is not ours to read; nothing changed
  Status replay(const wire::BatchHeader& batch, std::string_view key,
                std::optional<std::string_view> value);
  /// The log is at its end: what was decided is carried out, and time-outs count from now on.
  TransactionEffects finish_replay(Instant now);

  // ---- requests; `token` must be new ----

  /// request  has a transactional id
  TransactionEffects init_producer_id(RequestToken token,
                                      const wire::InitProducerIdRequest& request, Instant now);
  TransactionEffects add_partitions(RequestToken token,
                                    const wire::AddPartitionsToTxnRequest& request,
                                    std::int16_t api_version, Instant now);
  /// offsets  the partition of `__consumer_offsets` that keeps the group's
  TransactionEffects add_offsets(RequestToken token, const wire::AddOffsetsToTxnRequest& request,
                                 const TopicPartition& offsets, std::int16_t api_version,
                                 Instant now);
  TransactionEffects enlist(RequestToken token, const EnlistRequest& request, Instant now);
  TransactionEffects end(RequestToken token, const wire::EndTxnRequest& request,
                         std::int16_t api_version, Instant now);
  TransactionEffects describe(RequestToken token, const wire::DescribeTransactionsRequest& request,
                              Instant now);
  /// ids  the request's pattern of ids; nothing when it has none
  TransactionEffects list(RequestToken token, const wire::ListTransactionsRequest& request,
                          const std::optional<TopicPattern>& ids, Instant now);

  // ---- what else happens ----

  /// The append is as safe as it will be, or failed with `error`.
  TransactionEffects appended(AppendId id, wire::KafkaError error, Instant now);
  /// The markers of an effect are written and as safe as they will be, but for those of `failed`.
  TransactionEffects markers_written(const TransactionMarkers& markers,
                                     std::set<TopicPartition> failed, Instant now);
  /// The feature transaction.version has another level.
  void set_version(std::int16_t version) { state_.config.version = version; }
  /// Nothing but the time has passed.
  TransactionEffects tick(Instant now);
  /// When tick() is wanted next.
  std::optional<MonotonicTime> next_deadline() const { return state_.timers.next_deadline(); }

  /// For tests and for those who ask what is in memory.
  const TransactionsState& state() const { return state_; }

 private:
  template <class Input>
  TransactionEffects take_turn(Instant now, Input&& input);

  TransactionsState state_;
};

}  // namespace millrace::broker
