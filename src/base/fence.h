// fenced(): where a function is called that an application brought. What it throws becomes an Error
// on the spot, so that no exception runs through code that does not expect one.
//   auto status = fenced("the rebalance listener", [&] { listener.on_assigned(partitions); });
#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace millrace {

/// The Error for the exception that is being handled: kThrown, "WHAT threw: its message". Inside a
/// catch block only.
Error thrown_error(std::string_view what);

namespace internal {
template <class T>
struct AsResult {
  using Type = Result<T>;
};
template <class T>
struct AsResult<Result<T>> {
  using Type = Result<T>;
};
}  // namespace internal

/// What `function` returns, as a Result.
/// errors  kThrown; what the function itself returned      cost  none unless it throws
template <class Function>
auto fenced(std::string_view what, Function&& function) ->
    typename internal::AsResult<std::invoke_result_t<Function>>::Type {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Function>>) {
      std::forward<Function>(function)();
      return {};
    } else {
      return std::forward<Function>(function)();
    }
  } catch (...) {
    return thrown_error(what);
  }
}

}  // namespace millrace
