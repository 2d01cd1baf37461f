// A file system in memory that knows what is synced, can lose and tear what is not, and fails on
// request. What the recovery tests of storage stand on.
//   sim::SimFileSystem files;
//   … write through it …
//   auto after = files.crash(seed);   // as the disk may look after a power cut at this moment
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "sim/sim_node.h"

namespace millrace::sim {

enum class Fault {
  kIo,         // the call fails and changes nothing
  kDiskFull,   // the call, if it writes, fails with kDiskFull and writes nothing
  kShortWrite  // the call, if it writes, writes a part and fails with kDiskFull
};

/// Thread-safe: one lock around every call. Directories have to be made before files are opened in
/// them; "/" and "" exist from the start.
class SimFileSystem final : public io::FileSystem {
 public:
  /// clock  dates the files and outlives them; null: nobody knows when a file was changed
  explicit SimFileSystem(const Clock* clock = nullptr);

  /// The file system as it may look after a power cut at this moment. This one stays as it is, so
  /// that one moment can be crashed with many seeds.
  ///   Unsynced bytes of a file are lost, kept, cut at any byte, or torn by sectors (old bytes,
  ///   zeros, garbage). Unsynced creations, removals and renames in a directory are each kept or
  ///   lost, but never out of order for one name. Locks are free again, no fault is set.
  std::unique_ptr<SimFileSystem> crash(std::uint64_t seed) const;

  /// The file system after the death of the process that wrote it: all is there, synced or not, and
  /// what was not synced still may be lost by a later crash(). Locks are free again, no fault is
  /// set.
  std::unique_ptr<SimFileSystem> process_death() const;

  /// Lets the `nth` call from now fail (1 is the next one). kDiskFull and kShortWrite hit the first
  /// writing call from there on. One fault at a time; the newer replaces the older.
  void fail_call(std::uint64_t nth, Fault fault);
  /// The same, and every later call that the fault applies to fails too, until clear_fault().
  void fail_from(std::uint64_t nth, Fault fault);
  void clear_fault();
  /// Whether a fault set by the last fail_call or fail_from has hit. A loop over n = 1, 2, … ends
  /// when it has not.
  bool fault_hit() const;
  /// Calls made so far, those that failed included.
  std::uint64_t call_count() const;

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<io::PathFacts> look_at(const std::string& path) override;
  Result<Timestamp> modified_at(const std::string& path) override;
  Result<std::vector<io::DirectoryEntry>> list(const std::string& directory) override;
  Status create_directories(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& directory) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;

  struct State;

 private:
  SimFileSystem(SimNodePtr root, const Clock* clock);

  std::shared_ptr<State> state_;  // also held by the files, which may outlive the file system
};

}  // namespace millrace::sim
