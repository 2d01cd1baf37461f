// The machine's files: FileSystem on POSIX calls.
#pragma once

#include <memory>

#include "io/file_system.h"

namespace millrace::io {

/// Errors name the call, the path and the reason; detail is errno. A full disk (or quota) is
/// kDiskFull, a missing path kNotFound, the rest kIo. lock() takes an flock, so it ends with the
/// process however that dies, and its holder's process id stands in the file.
std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace millrace::io
