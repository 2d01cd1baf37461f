// TransactionIndex: the aborted transactions of a segment, which readers of committed records pass
// over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace millrace::storage {

struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;
  Offset last_offset;         // the marker's
  Offset last_stable_offset;  // as the marker left it

  bool operator==(const AbortedTransaction&) const = default;
};

/// A segment's transaction index in memory: the transactions whose abort markers lie in the
/// segment. They may have begun in an earlier one.
/// invariant  markers' offsets grow from entry to entry, stable offsets do not shrink
class TransactionIndex {
 public:
  void append(const AbortedTransaction& aborted) { entries_.push_back(aborted); }
  std::size_t size() const { return entries_.size(); }
  const std::vector<AbortedTransaction>& entries() const { return entries_; }

  /// Adds to `found` what has records in [from, before). Whether that is all there is: an abort
  /// that left everything before `before` stable has no record behind its marker to look for.
  bool collect(Offset from, Offset before, std::vector<AbortedTransaction>& found) const;

  /// The bytes of the .txnindex file.
  std::string encode() const;
  /// base, end  of the segment
  /// errors  kCorrupt: not whole entries, or one that cannot be; kUnsupported: another version
  static Result<TransactionIndex> decode(Offset base, Offset end, std::string_view bytes);

  bool operator==(const TransactionIndex&) const = default;

 private:
  std::vector<AbortedTransaction> entries_;
};

}  // namespace millrace::storage
