#include "storage/log/log_parts.h"

#include <algorithm>
#include <utility>

#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

bool has_aborted_in(const SegmentList::Segments& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const auto& segment) { return segment->may_have_aborted(); });
}

}  // namespace

LogParts::LogParts(io::FileSystem& file_system, std::string path, LogConfig log_config,
                   LoadedLog loaded, Offset recovery_point, DelayedRemoval* delayed_removal)
    : files(file_system),
      directory(std::move(path)),
      report(loaded.report),
      removal(delayed_removal),
      active(loaded.segments.back()),
      producers(std::move(loaded.producers)),
      snapshots(std::move(loaded.snapshots)),
      is_as_closed(loaded.is_as_closed),
      current_config(std::make_shared<const LogConfig>(std::move(log_config))),
      segments(std::move(loaded.segments)),
      flusher(files, directory, recovery_point,
              loaded.names_changed ? LogFlusher::Names::kUnsynced : LogFlusher::Names::kSynced),
      epochs(std::move(loaded.epochs)),
      offsets(loaded.log_start_offset, loaded.log_end_offset, producers.first_unstable()),
      has_aborted(has_aborted_in(segments.all())) {}

Status LogParts::write_epochs() {
  const std::string text = epochs.with([](const LeaderEpochs& known) { return known.encode(); });
  Status status = files.replace_atomically(path(kEpochCheckpointName), text);
  if (status.ok()) owes_epochs = false;
  return status;
}

}  // namespace millrace::storage
