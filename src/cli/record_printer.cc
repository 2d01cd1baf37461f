#include "cli/record_printer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace millrace::cli {

Status RecordPrinter::write(const client::PolledRecords& polled) {
  out_.clear();
  client::OffsetsToCommit ends;
  for (const auto& part : polled) {
    for (const RecordView& record : part.records) {
      if (left_ <= 0) break;
      --left_;
      append_record(format_, part.partition, record, out_);
      ends[part.partition] = {.offset = record.offset + 1, .leader_epoch = part.leader_epoch};
    }
    // Behind the last record there may be something that is not for readers.
    if (left_ > 0) {
      ends[part.partition] = {.offset = part.next_offset, .leader_epoch = part.leader_epoch};
    }
  }
  errno = 0;
  if (!Console::write(console_.out, out_) || !Console::flush(console_.out)) {
    // Interrupted: a stop was asked for while nobody took the output.
    is_closed_ = errno == EPIPE || errno == EINTR;
    return Error{ErrorCode::kIo,
                 fmt::format("wanted to write records out, found: {}", std::strerror(errno))};
  }
  for (auto& [partition, end] : ends) written_[partition] = end;
  return {};
}

}  // namespace millrace::cli
