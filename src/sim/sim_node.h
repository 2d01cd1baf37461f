// One file or directory of the simulated disk: what programs see now, what a power cut would leave
// for sure, and the changes in between, which a power cut may keep, lose or tear.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace millrace::sim {

/// Disks write sectors whole; what lies within one is old or new, or for fresh space anything.
inline constexpr std::size_t kSectorBytes = 512;

/// The bytes of a file. Not thread-safe.
class SimFileContent {
 public:
  const std::string& bytes() const { return current_; }

  void write(std::uint64_t position, std::string_view bytes);
  void truncate(std::uint64_t size_bytes);
  /// From here on the present contents survive a power cut.
  void sync();
  /// A sync that failed: as on Linux, the dirty pages count as clean afterwards, so a later sync
  /// does not bring them to the disk either.
  void forget_unsynced() { unsynced_.clear(); }
  /// What the disk may hold after a power cut now.
  SimFileContent after_power_cut(Random& random) const;

 private:
  struct Change {
    bool is_truncate = false;
    std::uint64_t position = 0;  // where the bytes go, or the new size
    std::string bytes;
  };
  static void apply(std::string& to, const Change& change);
  static void apply_torn(std::string& to, const Change& change, Random& random);

  std::string current_;
  std::string durable_;
  std::vector<Change> unsynced_;
};

struct SimNode;
using SimNodePtr = std::shared_ptr<SimNode>;
using SimEntries = std::map<std::string, SimNodePtr, std::less<>>;

/// The names in a directory. Not thread-safe.
class SimDirectoryContent {
 public:
  const SimEntries& entries() const { return current_; }

  void add(const std::string& name, SimNodePtr node);
  void remove(const std::string& name);
  /// Atomic, and replaces `to` when it is there.
  void rename(const std::string& from, const std::string& to);
  void sync();
  /// Which names the disk may hold after a power cut: each unsynced change is kept or lost, and one
  /// that builds on a lost change is lost with it. The nodes are still those of before.
  SimEntries after_power_cut(Random& random) const;
  void restore(SimEntries entries);
  /// Lets `replace` put another node in the place of each that is named here, synced or not.
  void replace_nodes(const std::function<SimNodePtr(const SimNodePtr&)>& replace);

 private:
  struct Change {
    std::string name;
    std::string renamed_to;  // empty unless this is a rename
    SimNodePtr added;        // null for a removal or rename
  };
  static void apply(SimEntries& to, const Change& change);

  SimEntries current_;
  SimEntries durable_;
  std::vector<Change> unsynced_;
};

struct SimNode {
  bool is_directory = false;
  bool is_locked = false;
  Timestamp modified_at = kNoTimestamp;  // of a file
  SimFileContent file;
  SimDirectoryContent directory;

  /// A copy of this node and all below it, as a power cut may leave them.
  SimNodePtr after_power_cut(Random& random) const;
  /// The same, with all that is not synced yet: as the death of a process leaves it.
  SimNodePtr copy() const;
};

}  // namespace millrace::sim
