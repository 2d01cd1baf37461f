#include "base/error.h"

#include <fmt/format.h>

namespace millrace {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTruncated:
      return "truncated";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kAlreadyExists:
      return "already exists";
    case ErrorCode::kOutOfRange:
      return "out of range";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kLocked:
      return "locked";
    case ErrorCode::kIo:
      return "input/output";
    case ErrorCode::kDiskFull:
      return "disk full";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kThrown:
      return "thrown";
    case ErrorCode::kKafka:
      return "kafka";
  }
  return "unknown";
}

std::string Error::to_string() const {
  return fmt::format("{}: {}", error_code_name(code), message);
}

Error Error::with_context(std::string_view context) && {
  message = fmt::format("{}: {}", context, message);
  return std::move(*this);
}

}  // namespace millrace
