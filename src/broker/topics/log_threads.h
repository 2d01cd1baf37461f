// LogThreads: doing the same to many logs, on several threads: opening them at the start, closing
// them at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "io/env.h"

namespace millrace::broker {

enum class AfterFailure : std::uint8_t { kStop, kGoOn };

/// thread  for_each() waits for its threads: the caller holds no lock that anybody else may want
class LogThreads {
 public:
  /// env    outlives this
  /// count  num.recovery.threads.per.data.dir; where it is 1 all is done on the caller's thread
  /// name   of each thread
  LogThreads(io::Env& env, std::int32_t count, const char* name)
      : env_(env), count_(count), name_(name) {}

  /// Calls `work` for each index below `count`, once, on whatever thread is free.
  /// errors  that of the lowest index at which work failed; with kStop no further work is begun
  Status for_each(std::size_t count, AfterFailure after,
                  const std::function<Status(std::size_t)>& work) const;

 private:
  io::Env& env_;
  const std::int32_t count_;
  const char* const name_;
};

}  // namespace millrace::broker
