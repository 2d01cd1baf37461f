// LineTransactions: the lines that `produce --transactional-id` sends, so many of them a
// transaction.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "client/producer.h"

namespace millrace::cli {

/// Invariant: a transaction is open from begin() to finish(), and between two lines only.
class LineTransactions {
 public:
  /// lines_each  above 0; the producer outlives this
  LineTransactions(client::Producer& producer, std::uint64_t lines_each)
      : producer_(producer), lines_each_(lines_each) {}

  /// errors  why the cluster does not let this producer in
  Status begin();
  /// A line was sent. Commits when it was the last of its transaction.
  /// errors  why it was not committed: its lines are not written
  Status line_sent();
  enum class End { kCommit, kAbort };
  /// Ends the last one. Lines of an aborted transaction are not written.
  Status finish(End end);

  std::uint64_t committed() const { return committed_; }

 private:
  Status commit();

  client::Producer& producer_;
  const std::uint64_t lines_each_;
  std::uint64_t sent_ = 0;  // in the transaction that is open
  std::uint64_t committed_ = 0;
  bool is_open_ = false;
};

}  // namespace millrace::cli
