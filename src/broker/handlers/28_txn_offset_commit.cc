// TxnOffsetCommit, versions 0–6.
//   Unknown topics and partitions are answered here with UNKNOWN_TOPIC_OR_PARTITION; the rest goes
//   to the group, and is answered when it is in __consumer_offsets.
//   Where the transaction is not open in the group's partition of __consumer_offsets yet, its
//   coordinator is asked whether that partition takes part, so that no commit which comes late
//   opens a transaction that nobody ends.
// Version notes: up to v1 clients fall over COORDINATOR_LOAD_IN_PROGRESS, and hear
// COORDINATOR_NOT_AVAILABLE. v4 knows TRANSACTION_ABORTABLE, which was INVALID_TXN_STATE before.
// From v5 on the partition is added to the transaction, without AddOffsetsToTxn; before it must be
// in it. v6 names topics by id alone, an unknown one is UNKNOWN_TOPIC_ID.
// source  Kafka's CoordinatorPartitionWriter and AddPartitionsToTxnManager; KIP-890, KIP-1319

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/handlers/commit_split.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/transactions/transaction_service.h"
#include "broker/transactions/verification_words.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using Request = wire::TxnOffsetCommitRequest;
using Response = wire::TxnOffsetCommitResponse;

constexpr std::int16_t kByIdSince = 6;
// What a coordinator appends has no sequence.
constexpr std::int32_t kNoSequence = -1;

/// A request on its way from one coordinator to the other.
struct Commit {
  Request request;
  Responder<Response> reply;
  CommitSplit<Request, Response> split;
  TransactionalCommit where = {};

  void fail(KafkaError error) { reply.send(split.fail(error)); }
};

void ask_group(const std::shared_ptr<Commit>& commit, GroupService& groups) {
  groups.commit_transactional_offsets(
      std::move(commit->request), commit->where,
      with_changed_response<Response>(std::move(commit->reply), [commit](const Response& of_group) {
        return commit->split.merge(of_group);
      }));
}

void enlist(const std::shared_ptr<Commit>& commit, BrokerState& state, std::int16_t api_version) {
  const Request& request = commit->request;
  EnlistRequest asked{
      .transactional_id = request.transactional_id,
      .producer_id = ProducerId{request.producer_id},
      .producer_epoch = ProducerEpoch{request.producer_epoch},
      .partitions = {{std::string(kOffsetsTopic), commit->where.partition}},
      .what = api_version >= kTxnOffsetCommitAddsSince ? Enlisting::kAdd : Enlisting::kVerify};
  state.transactions->enlist(
      std::move(asked), Responder<EnlistResponse>([commit, api_version, groups = state.groups](
                                                      const Outcome<EnlistResponse>& outcome) {
        const auto* const answer = std::get_if<Answer<EnlistResponse>>(&outcome);
        if (answer == nullptr) return commit->reply.close_connection("the broker stops");
        const KafkaError error =
            in_words_of_txn_offset_commit(answer->response.errors.front(), api_version);
        if (error != KafkaError::kNone) return commit->fail(error);
        ask_group(commit, *groups);
      }));
}

}  // namespace

void handle_txn_offset_commit(wire::TxnOffsetCommitRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::TxnOffsetCommitResponse> reply) {
  const NamedBy by = context.api_version >= kByIdSince ? NamedBy::kId : NamedBy::kName;
  CommitSplit<Request, Response> split(request, *state.topics.table(), by);
  if (split.is_answered()) return reply.send(split.answer());
  const auto commit =
      std::make_shared<Commit>(Commit{std::move(request), std::move(reply), std::move(split)});
  if (commit->request.group_id.empty()) return commit->fail(KafkaError::kInvalidGroupId);

  const auto partition = state.groups->partition_of_group(commit->request.group_id);
  if (!partition.ok()) return commit->fail(KafkaError::kCoordinatorNotAvailable);
  commit->where.partition = *partition;
  const auto table = state.topics.table();
  Partition* const log = table->find_partition(kOffsetsTopic, partition->value());
  if (log == nullptr) return commit->fail(KafkaError::kCoordinatorNotAvailable);
  const auto guard = log->begin_verification(
      ProducerId{commit->request.producer_id}, ProducerEpoch{commit->request.producer_epoch},
      kNoSequence,
      context.api_version >= kTxnOffsetCommitAddsSince ? storage::EpochBump::kYes
                                                       : storage::EpochBump::kNo,
      context.wall);
  if (!guard.ok()) return commit->fail(KafkaError::kNotCoordinator);
  if (!guard->has_value()) return ask_group(commit, *state.groups);
  commit->where.guard = **guard;
  enlist(commit, state, context.api_version);
}

}  // namespace millrace::broker
