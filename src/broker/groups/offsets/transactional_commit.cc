// TxnOffsetCommit, versions 0–6.
//   The records go to the log as a batch of the producer, and count when the commit marker of its
//   transaction is in the same partition of the log; with an abort marker they never do.
//   Who names a member or a generation must be that member, in that generation. Old clients name
//   none, and are let in whatever the group does: the transaction fences them.
//   Such a commit keeps no session alive, and may come in the middle of a rebalance.
//   An offset that came in later, and counts already, is not overwritten when the transaction
//   commits.
// Version notes: v3 brought member and generation.
// source  Kafka, OffsetMetadataManager and ClassicGroup; KIP-98, KIP-447

#include "broker/groups/offsets/transactional_commit.h"

#include <utility>

#include "base/probe.h"
#include "broker/coordination/append_error.h"
#include "broker/groups/consumer/consumer_commit.h"
#include "broker/groups/offsets/commit_plan.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

KafkaError check(const Group* group, const wire::TxnOffsetCommitRequest& request) {
  if (request.group_id.empty() || request.group_id.size() > kNameBytesMax) {
    return KafkaError::kInvalidGroupId;
  }
  const std::int32_t generation = request.generation_id_or_member_epoch;
  if (group == nullptr) return generation < 0 ? KafkaError::kNone : KafkaError::kIllegalGeneration;
  if (generation < 0 && group->is_in(GroupState::kEmpty)) return KafkaError::kNone;
  if (generation < 0 && request.member_id.empty() && !request.group_instance_id) {
    return KafkaError::kNone;
  }
  const KafkaError error = group->check_member(request.member_id, request.group_instance_id);
  if (error != KafkaError::kNone) return error;
  if (generation != group->generation()) {
    PROBE("broker: a transactional commit of another generation was refused");
    return KafkaError::kIllegalGeneration;
  }
  return KafkaError::kNone;
}

OffsetKey key_of(const std::string& group_id, const OffsetChange& change) {
  return {group_id, change.topic, change.partition};
}

}  // namespace

void commit_transactional_offsets(Turn& turn, RequestToken token,
                                  wire::TxnOffsetCommitRequest request,
                                  const TransactionalCommit& where) {
  const ConsumerGroup* const consumer_group = turn.find_consumer_group(request.group_id);
  const KafkaError error =
      consumer_group != nullptr
          ? check_transactional_commit(*consumer_group, *turn.state.topics, request)
          : check(turn.find_group(request.group_id), request);
  auto plan = plan_commit<TransactionalOffsetsCommitted>(turn, request);
  plan.token = token;
  if (error != KafkaError::kNone || plan.changes.empty()) {
    if (error != KafkaError::kNone) fail_all(plan.response, error);
    turn.answer(token, std::move(plan.response));
    return;
  }
  const TransactionalProducer producer{.id = ProducerId{request.producer_id},
                                       .epoch = ProducerEpoch{request.producer_epoch},
                                       .guard = where.guard};
  plan.part = {where.partition, producer.id};
  auto records = records_of(request.group_id, plan.changes);
  turn.append(request.group_id, std::move(records), std::move(plan), producer);
}

void transactional_offsets_committed(Turn& turn, const std::string& group_id,
                                     TransactionalOffsetsCommitted committed, KafkaError error) {
  if (error != KafkaError::kNone) {
    fail_all(committed.response, error_of_append(error, KafkaError::kInvalidCommitOffsetSize));
  } else {
    turn.ensure_group(group_id);
    for (OffsetChange& change : committed.changes) {
      turn.state.open_transactions.add(committed.part, key_of(group_id, change),
                                       *std::move(change.value));
    }
  }
  turn.answer(committed.token, std::move(committed.response));
}

void end_transaction(Turn& turn, RequestToken token, const LogMarker& marker) {
  turn.append(marker, TransactionEnded{.token = token,
                                       .part = {marker.partition, marker.marker.producer_id},
                                       .result = marker.marker.end.result});
}

void transaction_ended(Turn& turn, const TransactionEnded& ended, KafkaError error) {
  if (error == KafkaError::kNone) end_transaction(turn.state, ended.part, ended.result);
  turn.answer(ended.token, MarkerWritten{error});
}

void end_transaction(CoordinatorState& state, const TransactionPart& part,
                     wire::TransactionResult result) {
  if (result == wire::TransactionResult::kAbort) return state.open_transactions.abort(part);
  for (auto& [key, offset] : state.open_transactions.commit(part)) {
    state.offsets.apply(key.group, {key.topic, key.partition, std::move(offset)});
  }
}

void apply_offset(CoordinatorState& state, const std::string& group_id,
                  const OffsetChange& change) {
  state.offsets.apply(group_id, change);
  if (change.value) {
    state.open_transactions.outdate(key_of(group_id, change));
  } else {
    state.open_transactions.forget(key_of(group_id, change));
  }
}

std::set<OffsetKey> pending_offsets_of(const CoordinatorState& state, std::string_view group_id) {
  std::set<OffsetKey> keys;
  for (OffsetKey& key : state.open_transactions.keys_of_group(group_id)) {
    keys.insert(std::move(key));
  }
  for (const auto& [id, append] : state.appends) {
    const auto* const committed = std::get_if<TransactionalOffsetsCommitted>(&append.outcome);
    if (committed == nullptr || append.group_id != group_id) continue;
    for (const OffsetChange& change : committed->changes) {
      keys.insert(key_of(append.group_id, change));
    }
  }
  return keys;
}

}  // namespace millrace::broker
