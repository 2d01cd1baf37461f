// Which partitions are in a transaction. The first one opens it: its time-out begins.
//   Classic clients add what they are about to write (AddPartitionsToTxn up to v3,
//   AddOffsetsToTxn); for those of KIP-890's version 2 the broker does so when it is written to.
//   Where neither was done, a write is refused (TRANSACTION_ABORTABLE), so that no late one opens a
//   transaction which nobody will end. A partition that is in the transaction already costs no
//   append. No partition at all opens nothing.
// source  Kafka's TransactionCoordinator; KIP-98, KIP-890
#include "broker/transactions/add_partitions.h"

#include <algorithm>
#include <utility>

#include "base/saturating.h"
#include "broker/transactions/older_words.h"

namespace millrace::broker {

namespace {

using wire::AddPartitionsToTxnRequest;
using wire::AddPartitionsToTxnResponse;
using wire::KafkaError;

/// Who adds what, and by which protocol.
struct Addition {
  std::string transactional_id;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::set<TopicPartition> partitions;
  Enlisting what = Enlisting::kAdd;
  std::int16_t client_version = 0;
};

/// Called with the error of the transaction; kNone when all is added, or when the partitions were
/// only looked for, in which case the transaction says which it has.
using WhenAdded = std::function<void(TransactionTurn&, const Transaction*, KafkaError)>;

KafkaError fault_of(const Transaction* transaction, const Addition& addition) {
  if (transaction == nullptr) return KafkaError::kInvalidProducerIdMapping;
  const TransactionMetadata& metadata = transaction->metadata;
  if (metadata.producer_id != addition.producer_id) return KafkaError::kInvalidProducerIdMapping;
  if (metadata.producer_epoch != addition.producer_epoch) return KafkaError::kProducerFenced;
  if (!transaction->is_settled()) return KafkaError::kConcurrentTransactions;
  return KafkaError::kNone;
}

void add_settled(TransactionTurn& turn, Transaction* transaction, const Addition& addition,
                 const WhenAdded& then) {
  const KafkaError fault = fault_of(transaction, addition);
  if (fault != KafkaError::kNone) return then(turn, nullptr, fault);
  const TransactionMetadata& metadata = transaction->metadata;
  const bool is_open = metadata.state == TransactionState::kOngoing;
  const bool has_all =
      is_open && std::includes(metadata.partitions.begin(), metadata.partitions.end(),
                               addition.partitions.begin(), addition.partitions.end());
  if (has_all || addition.partitions.empty() || addition.what == Enlisting::kVerify)
    return then(turn, transaction, KafkaError::kNone);

  TransactionMetadata next = metadata;
  next.state = TransactionState::kOngoing;
  next.partitions.insert(addition.partitions.begin(), addition.partitions.end());
  if (!is_open) next.start = turn.now.wall;
  next.last_update = turn.now.wall;
  next.client_version = addition.client_version;
  turn.change(
      *transaction, std::move(next),
      [is_open, then](TransactionTurn& later, const Transaction& changed, KafkaError error) {
        if (error == KafkaError::kNone && !is_open) {
          later.state.timers.set({TransactionTimer::Kind::kTransactionTimeout, changed.id},
                                 deadline_after(later.now.monotonic, changed.metadata.timeout));
        }
        then(later, &changed, error);
      });
}

void add(TransactionTurn& turn, Addition addition, WhenAdded then) {
  if (addition.transactional_id.empty()) return then(turn, nullptr, KafkaError::kInvalidRequest);
  const std::string id = addition.transactional_id;
  turn.when_settled(id, [addition = std::move(addition), then = std::move(then)](
                            TransactionTurn& later, Transaction* transaction) {
    add_settled(later, transaction, addition, then);
  });
}

/// What one partition hears.
KafkaError error_of(const Transaction* transaction, const TopicPartition& partition,
                    KafkaError error) {
  if (error != KafkaError::kNone || transaction == nullptr) return error;
  const auto& metadata = transaction->metadata;
  const bool is_in =
      metadata.state == TransactionState::kOngoing && metadata.partitions.contains(partition);
  return is_in ? KafkaError::kNone : KafkaError::kTransactionAbortable;
}

constexpr std::int16_t kFirstBatchedVersion = 4;
constexpr std::int16_t kKnowsFencedSince = 2;

using Topics = std::vector<AddPartitionsToTxnRequest::AddPartitionsToTxnTopic>;
using TopicResults = std::vector<AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult>;

std::set<TopicPartition> partitions_of(const Topics& topics) {
  std::set<TopicPartition> partitions;
  for (const auto& topic : topics) {
    for (const std::int32_t partition : topic.partitions)
      partitions.insert({topic.name, PartitionId{partition}});
  }
  return partitions;
}

template <class ErrorOf>
TopicResults results_of(const Topics& topics, const ErrorOf& error_of_partition) {
  TopicResults results;
  for (const auto& topic : topics) {
    auto& answer = results.emplace_back();
    answer.name = topic.name;
    for (const std::int32_t partition : topic.partitions) {
      const KafkaError error =
          error_of_partition(TopicPartition{topic.name, PartitionId{partition}});
      answer.results_by_partition.push_back({partition, code_of(error)});
    }
  }
  return results;
}

void add_own(TransactionTurn& turn, RequestToken token, const AddPartitionsToTxnRequest& request,
             std::int16_t api_version) {
  Addition addition{.transactional_id = request.v3_and_below_transactional_id,
                    .producer_id = ProducerId{request.v3_and_below_producer_id},
                    .producer_epoch = ProducerEpoch{request.v3_and_below_producer_epoch},
                    .partitions = partitions_of(request.v3_and_below_topics)};
  add(turn, std::move(addition),
      [token, topics = request.v3_and_below_topics, api_version](
          TransactionTurn& later, const Transaction*, KafkaError error) {
        AddPartitionsToTxnResponse response;
        response.results_by_topic_v3_and_below = results_of(topics, [&](const TopicPartition&) {
          return in_older_words(error, api_version, kKnowsFencedSince);
        });
        later.answer(token, std::move(response));
      });
}

void add_one_of_many(TransactionTurn& turn, RequestToken token, std::size_t place,
                     const AddPartitionsToTxnRequest::AddPartitionsToTxnTransaction& asked) {
  Addition addition{.transactional_id = asked.transactional_id,
                    .producer_id = ProducerId{asked.producer_id},
                    .producer_epoch = ProducerEpoch{asked.producer_epoch},
                    .partitions = partitions_of(asked.topics),
                    .what = asked.verify_only ? Enlisting::kVerify : Enlisting::kAdd,
                    .client_version = asked.verify_only ? std::int16_t{0} : kEpochPerTransaction};
  add(turn, std::move(addition),
      [token, place, topics = asked.topics](TransactionTurn& later, const Transaction* transaction,
                                            KafkaError error) {
        PendingAddition& pending = later.state.additions.at(token);
        pending.response.results_by_transaction[place].topic_results =
            results_of(topics, [&](const TopicPartition& partition) {
              return error_of(transaction, partition, error);
            });
        if (--pending.outstanding > 0) return;
        auto done = later.state.additions.extract(token);
        later.answer(token, std::move(done.mapped().response));
      });
}

void add_many(TransactionTurn& turn, RequestToken token, const AddPartitionsToTxnRequest& request) {
  if (request.transactions.empty()) return turn.answer(token, AddPartitionsToTxnResponse{});
  PendingAddition& pending = turn.state.additions[token];
  pending.outstanding = request.transactions.size();
  for (const auto& asked : request.transactions)
    pending.response.results_by_transaction.push_back({asked.transactional_id, {}});
  for (std::size_t i = 0; i < request.transactions.size(); ++i)
    add_one_of_many(turn, token, i, request.transactions[i]);
}

}  // namespace

void add_partitions(TransactionTurn& turn, RequestToken token,
                    const AddPartitionsToTxnRequest& request, std::int16_t api_version) {
  if (api_version < kFirstBatchedVersion)
    add_own(turn, token, request, api_version);
  else
    add_many(turn, token, request);
}

void add_offsets(TransactionTurn& turn, RequestToken token,
                 const wire::AddOffsetsToTxnRequest& request, const TopicPartition& offsets,
                 std::int16_t api_version) {
  Addition addition{.transactional_id = request.transactional_id,
                    .producer_id = ProducerId{request.producer_id},
                    .producer_epoch = ProducerEpoch{request.producer_epoch},
                    .partitions = {offsets}};
  add(turn, std::move(addition),
      [token, api_version](TransactionTurn& later, const Transaction*, KafkaError error) {
        wire::AddOffsetsToTxnResponse response;
        response.error_code = code_of(in_older_words(error, api_version, kKnowsFencedSince));
        later.answer(token, std::move(response));
      });
}

void enlist(TransactionTurn& turn, RequestToken token, const EnlistRequest& request) {
  Addition addition{
      .transactional_id = request.transactional_id,
      .producer_id = request.producer_id,
      .producer_epoch = request.producer_epoch,
      .partitions = {request.partitions.begin(), request.partitions.end()},
      .what = request.what,
      .client_version = request.what == Enlisting::kAdd ? kEpochPerTransaction : std::int16_t{0}};
  add(turn, std::move(addition),
      [token, partitions = request.partitions](TransactionTurn& later,
                                               const Transaction* transaction, KafkaError error) {
        EnlistResponse response;
        for (const TopicPartition& partition : partitions)
          response.errors.push_back(error_of(transaction, partition, error));
        later.answer(token, std::move(response));
      });
}

}  // namespace millrace::broker
