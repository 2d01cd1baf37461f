// TransactionIndexSums: what the transaction indexes of a log were when it was closed. Without them
// a file that is gone says that nothing was aborted, and readers of committed records would get
// what was.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace millrace::storage {

inline constexpr std::string_view kTransactionIndexSumsName = "transaction-index-checkpoint";

/// The CRC-32C of each segment's .txnindex, by the segment's base.
using TransactionIndexSums = std::map<Offset, std::uint32_t>;

/// The text of the checkpoint: a line "base crc" a segment.
std::string encode_transaction_index_sums(const TransactionIndexSums& sums);
/// errors  kUnsupported, kCorrupt
Result<TransactionIndexSums> decode_transaction_index_sums(std::string_view text);

}  // namespace millrace::storage
