// PortFile: where a broker says at which address it can be reached, for those who start it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::cli {

/// Whoever wrote the file owns it, and holds a lock on it that ends with its process, however that
/// ends: a file whose lock is free has lost its broker, and one whose lock is held is true.
///
/// Invariants: the file holds the address of a broker that accepts connections, whole, or is not
/// there. Nobody removes the file of a broker that lives; a later broker that starts takes it over,
/// by putting its own in its place.
class PortFile {
 public:
  /// path  empty: everything here does nothing
  PortFile(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  /// remove(); what stands in its way is not reported.
  ~PortFile() { (void)remove(); }
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;

  /// Takes away what a dead broker left; the file of a living one stays.
  /// errors  kIo; also when what stands there is no regular file
  Status clear();
  /// errors  as clear(), and kDiskFull
  Status write(std::string_view address);
  /// errors  kIo
  Status remove();

 private:
  io::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<io::File> ours_;  // holds the lock; null: nothing of ours is there
};

}  // namespace millrace::cli
