#include "client/producer/transaction_driver.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::client {
namespace {

using wire::KafkaError;
using wire::VersionRange;

constexpr Millis kLongestTimer{INT32_MAX};  // longer is never
/// From which level of the feature transaction.version on the cluster speaks kV2.
constexpr std::int16_t kLevelOfV2 = 2;

// The versions in which a client, and not a broker, may speak each protocol.
constexpr VersionRange kFirstProducerId{0, 5};
constexpr VersionRange kNextProducerId{3, 5};  // carries the identity that is to be replaced
constexpr VersionRange kAddPartitions{0, 3};
constexpr VersionRange kClassicOffsets{0, 4};
constexpr VersionRange kOffsetsOfV2{5, 5};  // by name; v6 knows topics by id alone
constexpr VersionRange kClassicEnd{0, 4};
constexpr VersionRange kEndOfV2{5, 5};

// The previous transaction is being finished, which takes a few milliseconds and no more.
Backoff concurrent_backoff(const Backoff& general) {
  return {std::min(Millis{20}, general.base), general.max};
}

// Of several, the one that decides: what never passes before what may, and what was not even tried
// for the sake of another last.
KafkaError deciding(KafkaError so_far, std::int16_t error_code) {
  const auto rank = [](KafkaError code) {
    if (code == KafkaError::kNone) return 0;
    if (code == KafkaError::kOperationNotAttempted) return 1;
    return wire::is_retriable(code) ? 2 : 3;
  };
  const auto code = static_cast<KafkaError>(error_code);
  return rank(code) > rank(so_far) ? code : so_far;
}

template <class Response>
KafkaError error_of(const Response& answer) {
  return static_cast<KafkaError>(answer.error_code);
}
KafkaError error_of(const wire::AddPartitionsToTxnResponse& answer) {
  KafkaError found = KafkaError::kNone;
  for (const auto& topic : answer.results_by_topic_v3_and_below) {
    for (const auto& part : topic.results_by_partition) {
      found = deciding(found, part.partition_error_code);
    }
  }
  return found;
}
KafkaError error_of(const wire::TxnOffsetCommitResponse& answer) {
  KafkaError found = KafkaError::kNone;
  for (const auto& topic : answer.topics) {
    for (const auto& part : topic.partitions) found = deciding(found, part.error_code);
  }
  return found;
}

template <class Response>
ProducerIdentity identity_in(const Response& answer) {
  if constexpr (requires { answer.producer_id; }) {
    return {ProducerId{answer.producer_id}, ProducerEpoch{answer.producer_epoch}};
  } else {
    return {};
  }
}

std::string_view name_of(TransactionState state) {
  switch (state) {
    case TransactionState::kCommitting:
      return "the transaction is being committed";
    case TransactionState::kAborting:
      return "the transaction is being aborted";
    case TransactionState::kUninitialized:
    case TransactionState::kInitializing:
      return "call init_transactions() and begin_transaction() first";
    default:
      return "no transaction is open: call begin_transaction() first";
  }
}

}  // namespace

TransactionDriver::TransactionDriver(const ProducerConfig& config, Cluster& cluster,
                                     RecordAccumulator& accumulator,
                                     std::function<void()> on_change)
    : config_(config),
      coordinator_(CoordinatorKey::transaction(*config.transactional_id)),
      cluster_(cluster),
      accumulator_(accumulator),
      on_change_(std::move(on_change)) {
  mind_the_gate();
}

TransactionDriver::~TransactionDriver() {
  life_.end();
  tell([](const Waiter&) {
    return TransactionStatus(TransactionErrorKind::kFatal,
                             Error{ErrorCode::kClosed, "the producer was closed"});
  });
}

// ── Callers ──

void TransactionDriver::call(TransactionCall call, Millis timeout, Done done) {
  if (auto status = session_.start(call); !status.ok()) return done(std::move(status));
  wait({.call = call, .offsets = {}, .done = std::move(done)}, timeout);
  mind_the_gate();  // before the sender looks what is to be sent: nothing lingers any more
  on_change_();
}

TransactionStatus TransactionDriver::begin() {
  auto status = session_.begin();
  mind_the_gate();
  return status;
}

void TransactionDriver::send_offsets(OffsetsToCommit offsets, ConsumerGroupMetadata group,
                                     Millis timeout, Done done) {
  const OffsetsCallId id{next_offsets_call_++};
  auto status = session_.send_offsets(id, std::move(offsets), std::move(group));
  if (!status.ok()) return done(std::move(status));
  wait({.call = {}, .offsets = id, .done = std::move(done)}, timeout);
  on_change_();
}

