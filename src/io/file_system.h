// Files behind an interface, so that a seeded simulation can tear writes and lose what was not
// synced. The real one is io/posix_file_system.h, the simulated one sim/sim_file_system.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::io {

/// An open file. Blocking.
/// thread  read_at and size from any thread; what changes the file from one thread at a time;
///         sync may run beside appends and covers what was appended before it was called
class File {
 public:
  virtual ~File() = default;

  /// Appends all of `bytes`. After an error the file may end in a part of them.
  /// errors  kDiskFull, kIo
  virtual Status append(std::string_view bytes) = 0;
  /// Overwrites (or extends) at `position`.            errors  kDiskFull, kIo
  virtual Status write_at(std::uint64_t position, std::string_view bytes) = 0;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file. errors  kIo
  virtual Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) const = 0;
  /// Makes everything written so far survive a power cut (fdatasync).  errors  kIo
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size_bytes) = 0;
  virtual std::uint64_t size() const = 0;
  /// The descriptor for sendfile, or -1 when there is none (simulation).
  virtual int native_handle() const = 0;
};

/// Held for as long as the object lives; another process that asks meanwhile gets kLocked.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  kRead,               // must exist
  kReadWrite,          // must exist
  kCreateOrReadWrite,  // made when missing
  kCreateNew           // must be missing; a link counts as something, also one that leads nowhere
};

/// What stands at a path, or under a name in a directory. A link is a link, whatever it points to.
enum class PathKind {
  kNothing,
  kRegularFile,
  kDirectory,
  kLink,
  kFifo,
  kSocket,
  kDevice,
  kUnknown
};
/// With its article, for messages: "a FIFO".
std::string_view path_kind_name(PathKind kind);

struct PathFacts {
  PathKind kind = PathKind::kNothing;
  bool is_own = false;  // belongs to the user that this process acts for
};

struct DirectoryEntry {
  std::string name;
  PathKind kind = PathKind::kUnknown;
};

/// Paths are plain strings with '/'. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// errors  kNotFound, kIo; kAlreadyExists of kCreateNew
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  /// What stands at `path`, without following a link at its end.   errors  kIo
  virtual Result<PathFacts> look_at(const std::string& path) = 0;
  /// When the bytes of the file were last changed, by the wall clock; kNoTimestamp where the file
  /// system does not keep that.   errors  kNotFound, kIo
  virtual Result<Timestamp> modified_at(const std::string& path) = 0;
  /// Names in no particular order.   errors  kNotFound, kIo
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  virtual Status create_directories(const std::string& directory) = 0;
  /// Replaces `to` atomically when it exists. Durable only after sync_directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// With all that is in it. Links go, and what they point to stays; also where `directory` is one.
  virtual Status remove_all(const std::string& directory) = 0;
  /// Makes creations, renames and removals in `directory` survive a power cut.
  virtual Status sync_directory(const std::string& directory) = 0;
  /// Takes an exclusive lock on `path`, which is made when missing.
  /// errors  kLocked when another process holds it, kIo; also when it is a link
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  /// The whole file. For small files such as checkpoints.   errors  kNotFound, kIo
  Result<std::string> read_all(const std::string& path);
  /// Writes `path`.tmp, syncs it, renames it over `path` and syncs the directory: old or new, never
  /// half. `path`.tmp is made anew: what a crash left there goes, and a link there is not followed.
  /// errors  those of check_replaceable(), kDiskFull, kIo
  Status replace_atomically(const std::string& path, std::string_view contents);
  /// Whether a file may take the place of what stands at `path`: a regular file, or nothing. A
  /// rename would put it in the place of a device or a FIFO just as well.
  /// errors  kIo with what stands there
  Status check_replaceable(const std::string& path);

 private:
  Result<std::unique_ptr<File>> make_temporary(const std::string& path);
};

}  // namespace millrace::io
