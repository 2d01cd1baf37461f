// Backslashes in an option's text: what a shell does not say easily.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::cli {

/// Reads one escape: n, r, t, 0 (a zero byte), xHH (one or two hexadecimal digits), or a character
/// that is neither letter, digit nor %, which stands for itself.
/// text    begins behind the backslash; what was read is taken off it
/// errors  kInvalidArgument naming the escapes there are
Result<char> take_escape(std::string_view& text);

/// The text with its escapes replaced.
/// option  whose text it is, for the error: "--delimiter"
/// errors  kInvalidArgument
Result<std::string> unescaped(std::string_view option, std::string_view text);

}  // namespace millrace::cli