void TransactionDriver::abort_for_close(Millis timeout, std::function<void()> done) {
  const auto end = [&](TransactionCall what) {
    call(what, timeout, [done](const TransactionStatus&) { done(); });
  };
  switch (session_.state()) {
    case TransactionState::kCommitting:
      return end(TransactionCall::kCommit);
    case TransactionState::kInTransaction:
    case TransactionState::kAbortableError:
    case TransactionState::kAborting:
      return end(TransactionCall::kAbort);
    default:
      return done();
  }
}

void TransactionDriver::wait(Waiter waiter, Millis timeout) {
  const std::uint64_t id = next_waiter_++;
  if (timeout < kLongestTimer) {
    waiter.timer = cluster_.loop().call_after(timeout, life_.guard([this, id, timeout] {
      const auto entry = waiters_.find(id);
      const Done done = std::move(entry->second.done);
      waiters_.erase(entry);
      done({TransactionErrorKind::kRetriable,
            Error{ErrorCode::kTimeout,
                  fmt::format("not over within {} ms; it goes on", timeout.count())}});
    }));
  }
  waiters_.emplace(id, std::move(waiter));
}

void TransactionDriver::tell(
    const std::function<std::optional<TransactionStatus>(const Waiter&)>& outcome_of) {
  for (auto entry = waiters_.begin(); entry != waiters_.end();) {
    const auto outcome = outcome_of(entry->second);
    if (!outcome) {
      ++entry;
      continue;
    }
    const Waiter waiter = std::move(entry->second);
    entry = waiters_.erase(entry);
    cluster_.loop().cancel(waiter.timer);
    waiter.done(*outcome);
  }
}

void TransactionDriver::tell_outcomes() {
  // Taken only for somebody: an outcome that nobody hears is kept for the next who calls.
  std::map<TransactionCall, TransactionStatus> calls;
  for (const auto& [id, waiter] : waiters_) {
    if (!waiter.call) continue;
    if (auto outcome = session_.take_outcome(*waiter.call)) {
      calls.emplace(*waiter.call, *std::move(outcome));
    }
  }
  const auto offsets = session_.take_offsets_outcomes();
  if (calls.empty() && offsets.empty()) return;
  tell([&](const Waiter& waiter) -> std::optional<TransactionStatus> {
    if (waiter.call) {
      const auto found = calls.find(*waiter.call);
      if (found == calls.end()) return std::nullopt;
      return found->second;
    }
    const auto found = std::find_if(offsets.begin(), offsets.end(),
                                    [&](const auto& each) { return each.first == waiter.offsets; });
    if (found == offsets.end()) return std::nullopt;
    return found->second;
  });
}

void TransactionDriver::mind_the_gate() {
  const TransactionState state = session_.state();
  if (gate_ == state) return;
  gate_ = state;
  switch (state) {
    case TransactionState::kInTransaction:
      return accumulator_.open();
    case TransactionState::kAbortableError:
      return accumulator_.shut(
          Error{session_.cause()}.with_context("the transaction has to be aborted"));
    case TransactionState::kFatalError:
      return accumulator_.close(session_.cause());
    default:
      return accumulator_.shut(
          Error{ErrorCode::kInvalidArgument, fmt::format("send(): {}", name_of(state))});
  }
}

// ── Coordinators ──

void TransactionDriver::run() {
  mind_the_gate();
  using Batches = TransactionSession::Batches;
  const auto request =
      session_.next_request(accumulator_.has_unfinished() ? Batches::kUnderWay : Batches::kNone);
  if (request) std::visit([this](const auto& each) { perform(each); }, *request);
  mind_the_gate();  // a transaction without anything in it has ended just now
  tell_outcomes();
}

template <class Request, class Response>
void TransactionDriver::ask(CoordinatorKey coordinator, Request request, VersionRange versions) {
  const std::string what =
      fmt::format("{} of {}", wire::api_key_name(Request::kApiKey), coordinator.to_string());
  // What may pass by itself is tried again by the cluster as long as it matters; the rest is for
  // the session.
  const auto passing_error = [this, watch = life_.watch()](const Response& answer) {
    const KafkaError code = error_of(answer);
    const bool is_retried =
        code != KafkaError::kConcurrentTransactions && !watch.is_over() && session_.awaits_answer();
    return is_retried ? code : KafkaError::kNone;
  };
  cluster_.call_until<Request, Response>(
      Target::coordinator(std::move(coordinator)), std::move(request), MonotonicTime::max(),
      passing_error, life_.guard([this, what](Result<Response> answer) {
        if (!answer.ok()) {
          return on_answer({.status = std::move(answer).error().with_context(what)});
        }
        const KafkaError code = error_of(*answer);
        if (code == KafkaError::kNone) {
          concurrent_ = 0;
          return on_answer({.status = {}, .identity = identity_in(*answer)});
        }
        TransactionAnswer failure{.status = wire::make_error(code, what)};
        if (code != KafkaError::kConcurrentTransactions) return on_answer(std::move(failure));
        const Millis delay = next_delay(concurrent_backoff(config_.connection.retry_backoff),
                                        concurrent_++, cluster_.random());
        cluster_.loop().call_after(delay, life_.guard([this, failure] { on_answer(failure); }));
      }),
      versions);
}

