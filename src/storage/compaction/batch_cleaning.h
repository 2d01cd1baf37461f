// BatchCleaning: what stays of each batch when a log is cleaned. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"
#include "storage/compaction/key_offsets.h"
#include "storage/compaction/transaction_fates.h"
#include "storage/log_config.h"
#include "wire/batch_header.h"
#include "wire/record_batch.h"

namespace millrace::storage {

/// Where a producer's last sequence stands.
struct LastOfProducer {
  ProducerEpoch epoch;
  /// The last record of its last batch; kNoOffset where its epoch wrote nothing but a marker.
  Offset last_data = kNoOffset;
};
using LastOfProducers = std::unordered_map<ProducerId, LastOfProducer>;

/// The batches of one log, shown from its start, in order.
///
/// Rules
///   Of a key the record at its last offset stays; records without key go.
///   A tombstone, and a marker whose transaction has no batch left, get a horizon when they are
///   first seen, delete.retention.ms from then, and go once it has passed.
///   Records of aborted transactions go. A marker stays as long as a batch of its transaction does.
///   A batch without records stays where a producer's last sequence stands, else it goes.
///   What stays keeps its offset, its time and its producer; a batch's first and last offset too.
///   Nothing at or behind `end` of the keys changes.
///
/// source  Kafka's Cleaner.cleanInto
/// thread  one at a time
class BatchCleaning {
 public:
  struct Time {
    Timestamp now;
    Millis delete_retention;
  };

  /// keys   hold the last offsets of all records in what is dirty, up to `end`
  BatchCleaning(const KeyOffsets& keys, Offset end, const TransactionFates& fates,
                const LastOfProducers& producers, const LogConfig& config, Time time)
      : keys_(keys),
        end_(end),
        fates_(fates),
        producers_(producers),
        config_(config),
        time_(time) {}

  /// What stays of the batch, which fills `batch` exactly; nothing when it goes.
  /// lifetime  of what is returned: until the next call, and as long as `batch`
  /// errors    kCorrupt, kUnsupported, kTooLarge: the batch cannot be read
  Result<std::optional<std::string_view>> clean(std::string_view batch,
                                                const wire::BatchHeader& header);

  /// Whether anything that was shown went or changed.
  bool has_changed() const { return has_changed_; }
  void forget_changes() { has_changed_ = false; }

 private:
  using Stays = std::optional<std::string_view>;

  Result<Stays> clean_marker(std::string_view batch, const wire::BatchHeader& header);
  Result<Stays> clean_records(std::string_view batch, const wire::BatchHeader& header);
  bool stays(const RecordView& record, const std::optional<Timestamp>& horizon) const;
  bool is_last_of_producer(const wire::BatchHeader& header) const;
  /// The batch with its last sequence and no records, or nothing.
  Result<Stays> empty_or_none(const wire::BatchHeader& header);
  Result<Stays> with_horizon(std::string_view batch, const wire::BatchHeader& header);
  /// The batch with nothing but what is kept of it.
  Result<Stays> rebuild(const wire::BatchHeader& header, std::optional<Timestamp> horizon);
  Timestamp new_horizon() const;
  Stays none();

  const KeyOffsets& keys_;
  const Offset end_;
  const TransactionFates& fates_;
  const LastOfProducers& producers_;
  const LogConfig& config_;
  const Time time_;
  std::unordered_set<ProducerId> with_batches_;  // whose transaction has a batch that stayed
  Buffer scratch_;
  std::vector<RecordView> kept_;  // of the batch that is looked at; views into it, or into scratch_
  Buffer rebuilt_;
  bool has_changed_ = false;
};

}  // namespace millrace::storage
