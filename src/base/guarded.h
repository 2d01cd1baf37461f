// Guarded<T>: a struct that can only be touched while its mutex is held.
#pragma once

#include <mutex>
#include <utility>

namespace millrace {

/// Owns a T and the mutex that guards it. Locks nest downwards only (ARCHITECTURE.md, Threads).
///   partitions.with([&](State& state) { … });
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class Function>
  decltype(auto) with(Function&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }
  template <class Function>
  decltype(auto) with(Function&& function) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace millrace
