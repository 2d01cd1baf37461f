#include "wire/batch_header.h"

#include <fmt/format.h>

#include "base/byte_order.h"
#include "wire/crc32c.h"

namespace millrace::wire {
namespace {

using namespace batch_format;

Error corrupt(std::string message) {
  return Error{ErrorCode::kCorrupt, std::move(message)};
}

void rewrite_crc(char* batch, std::size_t size_bytes) {
  const std::string_view covered{batch + kCrcCoversFrom, size_bytes - kCrcCoversFrom};
  store_big_endian(batch + kCrcAt, crc32c(covered));
}

}  // namespace

std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
  const std::int64_t sum = std::int64_t{sequence} + count;
  return static_cast<std::int32_t>(sum > INT32_MAX ? sum - (std::int64_t{INT32_MAX} + 1) : sum);
}

std::int32_t BatchHeader::last_sequence() const {
  return base_sequence < 0 ? base_sequence : sequence_after(base_sequence, last_offset_delta);
}

Result<BatchHeader> read_batch_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize) {
    return Error{ErrorCode::kTruncated,
                 fmt::format("batch header: wanted {} bytes, found {}", kHeaderSize, bytes.size())};
  }
  const char* const at = bytes.data();
  BatchHeader header;
  header.magic = load_big_endian<std::int8_t>(at + kMagicAt);
  if (header.magic != kMagic) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("batch magic {}: only format version 2 is spoken", header.magic)};
  }
  header.base_offset = Offset{load_big_endian<std::int64_t>(at + kBaseOffsetAt)};
  header.batch_length = load_big_endian<std::int32_t>(at + kBatchLengthAt);
  if (header.batch_length < static_cast<std::int32_t>(kHeaderSize - kLengthOverhead)) {
    return corrupt(fmt::format("batch length {} is smaller than a header", header.batch_length));
  }
  header.partition_leader_epoch =
      LeaderEpoch{load_big_endian<std::int32_t>(at + kPartitionLeaderEpochAt)};
  header.crc = load_big_endian<std::uint32_t>(at + kCrcAt);
  header.attributes = load_big_endian<std::int16_t>(at + kAttributesAt);
  header.last_offset_delta = load_big_endian<std::int32_t>(at + kLastOffsetDeltaAt);
  header.base_timestamp = Timestamp{load_big_endian<std::int64_t>(at + kBaseTimestampAt)};
  header.max_timestamp = Timestamp{load_big_endian<std::int64_t>(at + kMaxTimestampAt)};
  header.producer_id = ProducerId{load_big_endian<std::int64_t>(at + kProducerIdAt)};
  header.producer_epoch = ProducerEpoch{load_big_endian<std::int16_t>(at + kProducerEpochAt)};
  header.base_sequence = load_big_endian<std::int32_t>(at + kBaseSequenceAt);
  header.record_count = load_big_endian<std::int32_t>(at + kRecordCountAt);
  return header;
}

Result<BatchHeader> check_batch(std::string_view bytes, CrcCheck crc) {
  auto read = read_batch_header(bytes);
  if (!read.ok()) return read;
  const BatchHeader& header = *read;
  if (header.size_bytes() != bytes.size()) {
    return corrupt(
        fmt::format("batch says it has {} bytes, found {}", header.size_bytes(), bytes.size()));
  }
  if (crc == CrcCheck::kVerify) {
    const std::uint32_t computed = crc32c(bytes.substr(kCrcCoversFrom));
    if (computed != header.crc) {
      return corrupt(fmt::format("batch at offset {}: wanted crc {:#010x}, found {:#010x}",
                                 header.base_offset, header.crc, computed));
    }
  }
  if ((header.attributes & kCompressionMask) > static_cast<int>(Compression::kZstd)) {
    return corrupt(fmt::format("batch names codec {}, there are 0 to 4",
                               header.attributes & kCompressionMask));
  }
  if (header.last_offset_delta < 0 || header.record_count < 0 ||
      header.record_count > std::int64_t{header.last_offset_delta} + 1) {
    return corrupt(fmt::format("batch says {} records with a last offset delta of {}",
                               header.record_count, header.last_offset_delta));
  }
  return read;
}

void patch_base_offset(char* batch, Offset base_offset) {
  store_big_endian(batch + kBaseOffsetAt, base_offset.value());
}

void patch_leader_epoch(char* batch, LeaderEpoch epoch) {
  store_big_endian(batch + kPartitionLeaderEpochAt, epoch.value());
}

void patch_log_append_time(char* batch, std::size_t size_bytes, Timestamp now) {
  const auto attributes = load_big_endian<std::int16_t>(batch + kAttributesAt);
  store_big_endian(batch + kAttributesAt,
                   static_cast<std::int16_t>(attributes | kLogAppendTimeBit));
  store_big_endian(batch + kMaxTimestampAt, now.value());
  rewrite_crc(batch, size_bytes);
}

void patch_max_timestamp(char* batch, std::size_t size_bytes, Timestamp max_timestamp) {
  if (load_big_endian<std::int64_t>(batch + kMaxTimestampAt) == max_timestamp.value()) return;
  store_big_endian(batch + kMaxTimestampAt, max_timestamp.value());
  rewrite_crc(batch, size_bytes);
}

void patch_producer(char* batch, std::size_t size_bytes, ProducerId id, ProducerEpoch epoch,
                    std::int32_t base_sequence) {
  store_big_endian(batch + kProducerIdAt, id.value());
  store_big_endian(batch + kProducerEpochAt, epoch.value());
  store_big_endian(batch + kBaseSequenceAt, base_sequence);
  rewrite_crc(batch, size_bytes);
}

}  // namespace millrace::wire
