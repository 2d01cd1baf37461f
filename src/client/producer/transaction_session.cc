#include "client/producer/transaction_session.h"

#include <fmt/format.h>

#include "base/check.h"

namespace millrace::client {
namespace {

using enum TransactionErrorKind;

std::string_view name_of(TransactionCall call) {
  switch (call) {
    case TransactionCall::kInit:
      return "init_transactions()";
    case TransactionCall::kCommit:
      return "commit_transaction()";
    case TransactionCall::kAbort:
      break;
  }
  return "abort_transaction()";
}

TransactionStatus invalid(std::string message) {
  return {kInvalidCall, Error{ErrorCode::kInvalidArgument, std::move(message)}};
}

TransactionStep step_of(const TransactionRequest& request) {
  constexpr TransactionStep kSteps[] = {
      TransactionStep::kInitProducerId, TransactionStep::kAddPartitions,
      TransactionStep::kAddOffsets, TransactionStep::kCommitOffsets, TransactionStep::kEnd};
  static_assert(std::size(kSteps) == std::variant_size_v<TransactionRequest>);
  return kSteps[request.index()];
}

}  // namespace

// ── Calls of the application ──

// Why `call` is not for this state.
TransactionStatus TransactionSession::refusal(std::string_view call) const {
  const auto because = [call](std::string_view reason) {
    return invalid(fmt::format("{}: {}", call, reason));
  };
  switch (state_) {
    case TransactionState::kFatalError:
      return {kFatal, *cause_};
    case TransactionState::kAbortableError:
      return {kAbortable, *cause_};
    case TransactionState::kUninitialized:
      return because("call init_transactions() first");
    case TransactionState::kInitializing:
      return because("init_transactions() is under way");
    case TransactionState::kReady:
      return because("no transaction is open: call begin_transaction() first");
    case TransactionState::kInTransaction:
      return because("a transaction is open");
    case TransactionState::kCommitting:
      return because("the transaction is being committed");
    case TransactionState::kAborting:
      break;
  }
  return because("the transaction is being aborted");
}

std::optional<TransactionStatus> TransactionSession::pending_refusal() const {
  if (!pending_ || state_ == TransactionState::kFatalError) return std::nullopt;
  if (state_ == TransactionState::kAbortableError) return std::nullopt;
  return invalid(
      fmt::format("{} has not told how it ended: call it again", name_of(pending_->call)));
}

TransactionStatus TransactionSession::start(TransactionCall call) {
  if (pending_ && pending_->call == call) return {};
  if (auto refused = pending_refusal()) return *std::move(refused);
  const TransactionState from = state_;
  switch (call) {
    case TransactionCall::kInit:
      if (from == TransactionState::kReady) {
        return invalid("init_transactions(): this producer is initialized already");
      }
      if (from != TransactionState::kUninitialized) return refusal(name_of(call));
      state_ = TransactionState::kInitializing;
      break;
    case TransactionCall::kCommit:
      if (from != TransactionState::kInTransaction) return refusal(name_of(call));
      state_ = TransactionState::kCommitting;
      break;
    case TransactionCall::kAbort:
      if (from != TransactionState::kInTransaction && from != TransactionState::kAbortableError) {
        return refusal(name_of(call));
      }
      state_ = TransactionState::kAborting;
      new_partitions_.clear();
      tell_offsets({kAbortable, Error{ErrorCode::kCancelled, "the transaction was aborted"}});
      break;
  }
  pending_ = Pending{call, std::nullopt};
  return {};
}

std::optional<TransactionStatus> TransactionSession::take_outcome(TransactionCall call) {
  if (!pending_ || pending_->call != call || !pending_->outcome) return std::nullopt;
  return std::exchange(pending_, std::nullopt)->outcome;
}

TransactionStatus TransactionSession::begin() {
  if (auto refused = pending_refusal()) return *std::move(refused);
  if (state_ != TransactionState::kReady) return refusal("begin_transaction()");
  state_ = TransactionState::kInTransaction;
  return {};
}

TransactionStatus TransactionSession::send_offsets(OffsetsCallId id, OffsetsToCommit offsets,
                                                   ConsumerGroupMetadata group) {
  if (auto refused = pending_refusal()) return *std::move(refused);
  constexpr std::string_view kCall = "send_offsets_to_transaction()";
  if (state_ != TransactionState::kInTransaction) return refusal(kCall);
  if (group.group_id.empty()) return invalid(fmt::format("{} wants a group", kCall));
  if (group.generation > 0 && group.member_id.empty()) {
    return invalid(fmt::format("{}: generation {} of group {} has no member", kCall,
                               group.generation, group.group_id));
  }
  if (offsets.empty()) {
    offsets_outcomes_.emplace_back(id, TransactionStatus{});
    return {};
  }
  offsets_.push_back({id, CommitOffsets{std::move(offsets), std::move(group)},
                      protocol_ == TransactionProtocol::kV2});
  return {};
}

const Error& TransactionSession::cause() const {
  CHECK(cause_.has_value(), "a transaction without an error was asked for its cause");
  return *cause_;
}

// ── Batches ──

bool TransactionSession::admits(const TopicPartition& partition) {
  if (state_ != TransactionState::kInTransaction && state_ != TransactionState::kCommitting) {
    return false;
  }
  if (protocol_ == TransactionProtocol::kV2 || partitions_.contains(partition)) return true;
  new_partitions_.insert(partition);
  return false;
}

void TransactionSession::batch_failed(const Error& error) {
  if (state_ == TransactionState::kFatalError) return;
  const auto kind = transaction_error_kind(TransactionStep::kProduce, error);
  // What the end of a broken transaction drops is no news.
  if (kind == kAbortable && must_drop_batches()) return;
  fail(kind, error);
}

// ── Coordinators ──

std::optional<TransactionRequest> TransactionSession::next_request(Batches batches) {
  if (under_way_) return std::nullopt;
  switch (state_) {
    case TransactionState::kInitializing:
      under_way_ = AskProducerId{};
      break;
    case TransactionState::kInTransaction:
    case TransactionState::kCommitting:
      under_way_ = next_of_open_transaction(batches);
      break;
    case TransactionState::kAborting:
      under_way_ = next_of_abort(batches);
      break;
    case TransactionState::kUninitialized:
    case TransactionState::kReady:
    case TransactionState::kAbortableError:
    case TransactionState::kFatalError:
      break;
  }
  if (under_way_ && std::holds_alternative<CommitOffsets>(*under_way_)) is_started_ = true;
  return under_way_;
}

std::optional<TransactionRequest> TransactionSession::next_of_open_transaction(Batches batches) {
  if (is_ended_) return AskProducerId{identity_};
  if (!new_partitions_.empty()) {
    return AddPartitions{PartitionList(new_partitions_.begin(), new_partitions_.end())};
  }
  if (!offsets_.empty()) {
    const OffsetsCall& first = offsets_.front();
    if (!first.is_group_added) return AddOffsets{first.what.group.group_id};
    return first.what;
  }
  if (state_ == TransactionState::kInTransaction || batches == Batches::kUnderWay) {
    return std::nullopt;
  }
  if (is_started_) return EndTransaction{TransactionEnd::kCommit};
  finish();
  return std::nullopt;
}

std::optional<TransactionRequest> TransactionSession::next_of_abort(Batches batches) {
  if (batches == Batches::kUnderWay) return std::nullopt;
  if (is_started_ && !is_ended_) return EndTransaction{TransactionEnd::kAbort};
  if (needs_new_epoch_) return AskProducerId{identity_};
  finish();
  return std::nullopt;
}

bool TransactionSession::awaits_answer() const {
  if (!under_way_ || state_ == TransactionState::kFatalError) return false;
  const TransactionStep step = step_of(*under_way_);
  return !must_drop_batches() || step == TransactionStep::kEnd ||
         step == TransactionStep::kInitProducerId;
}

void TransactionSession::answered(const TransactionAnswer& answer) {
  CHECK(under_way_.has_value(), "an answer to a transactional request that nobody sent");
  const bool is_waited_for = awaits_answer();
  const TransactionRequest request = *std::exchange(under_way_, std::nullopt);
  if (state_ == TransactionState::kFatalError) return;
  if (!answer.status.ok()) {
    const Error& error = answer.status.error();
    const auto kind = transaction_error_kind(step_of(request), error);
    if (kind == kFatal || is_waited_for) fail(kind, error);
    return;
  }
  std::visit([&](const auto& each) { take(each, answer); }, request);
}

void TransactionSession::take(const AskProducerId& /*request*/, const TransactionAnswer& answer) {
  identity_ = answer.identity;
  finish();
}

void TransactionSession::take(const AddPartitions& request, const TransactionAnswer& /*answer*/) {
  is_started_ = true;
  for (const TopicPartition& partition : request.partitions) {
    partitions_.insert(partition);
    new_partitions_.erase(partition);
  }
}

void TransactionSession::take(const AddOffsets& /*request*/, const TransactionAnswer& /*answer*/) {
  is_started_ = true;
  if (!offsets_.empty()) offsets_.front().is_group_added = true;
}

void TransactionSession::take(const CommitOffsets& /*request*/,
                              const TransactionAnswer& /*answer*/) {
  if (offsets_.empty()) return;  // the transaction broke meanwhile
  offsets_outcomes_.emplace_back(offsets_.front().id, TransactionStatus{});
  offsets_.pop_front();
}

void TransactionSession::take(const EndTransaction& /*request*/, const TransactionAnswer& answer) {
  is_ended_ = true;
  if (answer.identity.id != kNoProducerId) {
    identity_ = answer.identity;
    needs_new_epoch_ = false;
  }
  // Under one epoch all transactions are of one protocol.
  needs_new_epoch_ |= known_protocol_ != protocol_;
  if (!needs_new_epoch_) finish();
}

// ── Errors and ends ──

void TransactionSession::fail(TransactionErrorKind kind, const Error& error) {
  if (kind == kRetriable) return;  // asked again
  // What was committed stays so, also when the producer gets no new epoch for the next one.
  const bool is_committed = state_ == TransactionState::kCommitting && is_ended_;
  if (kind == kAbortable && !is_committed) return break_transaction(error);
  if (is_committed) tell({});
  state_ = TransactionState::kFatalError;
  cause_ = error;
  new_partitions_.clear();
  tell({kFatal, error});
  tell_offsets({kFatal, error});
}

void TransactionSession::break_transaction(const Error& error) {
  if (has_lost_producer_id(error)) {
    is_ended_ = true;
    needs_new_epoch_ = true;
    if (state_ == TransactionState::kAborting) return;
  }
  switch (state_) {
    case TransactionState::kInitializing:
      state_ = TransactionState::kUninitialized;
      tell({kRetriable, error});
      return;
    case TransactionState::kInTransaction:
    case TransactionState::kCommitting:
    case TransactionState::kAborting:
      state_ = TransactionState::kAbortableError;
      cause_ = error;
      new_partitions_.clear();
      tell({kAbortable, error});
      tell_offsets({kAbortable, error});
      return;
    case TransactionState::kUninitialized:
    case TransactionState::kReady:
    case TransactionState::kAbortableError:
    case TransactionState::kFatalError:
      return;
  }
}

void TransactionSession::finish() {
  state_ = TransactionState::kReady;
  protocol_ = known_protocol_;
  cause_.reset();
  partitions_.clear();
  new_partitions_.clear();
  is_started_ = false;
  is_ended_ = false;
  needs_new_epoch_ = false;
  tell({});
}

void TransactionSession::tell(const TransactionStatus& outcome) {
  if (pending_ && !pending_->outcome) pending_->outcome = outcome;
}

void TransactionSession::tell_offsets(const TransactionStatus& outcome) {
  for (const OffsetsCall& each : std::exchange(offsets_, {})) {
    offsets_outcomes_.emplace_back(each.id, outcome);
  }
}

}  // namespace millrace::client
