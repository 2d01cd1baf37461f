// A place in a log as a command line says it: where `consume --from` begins, where `group reset
// --to` goes.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

namespace millrace::cli {

enum class LogEnd { kEarliest, kLatest };

/// One end of the log, an offset, or the first record at or after a time.
using StartPosition = std::variant<LogEnd, Offset, Timestamp>;

/// "earliest", "latest", "1200" (an offset), "2015-05-17", "2015-05-17T10:05:03Z" (UTC, with or
/// without milliseconds) or "@1431857103000" (milliseconds since 1970).
/// option  whose text it is, for the error: "--from"
/// errors  kInvalidArgument with the forms there are
Result<StartPosition> parse_start_position(std::string_view option, std::string_view text);

/// "2015-05-17T10:05:03.000Z". Plain milliseconds where that is no time of a year of four digits,
/// and -1 where there is no timestamp: neither may pass for a date.
std::string to_iso_time(Timestamp time);
/// The same, behind what `out` holds.
void append_iso_time(Timestamp time, std::string& out);

}  // namespace millrace::cli
