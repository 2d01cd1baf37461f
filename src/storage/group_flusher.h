// GroupFlusher: one thread that syncs the logs that need it, many requests with one fsync each, and
// then says so. What makes acks=all cheap and true.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/env.h"

namespace millrace::storage {

class PartitionLog;

/// Syncs in rounds: what is asked for while a round runs makes up the next one, so the window grows
/// with the load and is nothing when idle.
/// thread     request, request_sealed and drain from any but the flusher's own, which may request;
///            callbacks come on the flusher's thread, with no lock held
/// invariant  a request is answered once, by a sync that began after it; its log lives till then
class GroupFlusher {
 public:
  using Done = std::function<void(const Status& status)>;

  /// env     makes the thread; outlives this
  /// window  how long a round may wait for company after its first request; zero syncs at once,
  ///         which already groups what arrives during a sync
  explicit GroupFlusher(io::Env& env, Millis window = Millis{0});
  /// Finishes what was asked for, calls back, and ends the thread.
  ~GroupFlusher();
  GroupFlusher(const GroupFlusher&) = delete;
  GroupFlusher& operator=(const GroupFlusher&) = delete;

  /// Calls `done` once everything appended to `log` before now is on disk, or with why it is not.
  /// log  shared: a topic may be deleted while its log waits here
  void request(std::shared_ptr<PartitionLog> log, Done done);
  /// Syncs the sealed segments of `log` in the same rounds; nobody waits for it.
  void request_sealed(std::shared_ptr<PartitionLog> log);
  /// Waits until everything asked for before this call is done.
  void drain();

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace millrace::storage
