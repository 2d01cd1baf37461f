// The control batch that ends a producer's transaction on one partition: a batch of one record,
// whose key says how it ended and whose value which coordinator decided.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

namespace millrace::wire {

enum class TransactionResult : std::uint8_t { kAbort, kCommit };

/// Levels of the feature transaction.version. From k2 on every transaction has an epoch of its own
/// (KIP-890): who ends one raises the epoch.
enum class TransactionVersion : std::int8_t { k0 = 0, k1 = 1, k2 = 2 };

/// What a marker says of the transaction that it ends.
struct TransactionEnd {
  TransactionResult result = TransactionResult::kAbort;
  std::int32_t coordinator_epoch = -1;

  bool operator==(const TransactionEnd&) const = default;
};

/// Who ends whose transaction, and how.
struct TransactionMarker {
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  TransactionEnd end;
};

/// Kafka's bytes, key version 0 and value version 0; offset and leader epoch are the log's to fill
/// in.
Buffer build_transaction_marker(const TransactionMarker& marker, Timestamp now);

/// What the first record of a control batch says. The batch must fill `batch` exactly.
/// errors  kCorrupt, kTruncated; kUnsupported (a control record of another kind); kNotFound (a batch
///         whose record compaction has taken out)
Result<TransactionEnd> read_transaction_end(std::string_view batch);

}  // namespace millrace::wire
