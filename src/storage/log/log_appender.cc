#include "storage/log/log_appender.h"

#include <fmt/format.h>

#include <utility>

#include "base/saturating.h"
#include "storage/log/recompression.h"
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

Error refusal_of_records(const Error& error) {
  return make_error(error.code == ErrorCode::kTooLarge ? KafkaError::kMessageTooLarge
                                                       : KafkaError::kInvalidRecord,
                    error.message);
}

/// Whether a batch of that many bytes may be stored.
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

/// Makes the copy of `prepared` that has the topic's codec.
/// inflated  its records, unless they came plain
Status recompress(PreparedBatch& prepared, const Buffer& inflated) {
  const std::string_view sent{prepared.sent.data(), prepared.sent.size()};
  const bool is_plain = prepared.header.compression() == wire::Compression::kNone;
  auto stored = recompress(
      sent, prepared.header,
      is_plain ? sent.substr(wire::batch_format::kHeaderSize) : inflated.view(), *prepared.config);
  if (!stored.ok()) return refusal_of_records(stored.error());
  prepared.recompressed = std::move(stored).value();
  if (Status status = check_batch_size(prepared.recompressed.size(), *prepared.config);
      !status.ok()) {
    return status;
  }
  prepared.header = wire::read_batch_header(prepared.recompressed.view()).value();
  return {};
}

}  // namespace

Result<PreparedBatch> prepare_append(std::span<char> batch, std::shared_ptr<const LogConfig> config,
                                     const AppendAs& as, Timestamp now,
                                     wire::InflationBudget& budget) {
  const std::string_view bytes{batch.data(), batch.size()};
  const bool is_from_client = as.origin == AppendOrigin::kClient;
  auto header = wire::read_batch_header(bytes);
  // However small a topic's batches are to be, a transaction must be able to end.
  const bool is_control = !is_from_client && header.ok() && header->is_control();
  if (Status status = check_batch_size(bytes.size(), *config); !status.ok() && !is_control) {
    return std::move(status).error();
  }
  header = wire::check_batch(bytes);
  if (!header.ok()) return refusal(bytes, header.error());
  const bool recompresses = is_from_client && must_recompress(*header, *config);
  wire::RecordFacts facts{header->base_timestamp, header->max_timestamp};
  Buffer inflated;
  if (is_from_client) {
    if (Status status = check_client_header(*header); !status.ok()) {
      return std::move(status).error();
    }
    const auto keys =
        config->cleanup_policy_compact ? wire::KeyRule::kRequired : wire::KeyRule::kOptional;
    auto found =
        wire::check_records(bytes, *header, {keys, recompresses ? &inflated : nullptr}, budget);
    if (!found.ok()) return refusal_of_records(found.error());
    facts = *found;
    header->max_timestamp = facts.max_timestamp;
  }
  if (Status status = check_timestamps(*header, facts, *config, now); !status.ok()) {
    return std::move(status).error();
  }
  PreparedBatch prepared{batch, {}, *header, std::nullopt, as, std::move(config)};
  if (header->is_control() && header->has_producer()) {
    auto end = wire::read_transaction_end(bytes);
    if (!end.ok()) return invalid_record(end.error().message);
    prepared.ends = *end;
  }
  if (recompresses) {
    if (Status status = recompress(prepared, inflated); !status.ok()) {
      return std::move(status).error();
    }
  }
  return prepared;
}

wire::BatchHeader place_batch(PreparedBatch& prepared, Offset base, LeaderEpoch epoch,
                              Timestamp now) {
  const std::span<char> batch = prepared.bytes();
  wire::BatchHeader header = prepared.header;
  wire::patch_base_offset(batch.data(), base);
  wire::patch_leader_epoch(batch.data(), epoch);
  header.base_offset = base;
  header.partition_leader_epoch = epoch;
  if (prepared.config->message_timestamp_type == wire::TimestampType::kLogAppendTime) {
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
