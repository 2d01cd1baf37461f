// StrongId: an integer that cannot be mistaken for another kind of integer.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>

namespace millrace {

/// A `Rep` with a name. No implicit conversion either way; value() opens it.
/// Arithmetic is left to those ids for which it means something (model/ids.h).
template <class Tag, std::integral Rep>
class StrongId {
 public:
  using rep = Rep;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_ = 0;
};

}  // namespace millrace

template <class Tag, class Rep>
struct std::hash<millrace::StrongId<Tag, Rep>> {
  std::size_t operator()(millrace::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};

template <class Tag, class Rep>
struct fmt::formatter<millrace::StrongId<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Context>
  auto format(millrace::StrongId<Tag, Rep> id, Context& context) const {
    return fmt::formatter<Rep>::format(id.value(), context);
  }
};
