#include "io/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace millrace::io {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // the process or the file system limits how large files get
      return ErrorCode::kDiskFull;
    case ECONNRESET:
    case EPIPE:
      return ErrorCode::kClosed;
    case ETIMEDOUT:
      return ErrorCode::kTimeout;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error system_error(std::string_view call, std::string_view subject, int error_number) {
  return {
      code_of(error_number),
      fmt::format("cannot {} {}: {}", call, subject, std::generic_category().message(error_number)),
      error_number};
}

}  // namespace millrace::io
