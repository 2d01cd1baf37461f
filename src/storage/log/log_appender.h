// What is done before an append, without the log: pure, so that it can be told apart from the
// writing, and needs no writer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "storage/log_config.h"
#include "storage/producers/producer_state.h"
#include "wire/batch_header.h"
#include "wire/record_walk.h"

namespace millrace::storage {

/// A batch that may be appended as far as can be said without the log: producers are not asked.
struct PreparedBatch {
  std::span<char> sent;                      // the sender's own bytes, which must stay
  Buffer recompressed;                       // what is stored in their place, unless empty
  wire::BatchHeader header;                  // of what is stored; its max_timestamp is the records'
  std::optional<wire::TransactionEnd> ends;  // set: it is a marker
  AppendAs as;
  std::shared_ptr<const LogConfig> config;  // which it was held against, and is stored under

  std::span<char> bytes() {
    return recompressed.empty() ? sent : std::span(recompressed.data(), recompressed.size());
  }
  std::string_view view() { return {bytes().data(), bytes().size()}; }
};

/// Whether the batch may be appended, and what is to be stored.
/// errors  Kafka's, as PartitionLog::prepare lists them
/// budget  what inflates is taken off it
/// cost    CRC of the batch; from clients also a walk over the records, inflated piece by piece, and
///         a recompression when the topic wants another codec
/// source  Kafka's LogValidator and UnifiedLog
Result<PreparedBatch> prepare_append(std::span<char> batch, std::shared_ptr<const LogConfig> config,
                                     const AppendAs& as, Timestamp now,
                                     wire::InflationBudget& budget);

/// Gives the batch its place in the log: offset, epoch, and the time stamp that its header or, with
/// LogAppendTime, the log says. Returns the header as it then is.
wire::BatchHeader place_batch(PreparedBatch& batch, Offset base, LeaderEpoch epoch, Timestamp now);

}  // namespace millrace::storage
