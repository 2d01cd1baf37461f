// errno as an Error: what was tried, on what, and the system's reason.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace millrace::io {

/// "Permission denied"; where a limit was met, also how to raise it.
std::string system_reason(int error_number);

/// "cannot open /data/x: Permission denied". ENOENT is kNotFound, ENOSPC and EDQUOT are kDiskFull,
/// a connection that broke is kClosed, a wait that ran out kTimeout, the rest kIo; detail is errno.
/// call    verb, such as "open"        subject  a path or an address
Error system_error(std::string_view call, std::string_view subject, int error_number);

}  // namespace millrace::io
