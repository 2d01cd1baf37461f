// Reading a log back from its start, batch by batch: what coordinators and the metadata learn their
// state from. Whoever replays sees the batch, and not only keys and values: in whose transaction
// its records stand, and the markers that end one.
#pragma once

#include <functional>

#include "base/buffer.h"
#include "base/result.h"
#include "model/ids.h"
#include "wire/record_batch.h"

namespace millrace::storage {

class BatchVisitor {
 public:
  virtual ~BatchVisitor() = default;

  /// A batch in the order of the log. batch.header() says its producer, whether it is
  /// transactional, and whether its records are control records; batch.next() gives the records.
  /// Returns why the replay is to end, if it is.
  virtual Status on_batch(wire::BatchReader& batch) = 0;
  /// Bytes that are no batch, or one whose records make no sense from some record on. OK goes on
  /// behind it.
  virtual Status on_unreadable(const wire::BatchHeader& header, const Error& why) = 0;
};

/// Whole batches from an offset on, the first of which may begin before it; empty at the end.
using ReadBatches = std::function<Result<Buffer>(Offset from)>;

/// Shows everything from `from` on to `visitor`. Returns where the log ends.
/// errors  those of `read` and of `visitor`; kCorrupt where not even a header makes sense
/// cost    memory for one read, and for the largest batch once more when it is compressed
Result<Offset> replay(const ReadBatches& read, Offset from, BatchVisitor& visitor);

}  // namespace millrace::storage
