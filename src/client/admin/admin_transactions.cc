#include <algorithm>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "client/transactions/transaction_requests.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/list_transactions.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

TransactionDescription description_of(
    const wire::DescribeTransactionsResponse::TransactionState& transaction, BrokerId coordinator) {
  TransactionDescription description;
  description.transactional_id = transaction.transactional_id;
  description.coordinator = coordinator;
  description.state = transaction.transaction_state;
  description.producer_id = ProducerId{transaction.producer_id};
  description.producer_epoch = ProducerEpoch{transaction.producer_epoch};
  description.timeout = Millis{transaction.transaction_timeout_ms};
  if (transaction.transaction_start_time_ms >= 0) {
    description.started = Timestamp{transaction.transaction_start_time_ms};
  }
  for (const auto& topic : transaction.topics) {
    for (const std::int32_t partition : topic.partitions) {
      description.partitions.push_back({topic.topic, PartitionId{partition}});
    }
  }
  std::sort(description.partitions.begin(), description.partitions.end());
  return description;
}

}  // namespace

Result<std::vector<TransactionListing>> Admin::list_transactions(const TransactionFilter& filter) {
  wire::ListTransactionsRequest request;
  request.state_filters = filter.states;
  for (const ProducerId id : filter.producer_ids) request.producer_id_filters.push_back(id.value());
  if (filter.longer_than) request.duration_filter = filter.longer_than->count();
  using Response = wire::ListTransactionsResponse;
  auto answers =
      core().ask_every_broker<wire::ListTransactionsRequest, Response>(request, "transactions");
  if (!answers.ok()) return std::move(answers).error();
  std::vector<TransactionListing> listings;
  for (auto& [broker, answer] : *answers) {
    if (!answer.unknown_state_filters.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted states of transactions that broker {} knows, found \"{}\"",
                               broker.value(), fmt::join(answer.unknown_state_filters, "\", \""))};
    }
    for (auto& each : answer.transaction_states) {
      listings.push_back({std::move(each.transactional_id), broker, ProducerId{each.producer_id},
                          std::move(each.transaction_state)});
    }
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.transactional_id < b.transactional_id; });
  return listings;
}

Result<Outcomes<std::string, TransactionDescription>> Admin::describe_transactions(
    const std::vector<std::string>& transactional_ids) {
  Outcomes<std::string, TransactionDescription> outcomes;
  using Response = wire::DescribeTransactionsResponse;
  for (const std::string& id : transactional_ids) {
    const CoordinatorKey key = CoordinatorKey::transaction(id);
    wire::DescribeTransactionsRequest request;
    request.transactional_ids = {id};
    auto answer = core().ask<wire::DescribeTransactionsRequest, Response>(
        Target::coordinator(key), std::move(request), [](const Response& each) {
          return each.transaction_states.empty()
                     ? KafkaError::kNone
                     : static_cast<KafkaError>(each.transaction_states.front().error_code);
        });
    if (!answer.ok()) {
      // Which coordinator has an id can be refused like what it knows of it.
      if (answer.error().code != ErrorCode::kKafka) return std::move(answer).error();
      outcomes.emplace(id, std::move(answer).error());
      continue;
    }
    const auto coordinator = core().coordinator(key);
    for (const auto& each : answer->transaction_states) {
      if (each.error_code != 0) {
        outcomes.emplace(id, admin_error(each.error_code, "transactional id " + id));
      } else {
        outcomes.emplace(id, description_of(each, coordinator.ok() ? *coordinator : kNoBroker));
      }
    }
  }
  return outcomes;
}

Result<Outcomes<TopicPartition, std::vector<ProducerState>>> Admin::describe_producers(
    const std::set<TopicPartition>& partitions) {
  return core().await<ProducersOf>([&](Done<ProducersOf> done) {
    client::describe_producers(*core().cluster_, partitions, core().deadline(), std::move(done));
  });
}

Result<void> Admin::abort_transaction(const OpenTransaction& transaction) {
  return core().await<void>([&](Done<void> done) {
    write_abort_marker(*core().cluster_, transaction, core().deadline(), std::move(done));
  });
}

}  // namespace millrace::client
