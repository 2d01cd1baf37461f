// WrittenOffsets: what `consume --group` commits.
#pragma once

#include "base/result.h"
#include "cli/console.h"
#include "client/consumer.h"

namespace millrace::cli {

/// Commits what was written out, also over rebalances. A group that goes on without this member is
/// no failure: the member joins again, and what was not committed comes again.
class WrittenOffsets {
 public:
  /// Borrows both.
  WrittenOffsets(client::Consumer& consumer, Console& console)
      : consumer_(consumer), console_(console) {}

  void add(const client::OffsetsToCommit& offsets);
  /// errors  those of commit_sync() that joining again does not mend
  Status commit();
  /// At the end, when the last commit met a rebalance: goes through with it and commits then.
  Status commit_at_last();

 private:
  void drop_what_others_have();

  client::Consumer& consumer_;
  Console& console_;
  client::OffsetsToCommit uncommitted_;
};

}  // namespace millrace::cli
