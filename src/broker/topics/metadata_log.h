// MetadataLog: the metadata records on disk, in `__cluster_metadata-0`.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "broker/topics/metadata_image.h"
#include "storage/data_directory.h"
#include "storage/partition_log.h"

namespace millrace::broker {

/// One caller at a time.
class MetadataLog {
 public:
  /// Opens the log, making it when missing.
  /// errors  those of storage::PartitionLog::open
  static Result<MetadataLog> open(io::FileSystem& files, storage::DataDirectory& directory,
                                  Timestamp now);

  /// Hands every record to `visit`, in order.
  /// errors  kCorrupt, kIo; a record of a newer version is handed over as unknown
  Status replay(const std::function<void(const wire::MetadataRecord&)>& visit) const;

  /// Appends the records as one batch, so that all of them count or none, and syncs it, whatever
  /// --fsync says of topics: without it a power cut would leave folders of topics that nobody
  /// remembers.   source  KRaft's leader flushes its log before it counts an append, too
  Status append(const MetadataImage::Records& records, Timestamp now);

  /// Puts `whole` in the place of all records so far, as one batch: a power cut leaves those, with
  /// it or without, or it alone. Applied behind them it must say the same as alone.
  Status replace_all(const MetadataImage::Records& whole, Timestamp now);
  /// How many records a replay would hand over.
  std::int64_t record_count() const { return log_->log_end_offset() - log_->log_start_offset(); }

  Status close() { return log_->close(); }
  const storage::PartitionLog& log() const { return *log_; }

 private:
  explicit MetadataLog(std::unique_ptr<storage::PartitionLog> log) : log_(std::move(log)) {}

  std::unique_ptr<storage::PartitionLog> log_;
};

}  // namespace millrace::broker
