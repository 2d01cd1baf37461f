// Results as text for a terminal: tables with small bar charts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "apps/access_log/results.h"

namespace millrace::access_log {

/// Requests and bytes of each status, with a bar for the share of the requests.
std::string status_table(const Results& results);
/// The busiest minutes, in order of time, with a bar for the requests and a column for errors.
std::string minute_table(const Results& results, std::size_t rows_max);
/// Why lines were refused and how often; empty when none was.
std::string dead_letter_table(const Results& results);

/// `share` (0 to 1) of `width` columns, in eighths of a column.
std::string bar(double share, std::size_t width);
/// "9,126"
std::string with_thousands(std::int64_t number);
/// "2.7 GB", in powers of ten.
std::string readable_bytes(std::int64_t bytes);

}  // namespace millrace::access_log
