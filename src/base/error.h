// What went wrong, in one value: a code to branch on and a sentence for the person who reads it.
// Used by every module; a function that can fail returns Result<T> (base/result.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

enum class ErrorCode : std::uint8_t {
  kTruncated,        // input ended before what it announced
  kCorrupt,          // input contradicts its own format: checksum, length, impossible value
  kInvalidArgument,  // the caller asked for something that has no meaning
  kNotFound,
  kAlreadyExists,
  kOutOfRange,   // an offset or position that does not lie in the thing asked
  kTooLarge,     // over a named limit
  kUnsupported,  // a version, codec or feature this build does not speak
  kLocked,       // another process or thread owns it
  kIo,           // the operating system refused; detail is errno
  kDiskFull,
  kTimeout,
  kClosed,     // the connection, log or client was closed
  kCancelled,  // given up on request
  kThrown,     // a function that the application brought threw an exception
  kKafka,      // the broker answered with an error; detail is the Kafka error code
};

/// Stable lower-case name, for logs and metrics.
std::string_view error_code_name(ErrorCode code);

/// An error: `code` to branch on, `message` that says what was wanted, what was found and where.
struct Error {
  ErrorCode code;
  std::string message;
  std::int32_t detail = 0;  // errno for kIo, Kafka error code for kKafka, otherwise 0

  /// Whether the same call may succeed later without anyone changing anything.
  /// For kKafka this knows only the code's number; wire/error_codes.h decides for those.
  bool is_retriable() const { return code == ErrorCode::kTimeout || code == ErrorCode::kClosed; }

  /// "code: message", for people.
  std::string to_string() const;

  /// The same error with "context: " before its message.
  Error with_context(std::string_view context) &&;
};

}  // namespace millrace
