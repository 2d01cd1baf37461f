// DataDirectory: the folder that a broker owns: its lock, its identity, its checkpoints, and the
// mark that says how the last owner left it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"
#include "storage/delayed_removal.h"
#include "storage/log/log_recovery.h"
#include "storage/offset_checkpoint.h"

namespace millrace::storage {

/// Layout, file names and formats are Kafka's: .lock, meta.properties, .kafka_cleanshutdown,
/// recovery-point-offset-checkpoint, log-start-offset-checkpoint, cleaner-offset-checkpoint, and a
/// folder topic-N a partition.
/// thread     open_options, the checkpoints, removal: any; the rest one at a time
/// invariant  the folder is locked for as long as this lives, and from open() to mark_clean() there is
///            no mark of a clean stop
/// invariant  what is known of a checkpoint is what its file says: both change under one lock
class DataDirectory {
 public:
  struct Identity {
    // Used when the folder is new.
    Uuid cluster_id;
    BrokerId node_id{1};
    Uuid directory_id;
  };

  /// Locks the folder, which is made when missing, and reads or writes meta.properties.
  /// The clean-shutdown mark is taken away as it is read: until mark_clean() a stop is unclean.
  /// errors  kLocked (another process), kUnsupported (written by a newer version), kCorrupt
  ///         (meta.properties makes no sense), kIo and kDiskFull with path and advice
  static Result<std::unique_ptr<DataDirectory>> open(io::FileSystem& files, std::string path,
                                                     const Identity& identity);

  const std::string& path() const { return path_; }
  /// As meta.properties says; for a new folder what was given.
  const Uuid& cluster_id() const { return cluster_id_; }
  const Uuid& directory_id() const { return directory_id_; }
  BrokerId node_id() const { return node_id_; }
  bool is_new() const { return is_new_; }
  PreviousStop previous_stop() const { return previous_stop_; }

  std::string log_path(const TopicPartition& partition) const;
  /// The partition folders there are, sorted. Folders that are none (such as "x-delete") are left
  /// out.
  Result<std::vector<TopicPartition>> list_logs() const;

  /// Gives up the folder of a partition that belongs to no topic any more, if there is one.
  /// errors  kIo: the folder is still there
  Status retire_log(const TopicPartition& partition, const Uuid& unique);
  /// Makes the names of folders that came and went survive a power cut.
  /// errors  kIo
  Status sync_names();
  /// What was given up by logs, and by retire_log(), and what earlier owners left of that. Whoever
  /// does the housekeeping has it removed.
  DelayedRemoval& removal() { return removal_; }

  using Offsets = OffsetsByPartition;
  /// Where the partition's log was known to be on disk up to; nothing when no checkpoint says so.
  std::optional<Offset> recovery_point(const TopicPartition& partition) const;
  /// Up to where the partition's log was cleaned; nothing when no checkpoint says so.
  std::optional<Offset> cleaner_offset(const TopicPartition& partition) const;
  /// OpenOptions for one partition, from the mark and the checkpoints. When the partition has no
  /// folder yet, what the checkpoints say is of a deleted topic of that name: it is taken out of
  /// them for good, so that the new log neither starts at the old one's start nor goes unscanned.
  /// errors  kIo, kDiskFull from rewriting the checkpoints: the log must not be used
  Result<OpenOptions> open_options(const TopicPartition& partition, Timestamp now);

  /// Replace the checkpoint files, atomically, unless they say that already. The caller sees to it
  /// that no topic comes or goes between the taking of `offsets` and this.
  Status write_recovery_points(const Offsets& offsets);
  Status write_log_start_offsets(const Offsets& offsets);
  /// The partition's log is clean up to `offset`: written down at once, unless it says so already.
  /// The caller sees to it that the partition's topic neither comes nor goes meanwhile.
  Status write_cleaner_offset(const TopicPartition& partition, Offset offset);
  /// The error with the directory's name, and what its reader can do about it.
  Error with_advice(Error error) const;
  /// Says that every log was closed. The last thing a clean stop does.
  Status mark_clean();

 private:
  DataDirectory(io::FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), removal_(files) {}

  Status open_all(const Identity& identity);
  Status make_durable_directory();
  Status load_or_write_identity(const Identity& identity);
  Status take_clean_mark();
  /// What the checkpoint files say.
  struct Checkpoints {
    Offsets recovery_points;
    Offsets log_start_offsets;
    Offsets cleaner_offsets;
    bool knows_cleaned = true;  // false: the last could not be read
  };

  Status find_left_overs();
  Status load_checkpoints();
  /// Returns whether it could be read, or there is none.
  Result<bool> load_checkpoint(std::string_view name, Offsets& into) const;
  /// Brings the file to `wanted`, and then what is known of it.
  Status write_checkpoint(std::string_view name, Offsets wanted, Offsets& known) const;
  Status forget(const TopicPartition& partition);
  std::string file_path(std::string_view name) const;

  io::FileSystem& files_;
  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
  Uuid cluster_id_;
  BrokerId node_id_{1};
  Uuid directory_id_;
  bool is_new_ = false;
  bool has_taken_mark_ = false;
  PreviousStop previous_stop_ = PreviousStop::kUnclean;
  Guarded<Checkpoints> checkpoints_;
  DelayedRemoval removal_;
};

/// "orders-eu-3" is partition 3 of "orders-eu"; nothing when `folder` is no partition's name.
std::optional<TopicPartition> partition_of_folder(std::string_view folder);

}  // namespace millrace::storage
