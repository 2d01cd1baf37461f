// Change: what flows out of a table: an update, with what it replaces.
#pragma once

namespace millrace::streams {

/// An entry's old and new value. They live until the operators that receive the change return.
///
/// old_value  null when the entry is new, and when no operator wants old values: keeping one costs
///            a copy of it per update
/// new_value  null when the entry goes
template <class V>
struct Change {
  const V* old_value = nullptr;
  const V* new_value = nullptr;
};

}  // namespace millrace::streams
