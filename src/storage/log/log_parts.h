// LogParts: what one log is made of, for those who each do one thing with it: log_writer appends
// and rolls, log_view reads, log_deletion takes records away, segment_swap puts rewritten ones in
// their place. PartitionLog holds it and is the face of them all.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "io/file_system.h"
#include "storage/log/leader_epochs.h"
#include "storage/log/log_flusher.h"
#include "storage/log/log_recovery.h"
#include "storage/log/published_offsets.h"
#include "storage/log_config.h"
#include "storage/producers/producer_state.h"
#include "storage/segment/segment_list.h"

namespace millrace::storage {

/// thread     the writer's own: whoever holds the log's writer. The rest guards itself.
/// invariant  `active` is the last of `segments`
/// invariant  offsets.start() lies in the first segment or before it, but for segments that wait for
///            the end of a swap to be deleted; it is moved before the segment is taken out, so that
///            who finds a later one than he asked for sees why
struct LogParts {
  LogParts(io::FileSystem& file_system, std::string path, LogConfig log_config, LoadedLog loaded,
           Offset recovery_point, DelayedRemoval* delayed_removal);

  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory, name); }

  /// Writes the leader epochs to their checkpoint.
  Status write_epochs();
  /// How files of this log that were given up are removed.
  FileRetirement retirement() const { return {removal, Millis{config()->file_delete_delay_ms}}; }

  io::FileSystem& files;
  const std::string directory;
  const RecoveryReport report;
  DelayedRemoval* const removal;  // null: files are removed at once

  /// As it is now. What is done in several steps takes it once.
  std::shared_ptr<const LogConfig> config() const {
    return current_config.with([](const auto& config) { return config; });
  }

  // The writer's own.
  std::shared_ptr<Segment> active;
  ProducerStates producers;
  std::set<Offset> snapshots;
  bool is_as_closed;         // nothing was changed since a clean stop: close() has nothing to do
  bool owes_epochs = false;  // the checkpoint does not say yet what `epochs` does
  bool has_sealed = false;   // a segment was sealed, and nobody was told yet

  // Shared with readers and flushers.
  Guarded<std::shared_ptr<const LogConfig>> current_config;
  SegmentList segments;
  LogFlusher flusher;
  Guarded<LeaderEpochs> epochs;
  PublishedOffsets offsets;
  std::atomic<bool> has_aborted;  // a segment has an aborted transaction, or had one
  std::atomic<std::uint64_t> replaced_count = 0;  // how often a copy took the place of segments
  // A copy is taking the place of segments: no other swap begins, and no segment is deleted. Set
  // with the writer.
  std::atomic<bool> is_swapping = false;
  // Held while a swap renames files without the writer, and to give the folder up.
  std::mutex swap_names;
};

}  // namespace millrace::storage
