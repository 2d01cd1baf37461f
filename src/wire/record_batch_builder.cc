#include "wire/record_batch_builder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/byte_order.h"
#include "base/check.h"
#include "base/varint.h"
#include "wire/crc32c.h"

namespace millrace::wire {
namespace {

using namespace batch_format;

constexpr std::size_t kAttributesSize = 1;
constexpr char kNullLength = 1;  // -1, zig-zag coded

std::size_t field_size(const std::optional<std::string_view>& field) {
  if (!field) return 1;
  return varint_size(static_cast<std::int32_t>(field->size())) + field->size();
}

char* write_bytes(char* to, std::string_view bytes) {
  to = write_varint(to, static_cast<std::int32_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* write_field(char* to, const std::optional<std::string_view>& field) {
  if (field) return write_bytes(to, *field);
  *to = kNullLength;
  return to + 1;
}

std::size_t headers_size(std::span<const HeaderView> headers) {
  std::size_t size = varint_size(static_cast<std::int32_t>(headers.size()));
  for (const HeaderView& header : headers)
    size += field_size(header.key) + field_size(header.value);
  return size;
}

char* write_headers(char* to, std::span<const HeaderView> headers) {
  to = write_varint(to, static_cast<std::int32_t>(headers.size()));
  for (const HeaderView& header : headers) {
    to = write_field(write_bytes(to, header.key), header.value);
  }
  return to;
}

std::size_t headers_size(const HeadersView& headers) {
  return varint_size(headers.count()) + headers.wire_bytes().size();
}

char* write_headers(char* to, const HeadersView& headers) {
  to = write_varint(to, headers.count());
  const std::string_view bytes = headers.wire_bytes();
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

std::int16_t attributes_of(const BatchOptions& options) {
  auto attributes = static_cast<std::int16_t>(options.compression);
  if (options.is_transactional) attributes |= kTransactionalBit;
  if (options.is_control) attributes |= kControlBit;
  return attributes;
}

}  // namespace

RecordBatchBuilder::RecordBatchBuilder(BatchOptions options, std::size_t capacity_bytes)
    : options_(options), capacity_bytes_(std::max(capacity_bytes, kHeaderSize)) {}

char* RecordBatchBuilder::begin_record(std::size_t rest_size, Timestamp timestamp) {
  if (buffer_.empty()) {
    buffer_.reserve(capacity_bytes_);
    buffer_.resize_uninitialized(kHeaderSize);
    base_timestamp_ = timestamp;
    max_timestamp_ = timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  const auto timestamp_delta =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp.value()) -
                                static_cast<std::uint64_t>(base_timestamp_.value()));
  const std::size_t body_size =
      kAttributesSize + varint_size(timestamp_delta) + varint_size(count_) + rest_size;
  CHECK(body_size <= INT32_MAX, "a record of {} bytes", body_size);
  const auto length = static_cast<std::int32_t>(body_size);
  char* to = write_varint(buffer_.extend(varint_size(length) + body_size), length);
  *to++ = 0;  // record attributes: none are defined
  to = write_varint(to, timestamp_delta);
  return write_varint(to, count_++);
}

void RecordBatchBuilder::append(Timestamp timestamp, std::optional<std::string_view> key,
                                std::optional<std::string_view> value,
                                std::span<const HeaderView> headers) {
  char* const to =
      begin_record(field_size(key) + field_size(value) + headers_size(headers), timestamp);
  write_headers(write_field(write_field(to, key), value), headers);
}

void RecordBatchBuilder::append(Timestamp timestamp, std::optional<std::string_view> key,
                                std::optional<std::string_view> value, const HeadersView& headers) {
  char* const to =
      begin_record(field_size(key) + field_size(value) + headers_size(headers), timestamp);
  write_headers(write_field(write_field(to, key), value), headers);
}

std::size_t RecordBatchBuilder::record_size_max(std::optional<std::string_view> key,
                                                std::optional<std::string_view> value,
                                                std::span<const HeaderView> headers) {
  return kVarint32BytesMax + kAttributesSize + kVarint64BytesMax + kVarint32BytesMax +
         field_size(key) + field_size(value) + headers_size(headers);
}

void RecordBatchBuilder::set_producer(ProducerId id, ProducerEpoch epoch,
                                      std::int32_t base_sequence) {
  options_.producer_id = id;
  options_.producer_epoch = epoch;
  options_.base_sequence = base_sequence;
}

void RecordBatchBuilder::write_header(Buffer& batch) const {
  char* const at = batch.data();
  CHECK(batch.size() - kLengthOverhead <= INT32_MAX, "a batch of {} bytes", batch.size());
  store_big_endian(at + kBaseOffsetAt, options_.base_offset.value());
  store_big_endian(at + kBatchLengthAt, static_cast<std::int32_t>(batch.size() - kLengthOverhead));
  store_big_endian(at + kPartitionLeaderEpochAt, options_.partition_leader_epoch.value());
  store_big_endian(at + kMagicAt, kMagic);
  store_big_endian(at + kAttributesAt, attributes_of(options_));
  store_big_endian(at + kLastOffsetDeltaAt, count_ - 1);
  store_big_endian(at + kBaseTimestampAt, base_timestamp_.value());
  store_big_endian(at + kMaxTimestampAt, max_timestamp_.value());
  store_big_endian(at + kProducerIdAt, options_.producer_id.value());
  store_big_endian(at + kProducerEpochAt, options_.producer_epoch.value());
  store_big_endian(at + kBaseSequenceAt, options_.base_sequence);
  store_big_endian(at + kRecordCountAt, count_);
  store_big_endian(at + kCrcAt, crc32c(batch.view().substr(kCrcCoversFrom)));
}

Buffer RecordBatchBuilder::build(Buffer into) {
  CHECK(count_ > 0, "a batch needs a record");
  Buffer batch = std::move(into);
  if (options_.compression == Compression::kNone) {
    batch = std::exchange(buffer_, Buffer{});
  } else {
    const std::string_view records = buffer_.view().substr(kHeaderSize);
    batch.reserve(kHeaderSize + records.size() / 2);
    batch.resize_uninitialized(kHeaderSize);
    const Status status =
        compress(options_.compression, options_.compression_level, records, batch);
    CHECK(status.ok(), "{}", status.error().to_string());
  }
  write_header(batch);
  clear();
  return batch;
}

void RecordBatchBuilder::recycle(Buffer buffer) {
  if (!buffer_.empty() || buffer.capacity() <= buffer_.capacity()) return;
  buffer_ = std::move(buffer);
  buffer_.clear();
}

Buffer RecordBatchBuilder::release() {
  clear();
  return std::exchange(buffer_, Buffer{});
}

void RecordBatchBuilder::clear() {
  buffer_.clear();
  count_ = 0;
  base_timestamp_ = kNoTimestamp;
  max_timestamp_ = kNoTimestamp;
}

}  // namespace millrace::wire
