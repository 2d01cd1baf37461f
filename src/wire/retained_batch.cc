#include "wire/retained_batch.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/byte_order.h"
#include "base/varint.h"
#include "wire/crc32c.h"
#include "wire/record_batch_format.h"

namespace millrace::wire {
namespace {

using namespace batch_format;

std::size_t kept_field_size(const std::optional<std::string_view>& field) {
  if (!field) return varint_size(std::int32_t{-1});
  return varint_size(static_cast<std::int32_t>(field->size())) + field->size();
}

char* write_kept_bytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* write_kept_field(char* to, const std::optional<std::string_view>& field) {
  if (!field) return write_varint(to, std::int32_t{-1});
  return write_kept_bytes(write_varint(to, static_cast<std::int32_t>(field->size())), *field);
}

}  // namespace

std::optional<Timestamp> delete_horizon(const BatchHeader& header) {
  if ((header.attributes & kDeleteHorizonBit) == 0) return std::nullopt;
  return header.base_timestamp;
}

RetainedBatch::RetainedBatch(const BatchHeader& original, std::optional<Timestamp> horizon)
    : header_(original), max_timestamp_(kNoTimestamp) {
  header_.attributes = static_cast<std::int16_t>(header_.attributes & ~kDeleteHorizonBit);
  if (horizon) {
    header_.attributes = static_cast<std::int16_t>(header_.attributes | kDeleteHorizonBit);
    header_.base_timestamp = *horizon;
  } else if (delete_horizon(original)) {
    header_.base_timestamp = original.max_timestamp;
  }
}

void RetainedBatch::keep(const RecordView& record) {
  const auto timestamp_delta =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(record.timestamp.value()) -
                                static_cast<std::uint64_t>(header_.base_timestamp.value()));
  const auto offset_delta =
      static_cast<std::int32_t>(record.offset.value() - header_.base_offset.value());
  const std::string_view headers = record.headers.wire_bytes();
  const std::size_t size = 1 + varint_size(timestamp_delta) + varint_size(offset_delta) +
                           kept_field_size(record.key) + kept_field_size(record.value) +
                           varint_size(record.headers.count()) + headers.size();
  const auto length = static_cast<std::int32_t>(size);
  char* to = write_varint(plain_.extend(varint_size(length) + size), length);
  *to++ = 0;  // record attributes: none are defined
  to = write_varint(write_varint(to, timestamp_delta), offset_delta);
  to = write_kept_field(write_kept_field(to, record.key), record.value);
  write_kept_bytes(write_varint(to, record.headers.count()), headers);
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  ++count_;
}

Result<Buffer> RetainedBatch::build(CompressionLevel level) {
  Buffer batch(kHeaderSize + plain_.size());
  batch.resize_uninitialized(kHeaderSize);
  if (count_ == 0) {
    // Nothing is compressed, and no record has a time: the batch's own stays.
    header_.attributes = static_cast<std::int16_t>(header_.attributes & ~kCompressionMask);
  } else {
    Status status = compress(header_.compression(), level, plain_.view(), batch);
    if (!status.ok()) return std::move(status).error();
    if (header_.timestamp_type() == TimestampType::kCreateTime) {
      header_.max_timestamp = max_timestamp_;
    }
  }
  char* const at = batch.data();
  store_big_endian(at + kBaseOffsetAt, header_.base_offset.value());
  store_big_endian(at + kBatchLengthAt, static_cast<std::int32_t>(batch.size() - kLengthOverhead));
  store_big_endian(at + kPartitionLeaderEpochAt, header_.partition_leader_epoch.value());
  store_big_endian(at + kMagicAt, kMagic);
  store_big_endian(at + kAttributesAt, header_.attributes);
  store_big_endian(at + kLastOffsetDeltaAt, header_.last_offset_delta);
  store_big_endian(at + kBaseTimestampAt, header_.base_timestamp.value());
  store_big_endian(at + kMaxTimestampAt, header_.max_timestamp.value());
  store_big_endian(at + kProducerIdAt, header_.producer_id.value());
  store_big_endian(at + kProducerEpochAt, header_.producer_epoch.value());
  store_big_endian(at + kBaseSequenceAt, header_.base_sequence);
  store_big_endian(at + kRecordCountAt, count_);
  store_big_endian(at + kCrcAt, crc32c(batch.view().substr(kCrcCoversFrom)));
  return batch;
}

}  // namespace millrace::wire
