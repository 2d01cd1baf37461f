#include "storage/storage_error.h"

#include <fmt/format.h>

#include "wire/error_codes.h"

namespace millrace::storage {

Error storage_error(std::string_view what, const Error& cause) {
  return wire::make_error(wire::KafkaError::kKafkaStorageError,
                          fmt::format("{}: {}", what, cause.message));
}

}  // namespace millrace::storage
