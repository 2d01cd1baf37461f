// Handoff: what one thread waits for and another has.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "io/env.h"

namespace millrace::io {

/// One value from the thread that has it, such as a loop's, to a caller who waits for it. Shared by
/// both.
template <class T>
class Handoff {
 public:
  explicit Handoff(Env& env) : arrived_(env.make_condition()) {}

  /// The first value counts.
  void put(T value) {
    {
      const std::lock_guard lock(mutex_);
      if (value_) return;
      value_ = std::make_unique<T>(std::move(value));
    }
    arrived_->notify_all();
  }
  T take() {
    std::unique_lock lock(mutex_);
    arrived_->wait(lock, [this] { return value_ != nullptr; });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  const std::unique_ptr<Condition> arrived_;
  std::unique_ptr<T> value_;
};

}  // namespace millrace::io
