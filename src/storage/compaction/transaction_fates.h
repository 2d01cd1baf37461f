// TransactionFates: which records are of transactions that were aborted, learned from the batches
// of a log as they are walked. From the log itself, so that no index has to be trusted where
// records are dropped for good. Pure.
#pragma once

#include <unordered_map>
#include <vector>

#include "model/ids.h"
#include "wire/batch_header.h"
#include "wire/transaction_marker.h"

namespace millrace::storage {

/// thread     one at a time
/// invariant  what is asked of lies among what was walked
class TransactionFates {
 public:
  /// In order of their offsets, the markers among them.
  void on_batch(const wire::BatchHeader& header);
  void on_marker(const wire::BatchHeader& header, wire::TransactionResult result);

  /// Whether the marker of some transaction has not come yet.
  bool has_undecided() const { return !open_.empty(); }
  /// Whether the batch's records are of an aborted transaction.
  bool is_aborted(const wire::BatchHeader& header) const;

 private:
  struct Range {
    Offset first;   // of its first record that was walked
    Offset marker;  // that aborted it
  };

  std::unordered_map<ProducerId, Offset> open_;
  std::unordered_map<ProducerId, std::vector<Range>> aborted_;  // in order
};

}  // namespace millrace::storage
