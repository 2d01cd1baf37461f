#include "broker/transactions/transaction_coordinator.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/saturating.h"
#include "broker/coordination/append_error.h"
#include "broker/transactions/add_partitions.h"
#include "broker/transactions/describe_transactions.h"
#include "broker/transactions/end_transaction.h"
#include "broker/transactions/init_producer_id.h"

namespace millrace::broker {

namespace {

using Kind = TransactionTimer::Kind;

bool is_expired(const Transaction& transaction, const TransactionTurn& turn) {
  const TransactionMetadata& metadata = transaction.metadata;
  const bool is_idle = transaction.is_settled() && transaction.waiting.empty() &&
                       metadata.state != TransactionState::kOngoing;
  return is_idle && millis_between(metadata.last_update, turn.now.wall) >=
                        turn.state.config.id_expiration.count();
}

void forget_expired(TransactionTurn& turn) {
  for (const auto& [id, transaction] : turn.state.transactions) {
    if (is_expired(*transaction, turn)) turn.forget(*transaction);
  }
}

void arm_sweep(TransactionTurn& turn) {
  turn.state.timers.set(
      {Kind::kExpirationSweep, {}},
      deadline_after(turn.now.monotonic, turn.state.config.id_expiration_check_interval));
}

void send_markers_again(TransactionTurn& turn, const std::string& transactional_id) {
  Transaction* const transaction = turn.find(transactional_id);
  if (transaction != nullptr && transaction->is_stuck) send_markers(turn, *transaction);
}

void timer_due(TransactionTurn& turn, const TransactionTimer& timer) {
  switch (timer.kind) {
    case Kind::kTransactionTimeout:
      return transaction_time_over(turn, timer.transactional_id);
    case Kind::kMarkersAgain:
      return send_markers_again(turn, timer.transactional_id);
    case Kind::kExpirationSweep:
      forget_expired(turn);
      return arm_sweep(turn);
  }
}

/// A transaction as a start finds it.
void resume(TransactionTurn& turn, Transaction& transaction) {
  const TransactionMetadata& metadata = transaction.metadata;
  if (metadata.is_prepared()) {
    carry_out(turn, transaction);
  } else if (metadata.state == TransactionState::kOngoing) {
    const Millis open{std::max<std::int64_t>(0, millis_between(metadata.start, turn.now.wall))};
    turn.state.timers.set({Kind::kTransactionTimeout, transaction.id},
                          deadline_after(turn.now.monotonic, metadata.timeout - open));
  }
}

}  // namespace

TransactionCoordinator::TransactionCoordinator(const TransactionConfig& config,
                                               ProducerIds& producer_ids)
    : state_{.config = config,
             .producer_ids = producer_ids,
             .transactions = {},
             .timers = {},
             .appends = {},
             .last_append_id = 0,
             .additions = {}} {}

template <class Input>
TransactionEffects TransactionCoordinator::take_turn(Instant now, Input&& input) {
  TransactionEffects effects;
  TransactionTurn turn{state_, now, effects};
  while (const auto timer = state_.timers.take_due(now.monotonic)) timer_due(turn, *timer);
  input(turn);
  return effects;
}

Status TransactionCoordinator::replay(const wire::BatchHeader& batch, std::string_view key,
                                      std::optional<std::string_view> value) {
  if (batch.is_control()) return {};
  auto logged = read_transaction_record(key, value);
  if (!logged.ok()) return std::move(logged).error();
  if (!logged->metadata.has_value()) {
    state_.transactions.erase(logged->transactional_id);
    return {};
  }
  auto& transaction = state_.transactions[logged->transactional_id];
  if (transaction == nullptr) {
    transaction = std::make_unique<Transaction>();
    transaction->id = logged->transactional_id;
  }
  transaction->metadata = *std::move(logged->metadata);
  return {};
}

TransactionEffects TransactionCoordinator::finish_replay(Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) {
    for (const auto& [id, transaction] : state_.transactions) resume(turn, *transaction);
    arm_sweep(turn);
  });
}

TransactionEffects TransactionCoordinator::init_producer_id(
    RequestToken token, const wire::InitProducerIdRequest& request, Instant now) {
  return take_turn(now,
                   [&](TransactionTurn& turn) { broker::init_producer_id(turn, token, request); });
}

TransactionEffects TransactionCoordinator::add_partitions(
    RequestToken token, const wire::AddPartitionsToTxnRequest& request, std::int16_t api_version,
    Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) {
    broker::add_partitions(turn, token, request, api_version);
  });
}

TransactionEffects TransactionCoordinator::add_offsets(RequestToken token,
                                                       const wire::AddOffsetsToTxnRequest& request,
                                                       const TopicPartition& offsets,
                                                       std::int16_t api_version, Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) {
    broker::add_offsets(turn, token, request, offsets, api_version);
  });
}

TransactionEffects TransactionCoordinator::enlist(RequestToken token, const EnlistRequest& request,
                                                  Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) { broker::enlist(turn, token, request); });
}

TransactionEffects TransactionCoordinator::end(RequestToken token,
                                               const wire::EndTxnRequest& request,
                                               std::int16_t api_version, Instant now) {
  return take_turn(
      now, [&](TransactionTurn& turn) { end_transaction(turn, token, request, api_version); });
}

TransactionEffects TransactionCoordinator::describe(
    RequestToken token, const wire::DescribeTransactionsRequest& request, Instant now) {
  return take_turn(now,
                   [&](TransactionTurn& turn) { describe_transactions(turn, token, request); });
}

TransactionEffects TransactionCoordinator::list(RequestToken token,
                                                const wire::ListTransactionsRequest& request,
                                                const std::optional<TopicPattern>& ids,
                                                Instant now) {
  return take_turn(now,
                   [&](TransactionTurn& turn) { list_transactions(turn, token, request, ids); });
}

TransactionEffects TransactionCoordinator::appended(AppendId id, wire::KafkaError error,
                                                    Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) {
    auto found = state_.appends.extract(id);
    CHECK(!found.empty(), "append {} was acknowledged twice", id);
    PendingTransition& pending = found.mapped();
    Transaction* const transaction = turn.find(pending.transactional_id);
    const bool is_noted = pending.then == nullptr && pending.next.has_value();
    if (transaction == nullptr || is_noted) return;
    transaction->is_changing = false;
    if (error == wire::KafkaError::kNone) {
      if (!pending.next.has_value()) {
        auto waiting = std::move(transaction->waiting);
        state_.transactions.erase(pending.transactional_id);
        for (const WhenSettled& then : waiting) then(turn, nullptr);
        return;
      }
      transaction->metadata = *std::move(pending.next);
    }
    if (pending.then) {
      pending.then(turn, *transaction,
                   error_of_append(error, wire::KafkaError::kUnknownServerError));
    }
    turn.let_waiting_go(pending.transactional_id);
  });
}

TransactionEffects TransactionCoordinator::markers_written(const TransactionMarkers& markers,
                                                           std::set<TopicPartition> failed,
                                                           Instant now) {
  return take_turn(now, [&](TransactionTurn& turn) {
    broker::markers_written(turn, markers, std::move(failed));
  });
}

TransactionEffects TransactionCoordinator::tick(Instant now) {
  return take_turn(now, [](TransactionTurn&) {});
}

}  // namespace millrace::broker
