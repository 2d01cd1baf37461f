#include "client/cluster/version_fit.h"

#include "base/check.h"

namespace millrace::client {

void fit_to_version(wire::LeaveGroupRequest& request, std::int16_t version) {
  CHECK(request.members.size() == 1, "one member leaves, not {}", request.members.size());
  if (version < 3) {
    request.member_id = request.members.front().member_id;
    request.members.clear();
  } else {
    request.member_id.clear();
  }
}

void fit_to_version(wire::FindCoordinatorRequest& request, std::int16_t version) {
  if (version < 4) return;
  request.coordinator_keys = {request.key};
  request.key.clear();
}

void fit_to_version(wire::OffsetFetchRequest& request, std::int16_t version) {
  if (version >= 8) return;
  CHECK(request.groups.size() == 1, "one group is asked for, not {}", request.groups.size());
  auto group = std::move(request.groups.front());
  request.groups.clear();
  request.group_id = std::move(group.group_id);
  request.topics.reset();
  if (!group.topics) return;
  request.topics.emplace();
  for (auto& topic : *group.topics) {
    request.topics->push_back(
        {.name = std::move(topic.name), .partition_indexes = std::move(topic.partition_indexes)});
  }
}

void fit_to_version(wire::DeleteTopicsRequest& request, std::int16_t version) {
  if (version < 6) return;
  for (std::string& name : request.topic_names) {
    request.topics.push_back({.name = std::move(name), .topic_id = {}});
  }
  request.topic_names.clear();
}

}  // namespace millrace::client
