// StopSignal: SIGINT, SIGTERM and SIGHUP as something to wait for or to ask about.
#pragma once

#include <chrono>

#include "base/result.h"
#include "base/time.h"

namespace millrace::cli {

/// What a second SIGINT does.
enum class SecondInterrupt { kIsIgnored, kEndsProcess };

/// While it lives, SIGINT, SIGTERM and SIGHUP (a terminal that is closed) do not end the process.
/// SIGHUP stays ignored where it was, as nohup sets it. Once one has arrived SIGTERM is ignored
/// afterwards too: the process is on its way out. One at a time in a process.
class StopSignal {
 public:
  explicit StopSignal(SecondInterrupt second = SecondInterrupt::kIsIgnored);
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
  /// Waits that long at most, to the nanosecond if the kernel's timer allows. Returns whether one
  /// has arrived.
  bool wait_for(std::chrono::nanoseconds timeout) const;

  /// For what waits on descriptors of its own: readable once one has arrived; -1 while no
  /// StopSignal lives.  thread  any
  static int descriptor();
  /// Whether one has arrived since the last StopSignal was made.  thread  any
  static bool was_requested();

 private:
  int parent_fd_ = -1;
};

}  // namespace millrace::cli
