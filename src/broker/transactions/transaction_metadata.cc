#include "broker/transactions/transaction_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace millrace::broker {

namespace {

// Flexible, and the only one that can say how KIP-890 changed a producer's id.
constexpr std::int16_t kValueVersion = 1;

bool is_known(std::int8_t state) {
  return state >= static_cast<std::int8_t>(TransactionState::kEmpty) &&
         state <= static_cast<std::int8_t>(TransactionState::kPrepareEpochFence);
}

TransactionMetadata metadata_of(const wire::TransactionLogValue& value) {
  TransactionMetadata metadata{.producer_id = ProducerId{value.producer_id},
                               .previous_producer_id = ProducerId{value.previous_producer_id},
                               .next_producer_id = ProducerId{value.next_producer_id},
                               .producer_epoch = ProducerEpoch{value.producer_epoch},
                               .timeout = Millis{value.transaction_timeout_ms},
                               .state = static_cast<TransactionState>(value.transaction_status),
                               .partitions = {},
                               .start = Timestamp{value.transaction_start_timestamp_ms},
                               .last_update = Timestamp{value.transaction_last_update_timestamp_ms},
                               .client_version = value.client_transaction_version};
  if (!value.transaction_partitions.has_value()) return metadata;
  for (const auto& topic : *value.transaction_partitions) {
    for (const std::int32_t partition : topic.partition_ids)
      metadata.partitions.insert({topic.topic, PartitionId{partition}});
  }
  return metadata;
}

/// By topic, in order. Kafka has null, not none, where no transaction is.
void write_partitions(const std::set<TopicPartition>& partitions,
                      wire::TransactionLogValue& value) {
  for (const auto& [topic, partition] : partitions) {
    auto& topics = *value.transaction_partitions;
    if (topics.empty() || topics.back().topic != topic) topics.push_back({topic, {}});
    topics.back().partition_ids.push_back(partition.value());
  }
}

Result<LogRecord> record_of(const std::string& transactional_id, std::optional<std::string> value) {
  auto key = wire::encode_transaction_record(wire::TransactionLogKey{transactional_id});
  if (!key.ok()) return std::move(key).error();
  return LogRecord{std::move(key).value(), std::move(value)};
}

}  // namespace

ProducerEpoch epoch_after(ProducerEpoch epoch, std::int16_t count) {
  constexpr int kLast = std::numeric_limits<std::int16_t>::max();
  const int sum = int{epoch.value()} + int{count};
  return ProducerEpoch{static_cast<std::int16_t>(std::min(sum, kLast))};
}

bool is_exhausted(ProducerEpoch epoch) {
  return epoch.value() >= std::numeric_limits<std::int16_t>::max() - 1;
}

std::string_view name_of(TransactionState state) {
  switch (state) {
    case TransactionState::kEmpty:
      return "Empty";
    case TransactionState::kOngoing:
      return "Ongoing";
    case TransactionState::kPrepareCommit:
      return "PrepareCommit";
    case TransactionState::kPrepareAbort:
      return "PrepareAbort";
    case TransactionState::kCompleteCommit:
      return "CompleteCommit";
    case TransactionState::kCompleteAbort:
      return "CompleteAbort";
    case TransactionState::kDead:
      return "Dead";
    case TransactionState::kPrepareEpochFence:
      return "PrepareEpochFence";
  }
  return "Unknown";
}

Result<LogRecord> transaction_record(const std::string& transactional_id,
                                     const TransactionMetadata& metadata) {
  wire::TransactionLogValue value{
      .producer_id = metadata.producer_id.value(),
      .previous_producer_id = metadata.previous_producer_id.value(),
      .next_producer_id = metadata.next_producer_id.value(),
      .producer_epoch = metadata.producer_epoch.value(),
      .transaction_timeout_ms = static_cast<std::int32_t>(metadata.timeout.count()),
      .transaction_status = static_cast<std::int8_t>(metadata.state),
      .transaction_last_update_timestamp_ms = metadata.last_update.value(),
      .transaction_start_timestamp_ms = metadata.start.value(),
      .client_transaction_version = metadata.client_version};
  if (metadata.state == TransactionState::kEmpty)
    value.transaction_partitions.reset();
  else
    write_partitions(metadata.partitions, value);
  auto bytes = wire::encode_transaction_record(value, kValueVersion);
  if (!bytes.ok()) return std::move(bytes).error();
  return record_of(transactional_id, std::move(bytes).value());
}

Result<LogRecord> transaction_tombstone(const std::string& transactional_id) {
  return record_of(transactional_id, std::nullopt);
}

Result<LoggedTransaction> read_transaction_record(std::string_view key,
                                                  std::optional<std::string_view> value) {
  auto owner = wire::decode_transaction_key(key);
  if (!owner.ok()) return std::move(owner).error();
  LoggedTransaction logged{std::move(owner->transactional_id), std::nullopt};
  if (!value.has_value()) return logged;
  auto decoded = wire::decode_transaction_value(*value);
  if (!decoded.ok()) return std::move(decoded).error();
  if (!is_known(decoded->transaction_status)) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("transaction of {}: found the state {}", logged.transactional_id,
                             int{decoded->transaction_status})};
  }
  logged.metadata = metadata_of(*decoded);
  return logged;
}

}  // namespace millrace::broker
