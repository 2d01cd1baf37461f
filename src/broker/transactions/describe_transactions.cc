// DescribeTransactions: an id that is not known is TRANSACTIONAL_ID_NOT_FOUND.
// ListTransactions: filters by state, producer id, age and pattern of the id; a state that is no
// state is said to be unknown, and asks for nothing.
// source  Kafka's TransactionCoordinator and TransactionStateManager; KIP-664, KIP-994, KIP-1152
#include "broker/transactions/describe_transactions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/saturating.h"

namespace millrace::broker {

namespace {

using wire::DescribeTransactionsResponse;
using wire::KafkaError;
using wire::ListTransactionsRequest;
using wire::ListTransactionsResponse;

constexpr std::array kStates{
    TransactionState::kEmpty,          TransactionState::kOngoing,
    TransactionState::kPrepareCommit,  TransactionState::kPrepareAbort,
    TransactionState::kCompleteCommit, TransactionState::kCompleteAbort,
    TransactionState::kDead,           TransactionState::kPrepareEpochFence};

DescribeTransactionsResponse::TransactionState describe(TransactionTurn& turn,
                                                        const std::string& id) {
  DescribeTransactionsResponse::TransactionState state;
  state.transactional_id = id;
  const Transaction* const transaction = turn.find(id);
  if (id.empty() || transaction == nullptr) {
    state.error_code =
        code_of(id.empty() ? KafkaError::kInvalidRequest : KafkaError::kTransactionalIdNotFound);
    return state;
  }
  const TransactionMetadata& metadata = transaction->metadata;
  state.transaction_state = name_of(metadata.state);
  state.transaction_timeout_ms = static_cast<std::int32_t>(metadata.timeout.count());
  state.transaction_start_time_ms = metadata.start.value();
  state.producer_id = metadata.producer_id.value();
  state.producer_epoch = metadata.producer_epoch.value();
  for (const auto& [topic, partition] : metadata.partitions) {
    if (state.topics.empty() || state.topics.back().topic != topic)
      state.topics.push_back({topic, {}});
    state.topics.back().partitions.push_back(partition.value());
  }
  return state;
}

bool is_state(const std::string& name) {
  return std::any_of(kStates.begin(), kStates.end(),
                     [&](TransactionState state) { return name_of(state) == name; });
}

template <class Values, class Value>
bool holds(const Values& values, const Value& wanted) {
  return std::find(values.begin(), values.end(), wanted) != values.end();
}

bool is_wanted(const TransactionMetadata& metadata, const ListTransactionsRequest& request,
               Timestamp now) {
  if (!request.producer_id_filters.empty() &&
      !holds(request.producer_id_filters, metadata.producer_id.value()))
    return false;
  if (!request.state_filters.empty() && !holds(request.state_filters, name_of(metadata.state)))
    return false;
  // As in Kafka an id that has had no transaction yet counts as very old.
  return request.duration_filter < 0 ||
         millis_between(metadata.start, now) > request.duration_filter;
}

}  // namespace

void describe_transactions(TransactionTurn& turn, RequestToken token,
                           const wire::DescribeTransactionsRequest& request) {
  DescribeTransactionsResponse response;
  for (const std::string& id : request.transactional_ids)
    response.transaction_states.push_back(describe(turn, id));
  turn.answer(token, std::move(response));
}

void list_transactions(TransactionTurn& turn, RequestToken token,
                       const ListTransactionsRequest& request,
                       const std::optional<TopicPattern>& ids) {
  ListTransactionsResponse response;
  for (const std::string& name : request.state_filters) {
    if (!is_state(name)) response.unknown_state_filters.push_back(name);
  }
  for (const auto& [id, transaction] : turn.state.transactions) {
    const TransactionMetadata& metadata = transaction->metadata;
    if (!is_wanted(metadata, request, turn.now.wall) || (ids && !ids->matches(id))) continue;
    response.transaction_states.push_back(
        {id, metadata.producer_id.value(), std::string(name_of(metadata.state))});
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
