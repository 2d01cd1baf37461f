// TransactionSession: the life of a transactional producer, as a state machine without a socket,
// a clock or a thread. The states are those of Kafka's TransactionManager.
//
//   uninitialized ─init─▶ initializing ─▶ ready ─begin─▶ in transaction ─commit─▶ committing ─▶
//   ready
//                                           ▲                │ abort    error │       │ error
//                                           └─── aborting ◀──┴── abort ── abortable error
//   from anywhere ─▶ fatal error
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong_id.h"
#include "client/group_metadata.h"
#include "client/offsets.h"
#include "client/producer/producer_batch.h"
#include "client/producer/transaction_errors.h"
#include "client/transaction_status.h"
#include "model/topic_partition.h"

namespace millrace::client {

enum class TransactionState : std::uint8_t {
  kUninitialized,
  kInitializing,
  kReady,
  kInTransaction,
  kCommitting,
  kAborting,
  kAbortableError,
  kFatalError,
};

/// How partitions get into a transaction, and what keeps a late write out of the next one.
enum class TransactionProtocol : std::uint8_t {
  kClassic,  // AddPartitionsToTxn and AddOffsetsToTxn say so beforehand; one epoch serves many
  kV2,       // KIP-890: the first write says so itself; each end gives a new epoch
};

/// The calls that take more than one step, and may go on after their caller ran out of patience.
enum class TransactionCall : std::uint8_t { kInit, kCommit, kAbort };

enum class TransactionEnd : std::uint8_t { kCommit, kAbort };

// What is asked of a coordinator next; all of them as session.identity().

/// With an identity: a new epoch for who holds it (KIP-360). Without: the producer's first.
struct AskProducerId {
  ProducerIdentity current;
};
struct AddPartitions {
  PartitionList partitions;
};
struct AddOffsets {
  std::string group_id;
};
struct CommitOffsets {
  OffsetsToCommit offsets;
  ConsumerGroupMetadata group;
};
struct EndTransaction {
  TransactionEnd end;
};
using TransactionRequest =
    std::variant<AskProducerId, AddPartitions, AddOffsets, CommitOffsets, EndTransaction>;

/// What became of one. The identity is that which InitProducerId gave, or EndTxn if it gave one.
struct TransactionAnswer {
  Status status = {};
  ProducerIdentity identity = {};
};

/// Names one call that sends offsets.
using OffsetsCallId = StrongId<struct OffsetsCallIdTag, std::uint64_t>;

/// Invariants:
/// - At most one request is under way; it is over before the transaction is ended.
/// - A batch may be sent only in a transaction that its partition belongs to (kClassic), or enters
///   with it (kV2). A transaction ends only when no batch of it is under way.
/// - A transaction that lost a batch or an offset cannot be committed.
/// - After an abort nothing is numbered under the epoch of a batch that was given up: with kV2 the
///   end brings a new epoch, otherwise one is asked for.
/// - A call whose outcome nobody took stands in the way of every other, until it is called again,
///   except that an abort may follow what failed.
class TransactionSession {
 public:
  // ── Calls of the application ──

  /// Begins the call, or goes on with it when it is under way or nobody took its outcome.
  TransactionStatus start(TransactionCall call);
  /// How `call` ended, once; nothing while it is under way.
  std::optional<TransactionStatus> take_outcome(TransactionCall call);
  TransactionStatus begin();
  TransactionStatus send_offsets(OffsetsCallId id, OffsetsToCommit offsets,
                                 ConsumerGroupMetadata group);
  using OffsetsOutcomes = std::vector<std::pair<OffsetsCallId, TransactionStatus>>;
  OffsetsOutcomes take_offsets_outcomes() { return std::exchange(offsets_outcomes_, {}); }

  // ── Batches ──

  /// Whether a batch of `partition` may be sent now; if not yet, the partition is asked for.
  bool admits(const TopicPartition& partition);
  void batch_sent() { is_started_ |= protocol_ == TransactionProtocol::kV2; }
  void batch_failed(const Error& error);
  /// Sequences of a partition have a hole, which no batch may follow under this epoch.
  void sequence_lost() { needs_new_epoch_ |= protocol_ == TransactionProtocol::kClassic; }
  /// What was not sent never will be: it only keeps the transaction from being aborted.
  bool must_drop_batches() const {
    return state_ == TransactionState::kAborting || state_ == TransactionState::kAbortableError;
  }

  // ── Coordinators ──

  enum class Batches : std::uint8_t { kUnderWay, kNone };
  /// What to ask now; answered() must follow. Ends a transaction that nothing is to be asked for.
  std::optional<TransactionRequest> next_request(Batches batches);
  /// Of what next_request() gave last. An error that is retriable is asked again, if it still
  /// matters.
  void answered(const TransactionAnswer& answer);
  /// Whether the answer still matters: a broken transaction wants nothing but its end.
  bool awaits_answer() const;
  /// What the cluster speaks by now; holds from the next transaction on.
  void learn(TransactionProtocol protocol) { known_protocol_ = protocol; }

  TransactionState state() const { return state_; }
  const ProducerIdentity& identity() const { return identity_; }
  TransactionProtocol protocol() const { return protocol_; }
  /// Whether the first partition of the transaction is still being added: whoever answers
  /// CONCURRENT_TRANSACTIONS then is about to finish the last transaction.
  bool is_adding_first() const { return partitions_.empty() && !is_started_; }
  /// What broke the transaction or the producer. Only in the two states of error.
  const Error& cause() const;

 private:
  struct Pending {
    TransactionCall call;
    std::optional<TransactionStatus> outcome;
  };
  struct OffsetsCall {
    OffsetsCallId id;
    CommitOffsets what;
    bool is_group_added;
  };

  TransactionStatus refusal(std::string_view call) const;
  std::optional<TransactionStatus> pending_refusal() const;
  std::optional<TransactionRequest> next_of_open_transaction(Batches batches);
  std::optional<TransactionRequest> next_of_abort(Batches batches);
  void take(const AskProducerId& request, const TransactionAnswer& answer);
  void take(const AddPartitions& request, const TransactionAnswer& answer);
  void take(const AddOffsets& request, const TransactionAnswer& answer);
  void take(const CommitOffsets& request, const TransactionAnswer& answer);
  void take(const EndTransaction& request, const TransactionAnswer& answer);
  void fail(TransactionErrorKind kind, const Error& error);
  void break_transaction(const Error& error);
  void finish();
  void tell(const TransactionStatus& outcome);
  void tell_offsets(const TransactionStatus& outcome);

  TransactionState state_ = TransactionState::kUninitialized;
  ProducerIdentity identity_;
  TransactionProtocol protocol_ = TransactionProtocol::kClassic;
  TransactionProtocol known_protocol_ = TransactionProtocol::kClassic;
  std::optional<Pending> pending_;
  std::optional<TransactionRequest> under_way_;
  std::optional<Error> cause_;
  // Of the transaction:
  std::set<TopicPartition> partitions_;      // that belong to it; kClassic
  std::set<TopicPartition> new_partitions_;  // that shall
  std::deque<OffsetsCall> offsets_;          // that are not committed yet
  OffsetsOutcomes offsets_outcomes_;
  bool is_started_ = false;       // the coordinator may know of it
  bool is_ended_ = false;         // the coordinator has ended it, or cannot
  bool needs_new_epoch_ = false;  // before the next one may begin
};

}  // namespace millrace::client
