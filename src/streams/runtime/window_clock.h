// WindowClock: the stream time of one windowed operator, which windows are still open, and which
// have just closed. Pure; knows nothing of keys and values.
#pragma once

#include <cstdint>
#include <limits>

#include "base/result.h"
#include "base/time.h"
#include "streams/state/state_store.h"
#include "streams/windows.h"

namespace millrace::streams {

/// Invariant: a window is closed exactly when its end + grace <= stream time. Stream time never
/// goes back; a record that moves it is never late itself.
class WindowClock {
 public:
  explicit WindowClock(TumblingWindows windows)
      : windows_(windows),
        lifetime_(window_end(Timestamp{windows.size().count()}, windows.grace()).value()) {}

  /// Goes on where a restored store ended. The record with the largest timestamp is always part of
  /// a stored window, so the store knows stream time exactly.
  Status resume(WindowStore& store) {
    if (store.largest_timestamp().value() < 0) return {};
    stream_time_ = store.largest_timestamp().value();
    // They were sent before the changelog that says so was written.
    return close_due(store, nullptr);
  }

  /// Moves stream time up to `time` and says whether its window, now window(), is still open.
  bool admit(Timestamp time) {
    if (time.value() > stream_time_) stream_time_ = time.value();
    if (time < window_.start || time >= window_.end) window_ = windows_.window_of(time);
    if (window_.start.value() <= closed_start_last()) return false;
    if (window_.start.value() < oldest_start_) oldest_start_ = window_.start.value();
    return true;
  }
  const Window& window() const { return window_; }
  Window window_at(Timestamp start) const { return {start, window_end(start, windows_.size())}; }

  bool has_due_window() const { return oldest_start_ <= closed_start_last(); }
  /// Closes every window that is due; shows them to `visitor` when there is one.
  Status close_due(WindowStore& store, WindowVisitor* visitor) {
    Status closed = store.close_through(Timestamp{closed_start_last()}, visitor);
    const auto oldest = store.oldest_start();
    oldest_start_ = oldest ? oldest->value() : kNone;
    return closed;
  }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  /// Windows that start here or before are closed.
  std::int64_t closed_start_last() const { return stream_time_ - lifetime_; }

  TumblingWindows windows_;
  std::int64_t lifetime_;  // size + grace, as far as there is time
  std::int64_t stream_time_ = -1;
  std::int64_t oldest_start_ = kNone;  // of the windows that may be in the store
  Window window_{};                    // of the last record
};

}  // namespace millrace::streams
