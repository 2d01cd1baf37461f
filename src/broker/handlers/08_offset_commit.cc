// OffsetCommit, versions 2–10.
//   Unknown topics and partitions are answered here with UNKNOWN_TOPIC_OR_PARTITION; the rest goes
//   to the group, and is answered when it is in __consumer_offsets.
// Version notes: v10 names topics by id alone, an unknown one is UNKNOWN_TOPIC_ID.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/handlers/commit_split.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/offset_commit.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kCommitByIdSince = 10;

}  // namespace

void handle_offset_commit(wire::OffsetCommitRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::OffsetCommitResponse> reply) {
  using Response = wire::OffsetCommitResponse;
  const NamedBy by = context.api_version >= kCommitByIdSince ? NamedBy::kId : NamedBy::kName;
  CommitSplit<wire::OffsetCommitRequest, Response> split(request, *state.topics.table(), by);
  if (split.is_answered()) return reply.send(split.answer());
  auto merged = with_changed_response<Response>(
      std::move(reply),
      [split = std::move(split)](const Response& of_group) { return split.merge(of_group); });
  state.groups->commit_offsets(group_caller(context), std::move(request), std::move(merged));
}

}  // namespace millrace::broker
