// InitProducerId for a transactional id: every call raises the epoch, which fences the producers
// that had the id before. One that says which id and epoch it has (v3, KIP-360) is fenced itself if
// another came in between; its own repeated call is answered as the first. When the epochs of a
// producer id run out, the next id follows.
//   A transaction that is open is aborted, under an epoch that nobody gets. Kafka lets the client
//   ask again until that is done (CONCURRENT_TRANSACTIONS); here the request waits for it.
// source  Kafka's TransactionCoordinator and TransactionMetadata; KIP-98, KIP-360
#include "broker/transactions/init_producer_id.h"

#include <optional>
#include <utility>

#include "broker/transactions/end_transaction.h"

namespace millrace::broker {

namespace {

using wire::InitProducerIdRequest;
using wire::InitProducerIdResponse;
using wire::KafkaError;

void refuse(TransactionTurn& turn, RequestToken token, KafkaError error) {
  InitProducerIdResponse response;
  response.error_code = code_of(error);
  response.producer_epoch = kNoProducerEpoch.value();
  turn.answer(token, std::move(response));
}

KafkaError fault_of(const InitProducerIdRequest& request, const TransactionConfig& config) {
  const bool has_id = request.producer_id >= 0;
  const bool has_epoch = request.producer_epoch >= 0;
  if (has_id != has_epoch || request.transactional_id->empty()) return KafkaError::kInvalidRequest;
  const Millis timeout{request.transaction_timeout_ms};
  if (timeout <= Millis{0} || timeout > config.timeout_max)
    return KafkaError::kInvalidTransactionTimeout;
  return KafkaError::kNone;
}

/// What the producer says it has; nothing from one that begins.
struct Expected {
  ProducerId id;
  ProducerEpoch epoch;
};

std::optional<Expected> expected_of(const InitProducerIdRequest& request) {
  if (request.producer_id < 0) return std::nullopt;
  return Expected{ProducerId{request.producer_id}, ProducerEpoch{request.producer_epoch}};
}

/// Another id may be the one before, from which the producer was moved by a call of its own that
/// was never answered.
bool may_have(const TransactionMetadata& metadata, const Expected& expected) {
  return metadata.producer_epoch == kNoProducerEpoch || expected.id == metadata.producer_id ||
         (expected.id == metadata.previous_producer_id && is_exhausted(expected.epoch));
}

/// Moves `next` to the id and epoch that the producer gets.
/// errors  PRODUCER_FENCED; what making a producer id meets
KafkaError take_next_epoch(TransactionMetadata& next, const std::optional<Expected>& expected,
                           ProducerIds& producer_ids) {
  const ProducerEpoch current = next.producer_epoch;
  const bool is_current = !expected || current == kNoProducerEpoch || expected->epoch == current;
  const bool is_repeated = expected && !is_current && expected->epoch == next.last_producer_epoch;
  if (is_repeated) return KafkaError::kNone;
  if (!is_current) return KafkaError::kProducerFenced;
  next.previous_producer_id = next.producer_id;
  next.last_producer_epoch = expected ? current : kNoProducerEpoch;
  if (!is_exhausted(current)) {
    next.producer_epoch = epoch_after(current);
    return KafkaError::kNone;
  }
  const auto fresh = producer_ids.next();
  if (!fresh.ok()) return KafkaError::kCoordinatorNotAvailable;
  next.producer_id = *fresh;
  next.producer_epoch = ProducerEpoch{0};
  return KafkaError::kNone;
}

void begin_anew(TransactionTurn& turn, Transaction& transaction, RequestToken token,
                const InitProducerIdRequest& request) {
  const auto expected = expected_of(request);
  TransactionMetadata next = transaction.metadata;
  if (const auto error = take_next_epoch(next, expected, turn.state.producer_ids);
      error != KafkaError::kNone)
    return refuse(turn, token, error);
  next.next_producer_id = kNoProducerId;
  next.timeout = Millis{request.transaction_timeout_ms};
  next.state = TransactionState::kEmpty;
  next.partitions.clear();
  next.start = kNoTimestamp;
  next.last_update = turn.now.wall;
  next.client_version = 0;
  turn.change(transaction, std::move(next),
              [token](TransactionTurn& later, const Transaction& changed, KafkaError error) {
                if (error != KafkaError::kNone) return refuse(later, token, error);
                InitProducerIdResponse response;
                response.producer_id = changed.metadata.producer_id.value();
                response.producer_epoch = changed.metadata.producer_epoch.value();
                later.answer(token, std::move(response));
              });
}

void init_settled(TransactionTurn& turn, Transaction& transaction, RequestToken token,
                  const InitProducerIdRequest& request) {
  const auto expected = expected_of(request);
  if (expected && !may_have(transaction.metadata, *expected))
    return refuse(turn, token, KafkaError::kProducerFenced);
  if (!transaction.is_settled()) return refuse(turn, token, KafkaError::kConcurrentTransactions);
  if (transaction.metadata.state != TransactionState::kOngoing)
    return begin_anew(turn, transaction, token, request);
  // Before all that waits already: nobody may begin a transaction in between.
  transaction.waiting.push_front([token, request](TransactionTurn& later, Transaction* ended) {
    if (ended == nullptr || ended->metadata.state == TransactionState::kOngoing)
      return refuse(later, token, KafkaError::kConcurrentTransactions);
    init_settled(later, *ended, token, request);
  });
  fence_and_abort(turn, transaction);
}

}  // namespace

void init_producer_id(TransactionTurn& turn, RequestToken token,
                      const InitProducerIdRequest& request) {
  if (const auto error = fault_of(request, turn.state.config); error != KafkaError::kNone)
    return refuse(turn, token, error);
  const std::string& id = *request.transactional_id;
  if (turn.find(id) == nullptr) {
    const auto fresh = turn.state.producer_ids.next();
    if (!fresh.ok()) return refuse(turn, token, KafkaError::kCoordinatorNotAvailable);
    auto made = std::make_unique<Transaction>();
    made->id = id;
    made->metadata.producer_id = *fresh;
    made->metadata.last_update = turn.now.wall;
    turn.state.transactions.emplace(id, std::move(made));
  }
  turn.when_settled(id, [token, request](TransactionTurn& later, Transaction* transaction) {
    // Forgotten between the request and its turn: the next try begins anew.
    if (transaction == nullptr) return refuse(later, token, KafkaError::kConcurrentTransactions);
    init_settled(later, *transaction, token, request);
  });
}

}  // namespace millrace::broker
