// Groups and offsets as records of `__consumer_offsets`, in Kafka's formats, and back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "broker/groups/coordinator/group_effects.h"
#include "broker/groups/coordinator/group_state.h"
#include "broker/groups/offsets/offsets_store.h"
#include "wire/group_records.h"

namespace millrace::broker {

/// An offset, or its tombstone.
LogRecord offset_record(const std::string& group_id, const OffsetChange& change);
/// The group's generation with its members and what each is assigned.
LogRecord group_record(const Group& group, const std::map<std::string, std::string>& assignments);
LogRecord group_tombstone(const std::string& group_id);

struct LoggedOffset {
  std::string group_id;
  OffsetChange change;
};
struct LoggedGroup {
  std::string group_id;
  std::optional<Group::Restored> group;  // nothing: deleted
};
/// A record of a kind that does not concern classic groups.
struct LoggedOther {};
using LoggedEntry = std::variant<LoggedOffset, LoggedGroup, LoggedOther>;

/// errors  kTruncated, kCorrupt, kUnsupported
Result<LoggedEntry> read_log_record(wire::GroupRecordKey key,
                                    std::optional<std::string_view> value);
Result<LoggedEntry> read_log_record(std::string_view key, std::optional<std::string_view> value);

}  // namespace millrace::broker
