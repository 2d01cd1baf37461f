// ChangelogRestorer: brings the state of new tasks back from their changelog topics.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "base/result.h"
#include "client/consumer.h"
#include "client/properties.h"
#include "io/env.h"
#include "streams/runtime/task.h"

namespace millrace::streams {

/// Reads with a consumer of its own, outside the group.
/// thread  its StreamThread's
class ChangelogRestorer {
 public:
  /// properties  of a consumer, without group.id
  ChangelogRestorer(client::Properties properties, io::Env& env)
      : properties_(std::move(properties)), env_(env) {}

  /// Gives each task all records of its changelogs, up to the ends that they have now.
  /// cancel  set from elsewhere: gives up with kCancelled
  /// errors  kTimeout when nothing arrives for a minute; the consumer's
  /// cost    blocks for as long as it takes to read the changelogs
  Status restore(std::span<Task* const> tasks, const std::atomic<bool>& cancel);

 private:
  client::Properties properties_;
  io::Env& env_;
};

}  // namespace millrace::streams
