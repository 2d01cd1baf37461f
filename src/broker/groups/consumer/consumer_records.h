// Consumer groups as records of `__consumer_offsets`, in Kafka's formats, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "broker/coordination/log_append.h"
#include "broker/groups/consumer/consumer_group.h"
#include "wire/group_records.h"

namespace millrace::broker {

/// The records that make the log say of `what` what the group says: its value, or a tombstone. In
/// an order in which the log may end anywhere: what was dealt for an epoch counts when the epoch of
/// the assignment follows.
std::vector<LogRecord> records_of(const ConsumerGroup& group, const UnwrittenOfGroup& what,
                                  Timestamp now);

/// What makes the log forget the group with all its members, those too of which it may still speak.
std::vector<LogRecord> tombstones_of_all(const ConsumerGroup& group);

/// The group that a key is about; nothing when it is about no consumer group.
std::optional<std::string_view> consumer_group_of(const wire::GroupRecordKey& key);

/// Takes one record over into what is restored of its group. False when the record says that the
/// group is no more.
/// errors  kTruncated, kCorrupt, kUnsupported
Result<bool> restore(ConsumerGroup& group, const wire::GroupRecordKey& key,
                     std::optional<std::string_view> value);

}  // namespace millrace::broker
