// Where `consume` begins without a group.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "cli/console.h"
#include "cli/start_position.h"
#include "client/consumer.h"

namespace millrace::cli {

/// So many before the end of each partition, or its start when it has not as many. Offsets are
/// counted: markers of transactions count too.
struct LastRecords {
  std::int64_t count = 0;
  bool operator==(const LastRecords&) const = default;
};
using ReadingStart = std::variant<StartPosition, LastRecords>;

/// What parse_start_position() takes, "-5" for the last five, and kcat's words: "beginning", "end",
/// "s@1431857103000".
/// errors  kInvalidArgument with the forms there are
Result<ReadingStart> parse_reading_start(std::string_view text);

/// Assigns `partitions` and seeks. Says on `console` when no record is as late as the time that was
/// asked for.
/// errors  kInvalidArgument when a partition does not reach to the offset, or no longer has it;
///         those of Consumer's questions for offsets
Status start_reading(client::Consumer& consumer, const client::PartitionList& partitions,
                     const ReadingStart& start, Console& console);

}  // namespace millrace::cli
