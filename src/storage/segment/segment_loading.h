// What the loading of a log's segments goes by, and where it puts them: shared by those that load
// one by its indexes, scan one, and end the log where it turns bad.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/log/log_recovery.h"
#include "storage/log_config.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

/// All of it is lent.
struct SegmentLoading {
  io::FileSystem& files;
  const std::string& directory;
  const LogConfig& config;
  const OpenOptions& options;
  LoadedLog& loaded;

  std::string path(Offset base, std::string_view suffix) const;
  bool is_unclean() const { return options.previous_stop == PreviousStop::kUnclean; }
  bool may_have_gaps() const { return config.cleanup_policy_compact || options.was_compacted; }
  Aborted aborted_file(Offset base) const {
    return loaded.transaction_indexes.contains(base) ? Aborted::kInFile : Aborted::kNone;
  }

  /// A segment's aborted transactions; nothing when its file makes no sense, is gone, or is
  /// not the one that was left.
  /// errors  kIo
  Result<std::optional<TransactionIndex>> load_aborted(Offset base, Offset end) const;
  /// Says that records which were on disk are gone.
  /// errors  kCorrupt: the log was stopped cleanly, and is to be refused
  Status complain_of_gap(Offset from, Offset to) const;
};

}  // namespace millrace::storage
