// The bytes of a record batch (message format v2), shared by everything that reads or writes one.
// Integers are big-endian. The CRC covers everything after itself, so base offset and leader epoch,
// which the broker assigns, lie outside it.
// source  Kafka documentation, "Record Batch"; KIP-98
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::wire::batch_format {

inline constexpr std::size_t kBaseOffsetAt = 0;             // int64
inline constexpr std::size_t kBatchLengthAt = 8;            // int32: bytes after this field
inline constexpr std::size_t kPartitionLeaderEpochAt = 12;  // int32
inline constexpr std::size_t kMagicAt = 16;                 // int8
inline constexpr std::size_t kCrcAt = 17;                   // uint32
inline constexpr std::size_t kAttributesAt = 21;            // int16
inline constexpr std::size_t kLastOffsetDeltaAt = 23;       // int32
inline constexpr std::size_t kBaseTimestampAt = 27;         // int64
inline constexpr std::size_t kMaxTimestampAt = 35;          // int64
inline constexpr std::size_t kProducerIdAt = 43;            // int64
inline constexpr std::size_t kProducerEpochAt = 51;         // int16
inline constexpr std::size_t kBaseSequenceAt = 53;          // int32
inline constexpr std::size_t kRecordCountAt = 57;           // int32
inline constexpr std::size_t kHeaderSize = 61;

/// What batch_length does not count: base offset and itself.
inline constexpr std::size_t kLengthOverhead = 12;
/// Where the bytes that the CRC covers begin.
inline constexpr std::size_t kCrcCoversFrom = kAttributesAt;

inline constexpr std::int8_t kMagic = 2;

/// The largest base offset whose batch still has a next offset.
inline constexpr std::int64_t kBaseOffsetMax = INT64_MAX - INT32_MAX - 1;

inline constexpr std::int16_t kCompressionMask = 0x07;
inline constexpr std::int16_t kLogAppendTimeBit = 0x08;
inline constexpr std::int16_t kTransactionalBit = 0x10;
inline constexpr std::int16_t kControlBit = 0x20;
inline constexpr std::int16_t kDeleteHorizonBit =
    0x40;  // base timestamp holds the horizon: KIP-534

static_assert(kBatchLengthAt + sizeof(std::int32_t) == kLengthOverhead);
static_assert(kCrcAt + sizeof(std::uint32_t) == kAttributesAt);
static_assert(kRecordCountAt + sizeof(std::int32_t) == kHeaderSize);

}  // namespace millrace::wire::batch_format
