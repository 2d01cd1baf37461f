// OffsetDelete, version 0.
//   Unknown topics and partitions are answered here with UNKNOWN_TOPIC_OR_PARTITION; the rest goes
//   to the group, and is answered when the log has forgotten it. What is wrong with the group is an
//   error of the whole, and nothing else is said then.
// source  KIP-496

#include <utility>

#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/handlers/commit_split.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/offset_delete.h"

namespace millrace::broker {

void handle_offset_delete(wire::OffsetDeleteRequest request, RequestContext, BrokerState& state,
                          Responder<wire::OffsetDeleteResponse> reply) {
  using Response = wire::OffsetDeleteResponse;
  CommitSplit<wire::OffsetDeleteRequest, Response> split(request, *state.topics.table(),
                                                         NamedBy::kName);
  if (split.is_answered()) return reply.send(split.answer());
  auto merged = with_changed_response<Response>(
      std::move(reply), [split = std::move(split)](const Response& of_group) {
        return of_group.error_code != 0 ? of_group : split.merge(of_group);
      });
  state.groups->delete_offsets(std::move(request), std::move(merged));
}

}  // namespace millrace::broker
