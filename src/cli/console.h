// Console: the three streams a command talks through; tests give it memory instead of a terminal.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace millrace::cli {

/// What the process tells whoever started it.
enum class ExitCode : int { kDone = 0, kFailed = 1, kWrongUsage = 2, kDifferences = 3 };

/// Borrows its streams. Results go to `out`, everything else to `err`.
struct Console {
  std::FILE* in = stdin;
  std::FILE* out = stdout;
  std::FILE* err = stderr;

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(out, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    write(err, fmt::format(format, std::forward<Args>(args)...));
  }

  /// False when not all of it went out: a closed pipe or a full disk; errno has the reason.
  static bool write(std::FILE* to, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), to) == text.size();
  }
  /// False when what waited in the buffer did not go out.
  static bool flush(std::FILE* to) { return std::fflush(to) == 0; }
};

}  // namespace millrace::cli
