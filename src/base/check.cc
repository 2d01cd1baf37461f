#include "base/check.h"

#include <cstdio>
#include <cstdlib>

#include "base/printable.h"

namespace millrace::internal {

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  fmt::print(stderr, "{}:{}: CHECK({}) failed: {}\n", file, line, condition, printable(message));
  std::fflush(stderr);
  std::abort();
}

}  // namespace millrace::internal
