// EphemeralDirectory: a folder for a broker that keeps nothing. It goes with its owner; when that
// was killed, with the next one that is made.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/env.h"

namespace millrace::broker {

/// Holds, while it lives, a lock inside the folder, which the kernel frees when the process ends
/// however it ends. A folder of this kind whose lock is free has lost its owner.
///
/// Invariants: a folder is removed by whoever holds its lock and by nobody else; of what is in it,
/// the lock's file goes last, so that a removal that was cut short is found again.
/// thread  one at a time
class EphemeralDirectory {
 public:
  /// Removes the folders that lost their owners, then makes one: in memory when the machine has a
  /// place for that, else in $TMPDIR or /tmp.
  /// errors  kIo, kDiskFull: no place takes it
  /// cost    lists those places
  static Result<std::unique_ptr<EphemeralDirectory>> make(io::Env& env);
  /// remove(), and a warning when that fails.
  ~EphemeralDirectory();
  EphemeralDirectory(const EphemeralDirectory&) = delete;
  EphemeralDirectory& operator=(const EphemeralDirectory&) = delete;

  const std::string& path() const { return path_; }
  /// With all that is in it. Does nothing when it is gone.   errors  kIo
  Status remove();

 private:
  EphemeralDirectory(io::FileSystem& files, std::string path, std::unique_ptr<io::FileLock> lock)
      : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

  static Result<std::unique_ptr<EphemeralDirectory>> make_in(const std::string& parent,
                                                             io::Env& env);

  io::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<io::FileLock> lock_;  // null once the folder is gone
};

}  // namespace millrace::broker
