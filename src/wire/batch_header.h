// The 61 bytes in front of a record batch: all that a broker reads of a compressed one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "wire/compression.h"
#include "wire/record_batch_format.h"

namespace millrace::wire {

enum class TimestampType : std::uint8_t { kCreateTime, kLogAppendTime };

/// A batch's header, decoded. Values are as found; check_batch says whether they make sense.
struct BatchHeader {
  Offset base_offset;
  std::int32_t batch_length = 0;  // bytes after the length field
  LeaderEpoch partition_leader_epoch;
  std::int8_t magic = batch_format::kMagic;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  Timestamp base_timestamp;
  Timestamp max_timestamp;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::int32_t base_sequence = 0;
  std::int32_t record_count = 0;

  std::size_t size_bytes() const {
    return static_cast<std::size_t>(batch_length) + batch_format::kLengthOverhead;
  }
  Offset last_offset() const { return base_offset + last_offset_delta; }
  Offset next_offset() const { return base_offset + (std::int64_t{last_offset_delta} + 1); }
  /// The number that check_batch has found to be a codec.
  Compression compression() const {
    return static_cast<Compression>(attributes & batch_format::kCompressionMask);
  }
  TimestampType timestamp_type() const {
    return (attributes & batch_format::kLogAppendTimeBit) != 0 ? TimestampType::kLogAppendTime
                                                               : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return (attributes & batch_format::kTransactionalBit) != 0; }
  bool is_control() const { return (attributes & batch_format::kControlBit) != 0; }
  bool has_producer() const { return producer_id != kNoProducerId; }
  /// The sequence of the last record: counts on from base_sequence and wraps from 2^31-1 to 0.
  std::int32_t last_sequence() const;
};

/// Decodes the header at the start of `bytes`, which may hold more.
/// errors  kTruncated (fewer than 61 bytes), kUnsupported (magic other than 2), kCorrupt
///         (batch_length too small for a header)
Result<BatchHeader> read_batch_header(std::string_view bytes);

enum class CrcCheck : std::uint8_t { kVerify, kSkip };

/// Decodes and checks a batch that must fill `bytes` exactly: magic, length, codec number, counts,
/// CRC. The records themselves are not looked at.
/// errors  kTruncated, kUnsupported, kCorrupt, with what was wanted and what was found
/// cost    CRC over the batch
Result<BatchHeader> check_batch(std::string_view bytes, CrcCheck crc = CrcCheck::kVerify);

/// Writes into a batch in place; these two fields lie outside the CRC.
void patch_base_offset(char* batch, Offset base_offset);
void patch_leader_epoch(char* batch, LeaderEpoch epoch);

/// Marks a batch as stamped by the log: timestamp type LogAppendTime, max timestamp `now`, new CRC.
/// `size_bytes` is the whole batch.
void patch_log_append_time(char* batch, std::size_t size_bytes, Timestamp now);

/// Lets the header say that the latest record is of `max_timestamp`, with a new CRC, unless it says
/// so. `size_bytes` is the whole batch.
void patch_max_timestamp(char* batch, std::size_t size_bytes, Timestamp max_timestamp);

/// Gives a batch that is already encoded another producer, epoch or sequence, and a new CRC.
void patch_producer(char* batch, std::size_t size_bytes, ProducerId id, ProducerEpoch epoch,
                    std::int32_t base_sequence);

/// Sequence arithmetic: `count` after `sequence`, wrapping from 2^31-1 to 0.
std::int32_t sequence_after(std::int32_t sequence, std::int32_t count);

}  // namespace millrace::wire
