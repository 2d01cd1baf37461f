#include "storage/compaction/batch_cleaning.h"

#include <utility>

#include "base/saturating.h"
#include "wire/retained_batch.h"

namespace millrace::storage {

Result<std::optional<std::string_view>> BatchCleaning::clean(std::string_view batch,
                                                             const wire::BatchHeader& header) {
  if (header.is_control()) return clean_marker(batch, header);
  auto kept = clean_records(batch, header);
  if (kept.ok() && *kept && header.is_transactional()) with_batches_.insert(header.producer_id);
  return kept;
}

Result<BatchCleaning::Stays> BatchCleaning::clean_marker(std::string_view batch,
                                                         const wire::BatchHeader& header) {
  const bool has_batches = with_batches_.erase(header.producer_id) > 0;
  if (has_batches || header.base_offset >= end_) return Stays(batch);
  if (header.record_count == 0) return is_last_of_producer(header) ? Stays(batch) : none();
  const auto horizon = wire::delete_horizon(header);
  if (!horizon) return with_horizon(batch, header);
  if (time_.now < *horizon) return Stays(batch);
  return empty_or_none(header);
}

Result<BatchCleaning::Stays> BatchCleaning::clean_records(std::string_view batch,
                                                          const wire::BatchHeader& header) {
  if (header.base_offset >= end_) return Stays(batch);
  if (header.record_count == 0) return is_last_of_producer(header) ? Stays(batch) : none();
  if (fates_.is_aborted(header)) return empty_or_none(header);

  const auto horizon = wire::delete_horizon(header);
  auto reader = wire::BatchReader::open(batch, scratch_);
  if (!reader.ok()) return std::move(reader).error();
  kept_.clear();
  bool has_tombstone = false;
  for (RecordView record; reader->next(record);) {
    if (!stays(record, horizon)) continue;
    kept_.push_back(record);
    has_tombstone = has_tombstone || !record.value;
  }
  if (!reader->status().ok()) return reader->status().error();
  if (kept_.empty()) return empty_or_none(header);
  const bool wants_horizon = has_tombstone && !horizon;
  if (kept_.size() == static_cast<std::size_t>(header.record_count) && !wants_horizon) {
    return Stays(batch);
  }
  return rebuild(header, wants_horizon ? new_horizon() : horizon);
}

bool BatchCleaning::stays(const RecordView& record, const std::optional<Timestamp>& horizon) const {
  if (record.offset >= end_) return true;
  if (!record.key || !keys_.is_last(*record.key, record.offset)) return false;
  return record.value.has_value() || !horizon || time_.now < *horizon;
}

bool BatchCleaning::is_last_of_producer(const wire::BatchHeader& header) const {
  if (!header.has_producer()) return false;
  const auto found = producers_.find(header.producer_id);
  if (found == producers_.end()) return false;
  const LastOfProducer& last = found->second;
  if (last.last_data != kNoOffset) return header.last_offset() == last.last_data;
  return header.is_control() && header.producer_epoch == last.epoch;
}

Result<BatchCleaning::Stays> BatchCleaning::empty_or_none(const wire::BatchHeader& header) {
  if (!is_last_of_producer(header)) return none();
  auto empty = wire::RetainedBatch(header, std::nullopt).build(std::nullopt);
  if (!empty.ok()) return std::move(empty).error();
  has_changed_ = true;
  rebuilt_ = std::move(empty).value();
  return Stays(rebuilt_.view());
}

Result<BatchCleaning::Stays> BatchCleaning::rebuild(const wire::BatchHeader& header,
                                                    std::optional<Timestamp> horizon) {
  wire::RetainedBatch retained(header, horizon);
  for (const RecordView& record : kept_) retained.keep(record);
  const bool is_topics_codec = config_.compression == header.compression();
  auto built = retained.build(is_topics_codec ? config_.compression_level() : std::nullopt);
  if (!built.ok()) return std::move(built).error();
  has_changed_ = true;
  rebuilt_ = std::move(built).value();
  return Stays(rebuilt_.view());
}

/// A marker that is to go once its horizon has passed.
Result<BatchCleaning::Stays> BatchCleaning::with_horizon(std::string_view batch,
                                                         const wire::BatchHeader& header) {
  auto reader = wire::BatchReader::open(batch, scratch_, wire::CrcCheck::kSkip);
  if (!reader.ok()) return std::move(reader).error();
  kept_.clear();
  for (RecordView record; reader->next(record);) kept_.push_back(record);
  if (!reader->status().ok()) return reader->status().error();
  return rebuild(header, new_horizon());
}

Timestamp BatchCleaning::new_horizon() const {
  return timestamp_after(time_.now, time_.delete_retention);
}

BatchCleaning::Stays BatchCleaning::none() {
  has_changed_ = true;
  return std::nullopt;
}

}  // namespace millrace::storage
