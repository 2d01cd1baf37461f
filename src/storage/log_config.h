// LogConfig: what a topic's properties say about its logs, under Kafka's names and defaults. The
// broker's catalogue of properties fills it in.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/batch_header.h"
#include "wire/compression.h"

namespace millrace::storage {

/// A topic's properties, parsed. Members are named as in Kafka, with '.' as '_'.
/// -1 means without limit where Kafka says so (retention_bytes, retention_ms).
struct LogConfig {
  bool cleanup_policy_delete = true;
  bool cleanup_policy_compact = false;
  /// compression.type: the codec of stored batches; nothing keeps each as its producer sent it.
  std::optional<wire::Compression> compression = std::nullopt;
  std::int64_t compression_gzip_level = -1;
  std::int64_t compression_lz4_level = 9;
  std::int64_t compression_zstd_level = 3;
  std::int64_t segment_bytes = std::int64_t{1} << 30;
  std::int64_t segment_ms = std::int64_t{7} * 24 * 60 * 60 * 1000;
  std::int64_t segment_index_bytes = std::int64_t{10} << 20;
  std::int64_t segment_jitter_ms = 0;
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = std::int64_t{7} * 24 * 60 * 60 * 1000;
  std::int64_t index_interval_bytes = 4096;
  std::int64_t max_message_bytes = 1048588;
  std::int64_t min_insync_replicas = 1;
  wire::TimestampType message_timestamp_type = wire::TimestampType::kCreateTime;
  std::int64_t message_timestamp_before_max_ms = INT64_MAX;
  std::int64_t message_timestamp_after_max_ms = std::int64_t{60} * 60 * 1000;
  std::int64_t file_delete_delay_ms = 60000;
  std::int64_t flush_messages = INT64_MAX;
  std::int64_t flush_ms = INT64_MAX;
  std::int64_t delete_retention_ms = std::int64_t{24} * 60 * 60 * 1000;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = INT64_MAX;
  double min_cleanable_dirty_ratio = 0.5;
  bool preallocate = false;
  bool unclean_leader_election_enable = false;

  /// The time after which a segment ends though it be not full: what waits to be compacted may not
  /// wait in it for longer than max.compaction.lag.ms.
  std::int64_t roll_ms() const;
  /// The level that belongs to `compression`; nothing where the codec has none, or its default is
  /// asked for.
  wire::CompressionLevel compression_level() const;
};

}  // namespace millrace::storage
