#include "storage/log/log_appender.h"

#include <fmt/format.h>

#include <utility>

#include "base/saturating.h"
#include "wire/crc32c.h"
#include "wire/error_codes.h"
#include "wire/record_walk.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;
using wire::make_error;

Error invalid_record(std::string why) {
  return make_error(KafkaError::kInvalidRecord, why);
}

/// What check_batch refused, as the protocol says it: damage on the way is CORRUPT_MESSAGE, which a
/// client sends again; nonsense under a right CRC is not.
Error refusal(std::string_view batch, const Error& error) {
  if (error.code == ErrorCode::kUnsupported) return invalid_record(error.message);
  const auto header = wire::read_batch_header(batch);
  const bool is_intact =
      header.ok() && header->size_bytes() == batch.size() &&
      wire::crc32c(batch.substr(wire::batch_format::kCrcCoversFrom)) == header->crc;
  return make_error(is_intact ? KafkaError::kInvalidRecord : KafkaError::kCorruptMessage,
                    error.message);
}

Status check_client_header(const wire::BatchHeader& header) {
  if (header.base_offset != Offset{0}) {
    return invalid_record(fmt::format("base offset of a batch from a client: wanted 0, found {}",
                                      header.base_offset));
  }
  if (header.is_control()) return invalid_record("clients may not write control records");
  if (header.record_count <= 0 || header.last_offset_delta != header.record_count - 1) {
    return invalid_record(fmt::format("{} records with a last offset delta of {}",
                                      header.record_count, header.last_offset_delta));
  }
  if (header.has_producer() && header.base_sequence < 0) {
    return invalid_record(
        fmt::format("producer {} sent sequence {}", header.producer_id, header.base_sequence));
  }
  return {};
}

/// A client's header may lie about its records, so that they are asked; others are trusted.
Status check_timestamps(const wire::BatchHeader& header, const wire::RecordFacts& facts,
                        const LogConfig& config, Timestamp now) {
  if (config.message_timestamp_type == wire::TimestampType::kLogAppendTime) return {};
  if (header.timestamp_type() == wire::TimestampType::kLogAppendTime) {
    return make_error(KafkaError::kInvalidTimestamp,
                      "a client may not say LogAppendTime where the topic says CreateTime");
  }
  const auto is_over = [](Timestamp from, Timestamp to, std::int64_t max_ms) {
    return millis_between(from, to) > max_ms;
  };
  const bool too_late = facts.max_timestamp != kNoTimestamp &&
                        is_over(now, facts.max_timestamp, config.message_timestamp_after_max_ms);
  const bool too_early = facts.min_timestamp != kNoTimestamp &&
                         is_over(facts.min_timestamp, now, config.message_timestamp_before_max_ms);
  if (!too_late && !too_early) return {};
  return make_error(
      KafkaError::kInvalidTimestamp,
      fmt::format("timestamps {} to {} are out of range at {}: message.timestamp.before.max.ms is "
                  "{}, after.max.ms is {}",
                  facts.min_timestamp, facts.max_timestamp, now,
                  config.message_timestamp_before_max_ms, config.message_timestamp_after_max_ms));
}

Result<wire::RecordFacts> check_records(std::string_view batch, const wire::BatchHeader& header,
                                        const LogConfig& config, wire::InflationBudget& budget) {
  const auto keys =
      config.cleanup_policy_compact ? wire::KeyRule::kRequired : wire::KeyRule::kOptional;
  auto facts = wire::check_records(batch, header, keys, budget);
  if (facts.ok()) return facts;
  return make_error(facts.error().code == ErrorCode::kTooLarge ? KafkaError::kMessageTooLarge
                                                               : KafkaError::kInvalidRecord,
                    facts.error().message);
}

Result<CheckedBatch> check_marker(std::string_view batch, const wire::BatchHeader& header,
                                  const ProducerStates& producers,
                                  wire::TransactionVersion version) {
  auto end = wire::read_transaction_end(batch);
  if (!end.ok()) return invalid_record(end.error().message);
  if (Status status = producers.check_marker(header, *end, version); !status.ok()) {
    return std::move(status).error();
  }
  return CheckedBatch{header, std::nullopt, *end};
}

}  // namespace

Status check_batch_size(std::size_t size_bytes, const LogConfig& config) {
  if (std::cmp_greater(size_bytes, config.max_message_bytes)) {
    return make_error(KafkaError::kMessageTooLarge,
                      fmt::format("batch of {} bytes, max.message.bytes is {}", size_bytes,
                                  config.max_message_bytes));
  }
  if (std::cmp_greater(size_bytes, config.segment_bytes)) {
    return make_error(
        KafkaError::kRecordListTooLarge,
        fmt::format("batch of {} bytes, segment.bytes is {}", size_bytes, config.segment_bytes));
  }
  return {};
}

Result<CheckedBatch> check_append(std::string_view batch, const LogConfig& config,
                                  const ProducerStates& producers, const AppendAs& as,
                                  Timestamp now, wire::InflationBudget& budget) {
  auto header = wire::read_batch_header(batch);
  // However small a topic's batches are to be, a transaction must be able to end.
  const bool is_control =
      as.origin == AppendOrigin::kCoordinator && header.ok() && header->is_control();
  if (Status status = check_batch_size(batch.size(), config); !status.ok() && !is_control) {
    return std::move(status).error();
  }
  header = wire::check_batch(batch);
  if (!header.ok()) return refusal(batch, header.error());
  wire::RecordFacts facts{header->base_timestamp, header->max_timestamp};
  if (as.origin == AppendOrigin::kClient) {
    if (Status status = check_client_header(*header); !status.ok()) {
      return std::move(status).error();
    }
    auto found = check_records(batch, *header, config, budget);
    if (!found.ok()) return std::move(found).error();
    facts = *found;
    header->max_timestamp = facts.max_timestamp;
  }
  if (Status status = check_timestamps(*header, facts, config, now); !status.ok()) {
    return std::move(status).error();
  }
  if (header->is_control() && header->has_producer()) {
    return check_marker(batch, *header, producers, as.version);
  }
  auto repeats = producers.check(*header, as);
  if (!repeats.ok()) return std::move(repeats).error();
  return CheckedBatch{*header, *repeats, std::nullopt};
}

wire::BatchHeader place_batch(std::span<char> batch, wire::BatchHeader header, Offset base,
                              LeaderEpoch epoch, const LogConfig& config, Timestamp now) {
  wire::patch_base_offset(batch.data(), base);
  wire::patch_leader_epoch(batch.data(), epoch);
  header.base_offset = base;
  header.partition_leader_epoch = epoch;
  if (config.message_timestamp_type == wire::TimestampType::kLogAppendTime) {
    wire::patch_log_append_time(batch.data(), batch.size(), now);
    header.max_timestamp = now;
    header.attributes =
        static_cast<std::int16_t>(header.attributes | wire::batch_format::kLogAppendTimeBit);
  } else {
    wire::patch_max_timestamp(batch.data(), batch.size(), header.max_timestamp);
  }
  return header;
}

}  // namespace millrace::storage
