// Batches as tests want them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/saturating.h"
#include "storage/partition_log.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::storage::testing {

struct BatchSpec {
  std::vector<std::string> values{"value"};
  std::int64_t timestamp = 1000;  // of the first record; each further one is 1 later
  wire::Compression compression = wire::Compression::kNone;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int32_t sequence = 0;
  bool is_transactional = false;
  std::optional<std::string> key = "key";
};

inline std::string make_batch(const BatchSpec& spec) {
  wire::BatchOptions options;
  options.compression = spec.compression;
  if (spec.producer_id >= 0) {
    options.producer_id = ProducerId{spec.producer_id};
    options.producer_epoch = ProducerEpoch{spec.producer_epoch};
    options.base_sequence = spec.sequence;
    options.is_transactional = spec.is_transactional;
  }
  wire::RecordBatchBuilder builder(options, 256);
  std::int64_t timestamp = spec.timestamp;
  for (const std::string& value : spec.values) {
    builder.append(Timestamp{timestamp}, spec.key, value);
    timestamp = saturating_add(timestamp, 1);
  }
  return std::string(builder.build().view());
}

inline Result<AppendResult> append(PartitionLog& log, const BatchSpec& spec, std::int32_t epoch = 0,
                                   std::int64_t now = 1000) {
  std::string batch = make_batch(spec);
  return log.append(batch, LeaderEpoch{epoch}, Timestamp{now});
}

/// As a client whose coordinator always says yes.
inline Result<AppendResult> append_transactional(PartitionLog& log, BatchSpec spec,
                                                 EpochBump epoch_bump = EpochBump::kNo) {
  spec.is_transactional = true;
  const auto guard =
      log.begin_verification(ProducerId{spec.producer_id}, ProducerEpoch{spec.producer_epoch},
                             spec.sequence, epoch_bump, Timestamp{1000});
  std::string batch = make_batch(spec);
  return log.append(batch, LeaderEpoch{0}, Timestamp{1000},
                    {AppendOrigin::kClient, guard.value_or(VerificationGuard::kNone)});
}

struct EndSpec {
  wire::TransactionResult result = wire::TransactionResult::kCommit;
  std::int16_t producer_epoch = 0;
  std::int32_t coordinator_epoch = 0;
  wire::TransactionVersion version = wire::TransactionVersion::k1;
};

inline Result<AppendResult> end_transaction(PartitionLog& log, std::int64_t producer_id,
                                            const EndSpec& spec = {}) {
  return log.append_marker({ProducerId{producer_id},
                            ProducerEpoch{spec.producer_epoch},
                            {spec.result, spec.coordinator_epoch}},
                           spec.version, LeaderEpoch{0}, Timestamp{1000});
}

struct ReadRecord {
  std::int64_t offset;
  std::int64_t timestamp;
  std::string value;
  bool operator==(const ReadRecord&) const = default;
};

/// The records in whole, valid batches; nothing when any batch is not.
inline std::optional<std::vector<ReadRecord>> records_in(std::string_view bytes) {
  std::vector<ReadRecord> records;
  wire::BatchCursor cursor(bytes);
  Buffer scratch;
  while (const auto batch = cursor.next()) {
    auto reader = wire::BatchReader::open(*batch, scratch);
    if (!reader.ok()) return std::nullopt;
    RecordView record;
    while (reader->next(record)) {
      records.push_back({record.offset.value(), record.timestamp.value(),
                         std::string(record.value.value_or(""))});
    }
    if (!reader->status().ok()) return std::nullopt;
  }
  if (!cursor.status().ok() || cursor.unread_bytes() > 0) return std::nullopt;
  return records;
}

/// All records of the log, read in steps of `bytes_max`; nothing when anything was wrong.
inline std::optional<std::vector<ReadRecord>> read_log(const PartitionLog& log,
                                                       std::size_t bytes_max = 4096) {
  std::vector<ReadRecord> all;
  Offset at = log.log_start_offset();
  while (at < log.log_end_offset()) {
    auto bytes = log.read_bytes(at, bytes_max, MinOneBatch::kYes);
    if (!bytes.ok()) return std::nullopt;
    auto records = records_in(bytes->view());
    if (!records || records->empty()) return std::nullopt;
    for (ReadRecord& record : *records) {
      if (record.offset >= at.value()) all.push_back(std::move(record));
    }
    at = Offset{all.back().offset + 1};
  }
  return all;
}

}  // namespace millrace::storage::testing
