// DelayedRemoval: files and folders that were given up, until it is time to remove them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/time.h"
#include "io/file_system.h"

namespace millrace::storage {

/// Removing a large file takes the file system long, so it is done by whoever does the
/// housekeeping, and not by those who hold a log's writer or serve connections: they rename and
/// hand over. What a stop leaves behind bears its name and is found at the next start.
///
/// thread     any
/// invariant  a path is in the list, or removed, or in the hands of one remove_due(), which works
///            with no lock held
class DelayedRemoval {
 public:
  /// files  outlives this
  explicit DelayedRemoval(io::FileSystem& files) : files_(files) {}

  /// `path` goes `delay` after the remove_due() that comes next; with no delay, in it.
  void add(std::string path, Millis delay);
  /// Removes what is due at `now`, and says how many that were. What cannot be removed is said to,
  /// and tried again a minute later.
  /// cost  nothing when nothing waits; otherwise the file system's unlinking
  std::size_t remove_due(MonotonicTime now);
  std::size_t waiting_count() const;

 private:
  struct Doomed {
    std::string path;
    Millis delay;
    std::optional<MonotonicTime> due;
  };

  io::FileSystem& files_;
  Guarded<std::vector<Doomed>> doomed_;
};

/// How a log's files go: into `removal`, which keeps them for `delay`; at once where it is null.
struct FileRetirement {
  DelayedRemoval* removal = nullptr;
  Millis delay{0};
};

}  // namespace millrace::storage
