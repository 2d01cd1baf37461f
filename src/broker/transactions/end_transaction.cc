// How a transaction ends. The decision is in the log first (PrepareCommit, PrepareAbort); then each
// partition gets its marker, and only then is the transaction complete. What was decided is carried
// out after a restart too.
//   Kafka answers EndTxn when the decision is in the log, and the client that begins its next
//   transaction at once is sent away until the markers are written (CONCURRENT_TRANSACTIONS). Here
//   the answer waits for the markers, unless one cannot be written.
//   EndTxn v5 (KIP-890) raises the epoch, so that what the old transaction sent and was late is
//   refused; its repetition is known by the epoch before. It may also abort where nothing was
//   added.
// source  Kafka's TransactionCoordinator; KIP-98, KIP-890
#include "broker/transactions/end_transaction.h"

#include <utility>

#include "base/log.h"
#include "base/saturating.h"
#include "broker/transactions/older_words.h"

namespace millrace::broker {

namespace {

using wire::EndTxnRequest;
using wire::EndTxnResponse;
using wire::KafkaError;

constexpr std::int16_t kEndsWithEpochsSince = 5;

struct Ending {
  RequestToken token;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  TransactionResult result;
  std::int16_t client_version;
  std::int16_t api_version;

  bool raises_epoch() const { return client_version >= kEpochPerTransaction; }
};

void refuse(TransactionTurn& turn, const Ending& ending, KafkaError error) {
  constexpr std::int16_t kEndKnowsFencedSince = 2;
  EndTxnResponse response;
  response.error_code = code_of(in_older_words(error, ending.api_version, kEndKnowsFencedSince));
  turn.answer(ending.token, std::move(response));
}

/// The id and epoch under which the producer goes on.
void succeed(TransactionTurn& turn, const Ending& ending, const TransactionMetadata& metadata) {
  const bool moves_on = metadata.next_producer_id != kNoProducerId;
  EndTxnResponse response;
  response.producer_id = (moves_on ? metadata.next_producer_id : metadata.producer_id).value();
  response.producer_epoch = moves_on ? std::int16_t{0} : metadata.producer_epoch.value();
  turn.answer(ending.token, std::move(response));
}

/// Whether the producer asks again for what has been done, under the epoch that it had then.
bool is_repeated(const TransactionMetadata& metadata, const Ending& ending) {
  if (!metadata.gives_epoch_per_transaction()) return false;
  const bool has_moved_on = metadata.previous_producer_id == ending.producer_id &&
                            is_exhausted(ending.producer_epoch) &&
                            metadata.producer_epoch == ProducerEpoch{0};
  const bool has_next_epoch = metadata.producer_id == ending.producer_id &&
                              metadata.producer_epoch.value() == ending.producer_epoch.value() + 1;
  return has_moved_on || has_next_epoch;
}

KafkaError fault_of(const Transaction& transaction, const Ending& ending) {
  const TransactionMetadata& metadata = transaction.metadata;
  const bool repeats = is_repeated(metadata, ending);
  if (metadata.producer_id != ending.producer_id && !repeats)
    return KafkaError::kInvalidProducerIdMapping;
  const bool is_over = metadata.state == TransactionState::kCompleteCommit ||
                       metadata.state == TransactionState::kCompleteAbort;
  const bool may_repeat = is_over || metadata.is_prepared();
  if (metadata.producer_epoch != ending.producer_epoch && !(may_repeat && repeats))
    return KafkaError::kProducerFenced;
  if (!transaction.is_settled()) return KafkaError::kConcurrentTransactions;
  return KafkaError::kNone;
}

void complete(TransactionTurn& turn, Transaction& transaction) {
  TransactionMetadata next = transaction.metadata;
  next.state = next.state == TransactionState::kPrepareCommit ? TransactionState::kCompleteCommit
                                                              : TransactionState::kCompleteAbort;
  next.partitions.clear();
  next.last_update = turn.now.wall;
  if (next.next_producer_id != kNoProducerId) {
    next.previous_producer_id = std::exchange(next.producer_id, next.next_producer_id);
    next.next_producer_id = kNoProducerId;
    next.last_producer_epoch = std::exchange(next.producer_epoch, ProducerEpoch{0});
  }
  transaction.is_stuck = false;
  turn.note(transaction, std::move(next));
}

/// The decision, under the epoch that `next` has already. Its time-out runs until that is in the
/// log: where the log refuses, the transaction is open as before.
void prepare(TransactionTurn& turn, Transaction& transaction, TransactionMetadata next,
             TransactionResult result, WhenLogged then) {
  next.state = result == TransactionResult::kCommit ? TransactionState::kPrepareCommit
                                                    : TransactionState::kPrepareAbort;
  next.last_update = turn.now.wall;
  turn.change(
      transaction, std::move(next),
      [then = std::move(then)](TransactionTurn& later, Transaction& changed, KafkaError error) {
        then(later, changed, error);
        if (error != KafkaError::kNone) return;
        later.state.timers.cancel({TransactionTimer::Kind::kTransactionTimeout, changed.id});
        carry_out(later, changed);
      });
}

/// Gives the producer its next epoch; a new id too when there is none left.
/// errors  what making a producer id meets
KafkaError raise_epoch(TransactionTurn& turn, TransactionMetadata& next) {
  if (is_exhausted(next.producer_epoch)) {
    const auto fresh = turn.state.producer_ids.next();
    if (!fresh.ok()) return KafkaError::kCoordinatorNotAvailable;
    next.next_producer_id = *fresh;
  }
  next.last_producer_epoch = std::exchange(next.producer_epoch, epoch_after(next.producer_epoch));
  return KafkaError::kNone;
}

void end_open(TransactionTurn& turn, Transaction& transaction, const Ending& ending) {
  TransactionMetadata next = transaction.metadata;
  next.client_version = ending.client_version;
  if (ending.raises_epoch()) {
    if (const auto error = raise_epoch(turn, next); error != KafkaError::kNone)
      return refuse(turn, ending, error);
  }
  prepare(turn, transaction, std::move(next), ending.result,
          [ending](TransactionTurn& later, Transaction& changed, KafkaError error) {
            if (error != KafkaError::kNone) return refuse(later, ending, error);
            changed.waiting.push_front([ending](TransactionTurn& last, Transaction* ended) {
              if (ended != nullptr) succeed(last, ending, ended->metadata);
            });
          });
}

/// An abort where nothing was added: the producer cannot know, and wants a new epoch.
void end_nothing(TransactionTurn& turn, Transaction& transaction, const Ending& ending) {
  TransactionMetadata next = transaction.metadata;
  next.client_version = ending.client_version;
  next.start = turn.now.wall;
  next.last_update = turn.now.wall;
  next.state = TransactionState::kCompleteAbort;
  if (const auto error = raise_epoch(turn, next); error != KafkaError::kNone)
    return refuse(turn, ending, error);
  if (next.next_producer_id != kNoProducerId) {
    next.previous_producer_id = std::exchange(next.producer_id, next.next_producer_id);
    next.next_producer_id = kNoProducerId;
    next.producer_epoch = ProducerEpoch{0};
  }
  turn.change(transaction, std::move(next),
              [ending](TransactionTurn& later, const Transaction& changed, KafkaError error) {
                if (error != KafkaError::kNone) return refuse(later, ending, error);
                succeed(later, ending, changed.metadata);
              });
}

void end_settled(TransactionTurn& turn, Transaction& transaction, const Ending& ending) {
  const KafkaError fault = fault_of(transaction, ending);
  if (fault != KafkaError::kNone) return refuse(turn, ending, fault);
  const TransactionMetadata& metadata = transaction.metadata;
  if (metadata.state == TransactionState::kOngoing) return end_open(turn, transaction, ending);

  // Epochs tell a repeated request from a new one, where the client speaks of them.
  const bool repeats = !ending.raises_epoch() || is_repeated(metadata, ending);
  const TransactionState done = ending.result == TransactionResult::kCommit
                                    ? TransactionState::kCompleteCommit
                                    : TransactionState::kCompleteAbort;
  if (repeats && metadata.state == done) return succeed(turn, ending, metadata);
  const bool may_end_nothing = ending.raises_epoch() && !is_repeated(metadata, ending) &&
                               ending.result == TransactionResult::kAbort;
  if (may_end_nothing) return end_nothing(turn, transaction, ending);
  refuse(turn, ending, KafkaError::kInvalidTxnState);
}

}  // namespace

void end_transaction(TransactionTurn& turn, RequestToken token, const EndTxnRequest& request,
                     std::int16_t api_version) {
  const Ending ending{
      .token = token,
      .producer_id = ProducerId{request.producer_id},
      .producer_epoch = ProducerEpoch{request.producer_epoch},
      .result = request.committed ? TransactionResult::kCommit : TransactionResult::kAbort,
      .client_version =
          api_version >= kEndsWithEpochsSince ? kEpochPerTransaction : std::int16_t{0},
      .api_version = api_version};
  if (request.transactional_id.empty()) return refuse(turn, ending, KafkaError::kInvalidRequest);
  turn.when_settled(request.transactional_id,
                    [ending](TransactionTurn& later, Transaction* transaction) {
                      if (transaction == nullptr)
                        return refuse(later, ending, KafkaError::kInvalidProducerIdMapping);
                      end_settled(later, *transaction, ending);
                    });
}

void fence_and_abort(TransactionTurn& turn, Transaction& transaction) {
  // One epoch fences the producer; as in Kafka each transaction takes another where clients know of
  // that. A late EndTxn of the producer then does not look like a repeated one.
  const std::int16_t version = turn.state.config.version;
  TransactionMetadata next = transaction.metadata;
  next.client_version = version;
  next.producer_epoch = epoch_after(next.producer_epoch, version >= kEpochPerTransaction ? 2 : 1);
  next.last_producer_epoch = kNoProducerEpoch;
  prepare(turn, transaction, std::move(next), TransactionResult::kAbort,
          [](TransactionTurn& later, const Transaction& changed, KafkaError error) {
            if (error == KafkaError::kNone) return;
            LOG_WARN("a transaction could not be aborted",
                     {{"transactional_id", changed.id}, {"error", kafka_error_name(error)}});
            // Nobody goes on with it, and it must not be open for ever.
            later.state.timers.set(
                {TransactionTimer::Kind::kTransactionTimeout, changed.id},
                deadline_after(later.now.monotonic, later.state.config.retry_delay));
          });
}

void transaction_time_over(TransactionTurn& turn, const std::string& transactional_id) {
  // First of all that waits: another might begin the next transaction, which has its time before
  // it.
  turn.when_settled_first(transactional_id, [](TransactionTurn& later, Transaction* transaction) {
    if (transaction == nullptr || transaction->metadata.state != TransactionState::kOngoing) return;
    const TransactionMetadata& metadata = transaction->metadata;
    const std::int64_t open_ms = millis_between(metadata.start, later.now.wall);
    LOG_INFO("a transaction took too long and is aborted",
             {{"transactional_id", transaction->id},
              {"open_ms", open_ms},
              {"timeout_ms", metadata.timeout.count()}});
    fence_and_abort(later, *transaction);
  });
}

void carry_out(TransactionTurn& turn, Transaction& transaction) {
  transaction.unmarked = transaction.metadata.partitions;
  if (transaction.unmarked.empty())
    complete(turn, transaction);
  else
    send_markers(turn, transaction);
}

void send_markers(TransactionTurn& turn, Transaction& transaction) {
  const TransactionMetadata& metadata = transaction.metadata;
  turn.effects.markers.push_back(
      {.transactional_id = transaction.id,
       .producer_id = metadata.producer_id,
       .producer_epoch = metadata.producer_epoch,
       .result = metadata.state == TransactionState::kPrepareCommit ? TransactionResult::kCommit
                                                                    : TransactionResult::kAbort,
       .transaction_version = metadata.client_version,
       .partitions = {transaction.unmarked.begin(), transaction.unmarked.end()}});
}

void markers_written(TransactionTurn& turn, const TransactionMarkers& markers,
                     std::set<TopicPartition> failed) {
  Transaction* const transaction = turn.find(markers.transactional_id);
  CHECK(transaction != nullptr && transaction->metadata.is_prepared(),
        "markers of {}, which ends no transaction", markers.transactional_id);
  transaction->unmarked = std::move(failed);
  if (transaction->unmarked.empty()) {
    complete(turn, *transaction);
  } else {
    transaction->is_stuck = true;
    turn.state.timers.set({TransactionTimer::Kind::kMarkersAgain, markers.transactional_id},
                          deadline_after(turn.now.monotonic, turn.state.config.retry_delay));
  }
  turn.let_waiting_go(markers.transactional_id);
}

}  // namespace millrace::broker
