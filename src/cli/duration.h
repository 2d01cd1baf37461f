// How long: the values of options such as --older-than.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace millrace::cli {

/// A whole number and its unit, "250ms", "30s", "15m", "2h" or "7d". Without a unit nobody could
/// tell seconds from milliseconds, so it is refused.
/// option  names the option in the error             errors  kInvalidArgument
Result<Millis> parse_duration(std::string_view option, std::string_view text);

}  // namespace millrace::cli
