// Result<T>: a value or an Error. Dropping one unread fails the build.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace millrace {

/// A value of type T, or the reason why there is none.
/// Reading the wrong side is a broken invariant and aborts: ask ok() first.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }

  T& value() & {
    check_has_value();
    return std::get<0>(state_);
  }
  const T& value() const& {
    check_has_value();
    return std::get<0>(state_);
  }
  T&& value() && {
    check_has_value();
    return std::get<0>(std::move(state_));
  }

  const Error& error() const& {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(std::move(state_));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check_has_value() const {
    CHECK(ok(), "value() of a Result that holds an error: {}", std::get<1>(state_).to_string());
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or the reason for failure. Default construction is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return !error_.has_value(); }

  const Error& error() const& {
    CHECK(!ok(), "error() of a Result that holds success");
    return *error_;
  }
  Error&& error() && {
    CHECK(!ok(), "error() of a Result that holds success");
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace millrace
