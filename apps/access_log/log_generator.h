// LogGenerator: a realistic access log from a seed, for those who have none at hand.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/time.h"

namespace millrace::access_log {

/// The same seed gives the same log, byte by byte. Lines come nearly in order of time: a line may
/// be up to a minute earlier than one before it, as when several servers write one log. One line in
/// two thousand is broken.
class LogGenerator {
 public:
  static constexpr Timestamp kStart{1431857100000};  // 2015-05-17T10:05:00Z

  explicit LogGenerator(std::uint64_t seed) : random_(seed), clock_ms_(kStart.value()) {}

  /// The next line, without a line end.
  std::string next_line();

 private:
  std::string request_line(Timestamp time);
  std::string broken(std::string line);

  Random random_;
  std::int64_t clock_ms_;
};

}  // namespace millrace::access_log
