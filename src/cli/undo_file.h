// UndoFile: what a group had committed before `group reset`, for `group undo`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/offset_and_metadata.h"
#include "model/topic_partition.h"

namespace millrace::cli {

struct Undo {
  struct Entry {
    TopicPartition partition;
    std::optional<OffsetAndMetadata> committed;  // nothing: there was no commit

    bool operator==(const Entry&) const = default;
  };

  std::string group;
  std::vector<Entry> entries;

  bool operator==(const Undo&) const = default;
};

/// One line of JSON.
std::string to_undo_text(const Undo& undo);
/// errors  kInvalidArgument with what was wanted
Result<Undo> parse_undo_text(std::string_view text);

/// "billing-2026-12-01T10-05-03.undo.json": what of a group's name would not be a name of a file
/// is "_".
std::string undo_file_name(std::string_view group, Timestamp now);

}  // namespace millrace::cli
