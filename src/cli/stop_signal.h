// StopSignal: SIGINT and SIGTERM as something to wait for or to ask about.
#pragma once

#include "base/result.h"
#include "base/time.h"

namespace millrace::cli {

/// While it lives, SIGINT and SIGTERM do not end the process. One at a time in a process.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether one has arrived.  thread  any
  bool requested() const;
  /// From now on the end of the parent process counts as a signal too.
  /// errors  kUnsupported when the kernel cannot tell
  Status watch_parent();
  /// Waits until one arrives.
  void wait() const;

 private:
  int parent_fd_ = -1;
};

}  // namespace millrace::cli
