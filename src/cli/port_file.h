// PortFile: where a broker says at which address it can be reached, for those who start it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::cli {

/// Invariant: the file holds the address of a broker that accepts connections, whole, or is not
/// there. One that says something else by the end belongs to a later broker and stays.
class PortFile {
 public:
  /// path  empty: everything here does nothing
  PortFile(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  /// remove(); what stands in its way is not reported.
  ~PortFile() { (void)remove(); }
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;

  /// Takes away what an earlier broker left.     errors  kIo
  Status clear();
  /// errors  kIo, kDiskFull
  Status write(std::string_view address);
  /// errors  kIo
  Status remove();

 private:
  io::FileSystem& files_;
  const std::string path_;
  std::string written_;  // empty: nothing of ours is there
};

}  // namespace millrace::cli
