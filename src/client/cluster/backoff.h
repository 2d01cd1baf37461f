// How long to wait before the next try.
#pragma once

#include "base/random.h"
#include "base/time.h"

namespace millrace::client {

struct Backoff {
  Millis base;
  Millis max;
};

/// Exponential delay before retry `attempt` (0 = the first retry): base·2^attempt, at most max,
/// made up to a fifth shorter or longer by chance so that many clients do not return together.
/// source  KIP-580
Millis next_delay(const Backoff& backoff, int attempt, Random& random);

}  // namespace millrace::client
