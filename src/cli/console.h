// Console: the three streams a command talks through; tests give it memory instead of a terminal.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <type_traits>

#include "base/printable.h"

namespace millrace::cli {

/// What the process tells whoever started it.
enum class ExitCode : int { kDone = 0, kFailed = 1, kWrongUsage = 2, kDifferences = 3 };

/// Borrows its streams. Results go to `out`, everything else to `err`.
/// thread  note(): any
struct Console {
  std::FILE* in = stdin;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool is_err_terminal = false;

  /// Names, texts and errors among `args` may come from strangers: they are shown as printable()
  /// says, so that only `format` begins lines and moves cursors.
  template <class... Args>
  void print(fmt::format_string<const Args&...> format, const Args&... args) {
    write(out, fmt::vformat(format, fmt::make_format_args(shown(args)...)));
  }
  template <class... Args>
  void note(fmt::format_string<const Args&...> format, const Args&... args) {
    write(err, fmt::vformat(format, fmt::make_format_args(shown(args)...)));
  }
  /// Lines whose maker has escaped what came from strangers: render(), help, tables.
  void print_rendered(std::string_view lines) { write(out, lines); }

  /// False when not all of it went out: a closed pipe or a full disk; errno has the reason.
  static bool write(std::FILE* to, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), to) == text.size();
  }
  /// False when what waited in the buffer did not go out.
  static bool flush(std::FILE* to) { return std::fflush(to) == 0; }

 private:
  template <class T>
  static auto shown(const T& argument) {
    if constexpr (std::is_arithmetic_v<T>) {
      return argument;
    } else {
      return printable(fmt::format("{}", argument));
    }
  }
};

}  // namespace millrace::cli
