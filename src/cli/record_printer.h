// RecordPrinter: writes records out for `consume`, and remembers what was written.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/console.h"
#include "cli/record_format.h"
#include "client/consumer.h"

namespace millrace::cli {

/// Invariant: what take_written() names went out.
class RecordPrinter {
 public:
  /// Borrows both.
  /// records_max  it is enough after as many
  RecordPrinter(const RecordFormat& format, std::int64_t records_max, Console& console)
      : left_(records_max), format_(format), console_(console) {}

  bool enough() const { return left_ <= 0; }

  /// errors  kIo: the output takes no more; nothing of `polled` counts as written then, though some
  ///         of it may have gone out
  Status write(const client::PolledRecords& polled);

  /// Whoever read the output has gone, or was not there when a stop was asked for: it is enough.
  bool is_closed() const { return is_closed_; }

  /// Where each partition goes on behind what was written since this was last asked.
  client::OffsetsToCommit take_written() { return std::exchange(written_, {}); }

 private:
  std::int64_t left_;
  const RecordFormat& format_;
  Console& console_;
  std::string out_;  // reused
  bool is_closed_ = false;
  client::OffsetsToCommit written_;
};

}  // namespace millrace::cli
