#include "storage/log_replay.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::storage {
namespace {

Status show(std::string_view bytes, const wire::BatchHeader& header, Buffer& scratch,
            BatchVisitor& visitor) {
  auto batch = wire::BatchReader::open(bytes, scratch);
  if (!batch.ok()) return visitor.on_unreadable(header, batch.error());
  if (Status status = visitor.on_batch(*batch); !status.ok()) return status;
  if (!batch->status().ok()) return visitor.on_unreadable(header, batch->status().error());
  return {};
}

}  // namespace

Result<Offset> replay(const ReadBatches& read, Offset from, BatchVisitor& visitor) {
  Buffer scratch;
  for (;;) {
    auto bytes = read(from);
    if (!bytes.ok()) return std::move(bytes).error();
    const Offset before = from;
    wire::BatchCursor cursor(bytes->view());
    while (const auto batch = cursor.next()) {
      const auto header = wire::read_batch_header(*batch);
      if (!header.ok()) return header.error();
      if (header->last_offset() < from) continue;
      if (Status status = show(*batch, *header, scratch, visitor); !status.ok()) {
        return std::move(status).error();
      }
      from = header->next_offset();
    }
    if (!cursor.status().ok()) return cursor.status().error();
    if (from == before) return from;
  }
}

}  // namespace millrace::storage