void TransactionDriver::on_answer(TransactionAnswer answer) {
  learn_protocol();
  session_.answered(answer);
  on_change_();
}

void TransactionDriver::learn_protocol() {
  const auto level = cluster_.finalized_level("transaction.version");
  if (!level) return;
  session_.learn(*level >= kLevelOfV2 ? TransactionProtocol::kV2 : TransactionProtocol::kClassic);
}

void TransactionDriver::perform(const AskProducerId& request) {
  wire::InitProducerIdRequest message;
  message.transactional_id = config_.transactional_id;
  message.transaction_timeout_ms = static_cast<std::int32_t>(config_.transaction_timeout.count());
  message.producer_id = request.current.id.value();
  message.producer_epoch = request.current.epoch.value();
  const bool is_first = request.current.id == kNoProducerId;
  ask<wire::InitProducerIdRequest, wire::InitProducerIdResponse>(
      coordinator_, std::move(message), is_first ? kFirstProducerId : kNextProducerId);
}

void TransactionDriver::perform(const AddPartitions& request) {
  wire::AddPartitionsToTxnRequest message;
  message.v3_and_below_transactional_id = *config_.transactional_id;
  message.v3_and_below_producer_id = session_.identity().id.value();
  message.v3_and_below_producer_epoch = session_.identity().epoch.value();
  auto& topics = message.v3_and_below_topics;
  for (const TopicPartition& each : request.partitions) {
    if (topics.empty() || topics.back().name != each.topic) topics.push_back({each.topic, {}});
    topics.back().partitions.push_back(each.partition.value());
  }
  ask<wire::AddPartitionsToTxnRequest, wire::AddPartitionsToTxnResponse>(
      coordinator_, std::move(message), kAddPartitions);
}

void TransactionDriver::perform(const AddOffsets& request) {
  wire::AddOffsetsToTxnRequest message;
  message.transactional_id = *config_.transactional_id;
  message.producer_id = session_.identity().id.value();
  message.producer_epoch = session_.identity().epoch.value();
  message.group_id = request.group_id;
  ask<wire::AddOffsetsToTxnRequest, wire::AddOffsetsToTxnResponse>(
      coordinator_, std::move(message), wire::AddOffsetsToTxnRequest::kVersions);
}

void TransactionDriver::perform(const CommitOffsets& request) {
  wire::TxnOffsetCommitRequest message;
  message.transactional_id = *config_.transactional_id;
  message.group_id = request.group.group_id;
  message.producer_id = session_.identity().id.value();
  message.producer_epoch = session_.identity().epoch.value();
  message.generation_id_or_member_epoch = request.group.generation;
  message.member_id = request.group.member_id;
  message.group_instance_id = request.group.group_instance_id;
  for (const auto& [partition, commit] : request.offsets) {
    if (message.topics.empty() || message.topics.back().name != partition.topic) {
      message.topics.push_back({.name = partition.topic, .topic_id = {}, .partitions = {}});
    }
    message.topics.back().partitions.push_back({
        .partition_index = partition.partition.value(),
        .committed_offset = commit.offset.value(),
        .committed_leader_epoch = commit.leader_epoch.value(),
        .committed_metadata = commit.metadata,
    });
  }
  const bool is_classic = session_.protocol() == TransactionProtocol::kClassic;
  ask<wire::TxnOffsetCommitRequest, wire::TxnOffsetCommitResponse>(
      CoordinatorKey::group(request.group.group_id), std::move(message),
      is_classic ? kClassicOffsets : kOffsetsOfV2);
}

void TransactionDriver::perform(const EndTransaction& request) {
  wire::EndTxnRequest message;
  message.transactional_id = *config_.transactional_id;
  message.producer_id = session_.identity().id.value();
  message.producer_epoch = session_.identity().epoch.value();
  message.committed = request.end == TransactionEnd::kCommit;
  const bool is_classic = session_.protocol() == TransactionProtocol::kClassic;
  ask<wire::EndTxnRequest, wire::EndTxnResponse>(coordinator_, std::move(message),
                                                 is_classic ? kClassicEnd : kEndOfV2);
}

}  // namespace millrace::client
