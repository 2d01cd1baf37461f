#include "streams/runtime/task_plan.h"

#include <fmt/format.h>

namespace millrace::streams {

std::string TopicRef::resolve(std::string_view application_id) const {
  if (kind == Kind::kExternal) return name;
  return fmt::format("{}-{}", application_id, name);
}

std::string changelog_topic(std::string_view application_id, std::string_view store) {
  return fmt::format("{}-{}-changelog", application_id, store);
}

std::vector<TopicRef> TaskPlan::source_topics() const {
  std::vector<TopicRef> topics;
  for (const NodePlan& node : nodes) {
    if (node.kind == NodeKind::kSource) topics.push_back(node.topic);
  }
  return topics;
}

}  // namespace millrace::streams
