#include "base/fence.h"

#include <fmt/format.h>

#include <exception>

namespace millrace {

Error thrown_error(std::string_view what) {
  try {
    throw;
  } catch (const std::exception& exception) {
    return Error{ErrorCode::kThrown, fmt::format("{} threw: {}", what, exception.what())};
  } catch (...) {
    return Error{ErrorCode::kThrown,
                 fmt::format("{} threw something that is no std::exception", what)};
  }
}

}  // namespace millrace
