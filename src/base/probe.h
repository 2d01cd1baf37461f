// PROBE("what happened"): counts that a rare path was reached, so that simulations can show which
// rare paths they reached and, more to the point, which they did not.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace {

/// One named place. Registers itself before main() when the code that names it is linked in,
/// whether it is ever reached or not.
/// thread  any
class Probe {
 public:
  enum class Kind : std::uint8_t {
    kPath,       // a rare path of the program
    kFaultPoint  // a FAULT_POINT that struck
  };

  explicit Probe(std::string_view name, Kind kind = Kind::kPath);

  void hit() { hits_.fetch_add(1, std::memory_order_relaxed); }
  std::string_view name() const { return name_; }
  Kind kind() const { return kind_; }
  std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }

  /// Every probe of this program, by name.
  static std::vector<const Probe*> all();

 private:
  const std::string_view name_;
  const Kind kind_;
  std::atomic<std::uint64_t> hits_{0};
};

namespace internal {

/// A string literal as a template argument.
template <std::size_t kSize>
struct ProbeName {
  consteval ProbeName(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
  char text[kSize];
};

// A static member is initialised at the start of the program even if the function around it never
// runs; a static local would only show what was reached.
template <ProbeName kName>
struct ProbeSite {
  static inline Probe probe{kName.text};
};

}  // namespace internal
}  // namespace millrace

/// cost  one relaxed increment; for rare paths only
#define PROBE(name) ::millrace::internal::ProbeSite<name>::probe.hit()
