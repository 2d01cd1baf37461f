// The fence around functions of the user's: what they throw becomes an Error, so that a record that
// cannot be processed fails its task and not the process.
#pragma once

#include <utility>

#include "base/result.h"

namespace millrace::streams {

/// The exception under way as an Error that says a function of the user's threw, and what.
/// Only inside a catch block.
Error error_of_thrown();

/// Calls `function()`, inside which functions of the user's are called.
/// errors  what was thrown
template <class Function>
Status fenced(Function&& function) {
  try {
    std::forward<Function>(function)();
    return {};
  } catch (...) {
    return error_of_thrown();
  }
}

}  // namespace millrace::streams
