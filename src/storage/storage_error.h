// What went wrong with a log's files, as a broker answers it.
#pragma once

#include <string_view>

#include "base/result.h"

namespace millrace::storage {

/// KAFKA_STORAGE_ERROR; `what` says what was being done.
Error storage_error(std::string_view what, const Error& cause);

}  // namespace millrace::storage
