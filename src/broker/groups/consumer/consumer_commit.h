// Whether a member of a consumer group may commit or fetch offsets: by its epoch.
#pragma once

#include <optional>
#include <string>

#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/coordinator/turn.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// request  an OffsetCommitRequest. A commit of an earlier epoch counts when the member has had all
///          that it is of since then.
/// source   KIP-848, KIP-1251
wire::KafkaError check_commit(const ConsumerGroup& group, const GroupTopics& topics,
                              const GroupCaller& caller, const wire::OffsetCommitRequest& request);
/// The same for a TxnOffsetCommitRequest; who names no member is let in, the transaction fences
/// him.
wire::KafkaError check_transactional_commit(const ConsumerGroup& group, const GroupTopics& topics,
                                            const wire::TxnOffsetCommitRequest& request);
/// Who names no member may fetch.
wire::KafkaError check_fetch(const ConsumerGroup& group,
                             const std::optional<std::string>& member_id, std::int32_t epoch);

}  // namespace millrace::broker
