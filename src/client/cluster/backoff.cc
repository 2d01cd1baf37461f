#include "client/cluster/backoff.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::client {

Millis next_delay(const Backoff& backoff, int attempt, Random& random) {
  CHECK(attempt >= 0, "attempt {} counts from zero", attempt);
  constexpr double kJitter = 0.2;
  constexpr int kDoublingsMax = 30;  // 2^30 times any base is beyond any sane max

  const double doubled = static_cast<double>(backoff.base.count()) *
                         static_cast<double>(std::int64_t{1} << std::min(attempt, kDoublingsMax));
  const double capped = std::min(doubled, static_cast<double>(backoff.max.count()));
  const double factor = 1.0 - kJitter + 2.0 * kJitter * random.unit();
  return Millis{static_cast<std::int64_t>(capped * factor)};
}

}  // namespace millrace::client
