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
    case EEXIST:
      return ErrorCode::kAlreadyExists;
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

/// Which limit was met, for errors that the reader can do something about.
std::string_view advice_for(int error_number) {
  switch (error_number) {
    case EMFILE:
      return " in this process; raise its limit with `ulimit -n`";
    case ENFILE:
      return "; raise the limit of the machine, sysctl fs.file-max";
    default:
      return {};
  }
}

}  // namespace

std::string system_reason(int error_number) {
  return std::generic_category().message(error_number).append(advice_for(error_number));
}

Error system_error(std::string_view call, std::string_view subject, int error_number) {
  return {code_of(error_number),
          fmt::format("cannot {} {}: {}", call, subject, system_reason(error_number)),
          error_number};
}

}  // namespace millrace::io
