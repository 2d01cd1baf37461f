// One line of a web server's access log in Apache's combined format, taken apart in place.
//   83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 20 "http://…" "Mozilla/5.0
//   …"
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace millrace::access_log {

/// Views into the line that was parsed. Quoted fields are as written, escapes included.
struct AccessLine {
  std::string_view client;  // address or host name
  std::string_view user;    // "-" when nobody was logged in
  Timestamp time;
  std::string_view request;  // "GET /path HTTP/1.1"
  std::int32_t status = 0;
  std::int64_t bytes = 0;  // of the body; "-" in the log is 0
  std::string_view referrer;
  std::string_view user_agent;
};

/// A line longer than this is refused.
inline constexpr std::size_t kLineBytesMax = 65'536;

/// Takes `line`, without its line end, apart. Only the last field may lack its closing quote: some
/// servers cut long user agents, and the request itself is whole then.
/// errors  kCorrupt: not UTF-8, or the first field that is not as the format says, with what was
///         found and at which byte; kTooLarge
/// source  Apache HTTP Server, mod_log_config: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\"
///         \"%{User-agent}i\""
Result<AccessLine> parse_access_line(std::string_view line);

/// Milliseconds since 1970 of "17/May/2015:10:05:03 +0000".
/// errors  kCorrupt
Result<Timestamp> parse_log_time(std::string_view text);

}  // namespace millrace::access_log
