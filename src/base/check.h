// CHECK(condition, "format", values…): an invariant of this program, tested in every build.
// On failure it prints the place, the condition and the values, and aborts. Never for bytes from
// outside: those are answered with an Error.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace millrace::internal {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view message);

}  // namespace millrace::internal

#define CHECK(condition, ...)                                            \
  do {                                                                   \
    if (!(condition)) [[unlikely]] {                                     \
      ::millrace::internal::check_failed(__FILE__, __LINE__, #condition, \
                                         ::fmt::format(__VA_ARGS__));    \
    }                                                                    \
  } while (false)
