// LineFates: what became of the lines that `produce` sent.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/guarded.h"
#include "cli/console.h"

namespace millrace::cli {

/// Counts lines, and says on the console's `err` which were not written and why. Lines that fell
/// together, as those of one batch do, are said together.
///
/// Invariants: a line counts once, as written or as refused; none is refused without being said by
/// the next say_refused().
/// thread  any
class LineFates {
 public:
  /// Borrows the console.
  explicit LineFates(Console& console) : console_(console) {}

  void count_written();
  /// number  of the line in the input, from 1
  void count_refused(std::uint64_t number, const Error& reason);
  /// Says what was refused since it last did, if anything.
  void say_refused();

  std::uint64_t written() const;
  std::uint64_t refused() const;

 private:
  /// Lines that were refused and not said yet; the reason is the first one's.
  struct Unsaid {
    std::uint64_t count = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::optional<Error> reason = {};
  };
  struct State {
    std::uint64_t written = 0;
    std::uint64_t refused = 0;
    Unsaid unsaid;
  };

  Console& console_;
  Guarded<State> state_;
};

}  // namespace millrace::cli
