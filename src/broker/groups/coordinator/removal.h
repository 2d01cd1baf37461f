// How groups and offsets come to an end: by DeleteGroups or OffsetDelete, by age, with their topic.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/groups/coordinator/turn.h"
#include "model/topic_partition.h"

namespace millrace::broker {

void delete_groups(Turn& turn, RequestToken token, const wire::DeleteGroupsRequest& request);

/// request  existing topics
void delete_offsets(Turn& turn, RequestToken token, const wire::OffsetDeleteRequest& request);

/// Forgets what every group committed for a topic that no longer exists.
void forget_topic(Turn& turn, std::string_view topic);

/// kOffsetsSweep: forgets offsets past their retention, and then groups that hold nothing.
void sweep_expired(Turn& turn);

/// The tombstones are in the log, or are not.
void removed(Turn& turn, const std::string& group_id, Removed removal, wire::KafkaError error);

}  // namespace millrace::broker
