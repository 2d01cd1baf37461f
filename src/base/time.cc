#include "base/time.h"

namespace millrace {

MonotonicTime SystemClock::monotonic() const {
  return std::chrono::steady_clock::now();
}

Timestamp SystemClock::wall() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Timestamp{std::chrono::duration_cast<Millis>(now).count()};
}

}  // namespace millrace
