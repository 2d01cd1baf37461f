// CleanerFixture: one compacted log on a simulated disk, keys and values, and a cleaner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/log_cleaner.h"
#include "storage/testing/log_fixture.h"

namespace millrace::storage::testing {

struct KeyedRecord {
  std::int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
  std::int64_t timestamp = 0;
  bool operator==(const KeyedRecord&) const = default;
};

/// A batch with its records, as they lie in a log.
struct ReadBatch {
  wire::BatchHeader header;
  std::vector<KeyedRecord> records;
};

/// All batches from `from` on, each checked and read to its end; nothing when any is not whole.
inline std::optional<std::vector<ReadBatch>> read_batches(const PartitionLog& log,
                                                          Offset from = Offset{0}) {
  std::vector<ReadBatch> batches;
  Buffer scratch;
  for (Offset at = std::max(from, log.log_start_offset()); at < log.log_end_offset();) {
    const auto bytes = log.read_bytes(at, 4096, MinOneBatch::kYes);
    if (!bytes.ok()) return std::nullopt;
    if (bytes->empty()) return batches;  // nothing at the end of the log but what went
    wire::BatchCursor cursor(bytes->view());
    while (const auto batch = cursor.next()) {
      auto reader = wire::BatchReader::open(*batch, scratch);
      if (!reader.ok()) return std::nullopt;
      ReadBatch& read = batches.emplace_back(ReadBatch{reader->header(), {}});
      for (RecordView record; reader->next(record);) {
        KeyedRecord& one = read.records.emplace_back();
        one = {record.offset.value(), std::string(record.key.value_or("")), std::nullopt,
               record.timestamp.value()};
        if (record.value) one.value = *record.value;
      }
      if (!reader->status().ok()) return std::nullopt;
      at = read.header.next_offset();
    }
    if (!cursor.status().ok() || cursor.unread_bytes() > 0) return std::nullopt;
  }
  return batches;
}

/// The records of clients in `batches`.
inline std::vector<KeyedRecord> records_of(const std::vector<ReadBatch>& batches) {
  std::vector<KeyedRecord> records;
  for (const ReadBatch& batch : batches) {
    if (batch.header.is_control()) continue;
    records.insert(records.end(), batch.records.begin(), batch.records.end());
  }
  return records;
}

/// What a reader of all of it ends up with.
inline std::map<std::string, std::string> table_of(const std::vector<KeyedRecord>& records) {
  std::map<std::string, std::string> table;
  for (const KeyedRecord& record : records) {
    if (record.value) {
      table[record.key] = *record.value;
    } else {
      table.erase(record.key);
    }
  }
  return table;
}

struct KeyedBatch {
  std::vector<std::pair<std::string, std::optional<std::string>>> records = {};
  std::int64_t timestamp = 1000;  // of the first record; each further one is 1 later
  wire::BatchOptions options = {};
};

inline Buffer make_keyed_batch(const KeyedBatch& spec) {
  wire::RecordBatchBuilder builder(spec.options, 256);
  std::int64_t timestamp = spec.timestamp;
  for (const auto& [key, value] : spec.records) {
    builder.append(Timestamp{timestamp++}, key,
                   value ? std::optional<std::string_view>(*value) : std::nullopt);
  }
  return builder.build();
}

class CleanerFixture : public LogFixture {
 protected:
  CleanerFixture() {
    config.cleanup_policy_compact = true;
    config.cleanup_policy_delete = false;
    config.min_cleanable_dirty_ratio = 0;
    config.delete_retention_ms = 1000;
  }

  Offset put(const KeyedBatch& spec) {
    Buffer batch = make_keyed_batch(spec);
    VerificationGuard guard = VerificationGuard::kNone;
    if (spec.options.is_transactional) {
      guard = log->begin_verification(spec.options.producer_id, spec.options.producer_epoch,
                                      spec.options.base_sequence, EpochBump::kNo, Timestamp{1000})
                  .value_or(VerificationGuard::kNone);
    }
    auto appended = log->append({batch.data(), batch.size()}, LeaderEpoch{0}, Timestamp{1000},
                                {AppendOrigin::kClient, guard});
    EXPECT_TRUE(appended.ok()) << appended.error().message;
    return appended.ok() ? appended->base_offset : kNoOffset;
  }
  Offset put(const std::string& key, std::optional<std::string> value) {
    return put({.records = {{key, std::move(value)}}});
  }
  static wire::BatchOptions producer(std::int64_t id, std::int32_t sequence,
                                     bool is_transactional = false) {
    return {.producer_id = ProducerId{id},
            .producer_epoch = ProducerEpoch{0},
            .base_sequence = sequence,
            .is_transactional = is_transactional};
  }

  /// Seals what is there, so that it may be cleaned.
  void seal() {
    ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
    ASSERT_TRUE(log->flush().ok());
  }
  WithWriter writer() {
    return [this](const std::function<Status(PartitionLog&)>& work) { return work(*log); };
  }
  /// One pass; the checkpoint moves with it.
  Result<std::optional<Cleaning>> clean(std::int64_t now = 2000) {
    auto cleaned = cleaner.clean(writer(), checkpoint, Timestamp{now});
    if (cleaned.ok() && *cleaned) checkpoint = (*cleaned)->first_dirty;
    return cleaned;
  }
  void seal_and_clean(std::int64_t now = 2000) {
    seal();
    const auto cleaned = clean(now);
    ASSERT_TRUE(cleaned.ok()) << cleaned.error().message;
    ASSERT_TRUE(cleaned->has_value());
  }
  std::vector<ReadBatch> batches() {
    auto all = read_batches(*log);
    EXPECT_TRUE(all.has_value());
    return std::move(all).value_or(std::vector<ReadBatch>{});
  }
  std::vector<std::int64_t> offsets() {
    std::vector<std::int64_t> found;
    for (const KeyedRecord& record : records_of(batches())) found.push_back(record.offset);
    return found;
  }

  std::optional<Offset> checkpoint;
  LogCleaner cleaner{{}, Random(1)};
};

}  // namespace millrace::storage::testing
