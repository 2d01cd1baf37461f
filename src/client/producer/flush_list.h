// FlushList: who waits in flush() for which batches, and who is told of which failure. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "client/delivery.h"

namespace millrace::client {

/// Invariant: a failure is told to everybody who waits for its batch when it comes; when nobody
/// does, it is kept for the next to ask, the first of several.
class FlushList {
 public:
  using Id = std::uint64_t;
  using Done = std::function<void(Status)>;

  /// Waits for every batch before `end`. Takes over what nobody was told of.
  Id add(BatchId end, Done done);
  /// Records of `batch` were not written, or one of its callbacks threw.
  void fail(BatchId batch, const Error& error);
  /// Ends those of whose batches none is under way any more, and says who they were.
  std::vector<Id> finish(const std::function<bool(BatchId end)>& has_finished_before);
  /// Ends one early, with `reason`.
  void give_up(Id id, const Error& reason);
  /// Ends all, with `reason`.
  void give_up_all(const Error& reason);
  /// What nobody was told of; success when there is nothing.
  Status take_untold();

 private:
  struct Waiter {
    BatchId end;
    Done done;
    std::optional<Error> failure;
  };

  std::map<Id, Waiter> waiters_;  // in the order in which they came
  Id next_id_ = 0;
  std::optional<Error> untold_;
};

}  // namespace millrace::client
