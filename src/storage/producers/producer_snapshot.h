// The .snapshot file: the producers of a log as they were before an offset, so that opening need
// not replay the whole log.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/producers/producer_state.h"

namespace millrace::storage {

/// The bytes of a snapshot, version 1: int16 version, uint32 CRC-32C of what follows it, int32
/// count, and 46 bytes a producer. Of the batches it keeps the last one, as Kafka does.
std::string encode_producer_snapshot(const ProducerStates& states);

/// errors  kUnsupported (another version), kCorrupt (CRC, length), kTruncated
Result<ProducerStates> decode_producer_snapshot(std::string_view bytes);

}  // namespace millrace::storage
