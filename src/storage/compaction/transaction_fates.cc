#include "storage/compaction/transaction_fates.h"

#include <algorithm>

namespace millrace::storage {

void TransactionFates::on_batch(const wire::BatchHeader& header) {
  if (!header.is_transactional() || header.is_control()) return;
  open_.emplace(header.producer_id, header.base_offset);
}

void TransactionFates::on_marker(const wire::BatchHeader& header, wire::TransactionResult result) {
  const auto found = open_.find(header.producer_id);
  if (found == open_.end()) return;
  if (result == wire::TransactionResult::kAbort) {
    aborted_[header.producer_id].push_back({found->second, header.base_offset});
  }
  open_.erase(found);
}

bool TransactionFates::is_aborted(const wire::BatchHeader& header) const {
  if (!header.is_transactional() || header.is_control()) return false;
  const auto found = aborted_.find(header.producer_id);
  if (found == aborted_.end()) return false;
  const auto next =
      std::upper_bound(found->second.begin(), found->second.end(), header.base_offset,
                       [](Offset offset, const Range& range) { return offset < range.marker; });
  return next != found->second.end() && header.base_offset >= next->first;
}

}  // namespace millrace::storage
