// The stream application: from the lines of a log to counts by status and by minute.
#pragma once

#include <string>

#include "base/result.h"
#include "streams/topology/topology.h"

namespace millrace::access_log {

/// Header of a dead letter that says why its line did not parse.
inline constexpr const char* kReasonHeader = "error.reason";

struct Topics {
  std::string log = "access-log";                        // key: client address, value: a line
  std::string by_status = "access-by-status";            // key: status, value: StatusTotals
  std::string by_minute = "access-by-minute-status";     // key: status@start, value: MinuteCount
  std::string dead_letters = "access-log-dead-letters";  // lines that do not parse, as they came
};

/// Counts by the time in the line, not by when it came. A minute stays open for late lines for the
/// whole run: partitions are read unevenly, so one may be days ahead.
Result<streams::Topology> make_topology(const Topics& topics);

}  // namespace millrace::access_log
