// The checks before an append: pure, so that they can be told apart from the writing.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "storage/log_config.h"
#include "storage/producers/producer_state.h"
#include "wire/batch_header.h"
#include "wire/record_walk.h"

namespace millrace::storage {

struct CheckedBatch {
  wire::BatchHeader header;                  // its max_timestamp is that of the records
  std::optional<AppendedBatch> repeats;      // set: it stands in the log already
  std::optional<wire::TransactionEnd> ends;  // set: it is a marker
};

/// Whether the batch may be appended, and what it says.
/// errors  Kafka's, as PartitionLog::append lists them
/// budget  what inflates is taken off it
/// cost    CRC of the batch; from clients also a walk over the records, inflated piece by piece
/// source  Kafka's LogValidator and UnifiedLog
Result<CheckedBatch> check_append(std::string_view batch, const LogConfig& config,
                                  const ProducerStates& producers, const AppendAs& as,
                                  Timestamp now, wire::InflationBudget& budget);

/// Whether a batch of that many bytes may be stored.
/// errors  MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE
Status check_batch_size(std::size_t size_bytes, const LogConfig& config);

/// Gives the batch its place in the log: offset, epoch, and the time stamp that its header or, with
/// LogAppendTime, the log says. Returns the header as it then is.
wire::BatchHeader place_batch(std::span<char> batch, wire::BatchHeader header, Offset base,
                              LeaderEpoch epoch, const LogConfig& config, Timestamp now);

}  // namespace millrace::storage
