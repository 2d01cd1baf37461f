#include "broker/groups/consumer/group_topics.h"

#include "broker/topics/topic_table.h"

namespace millrace::broker {

GroupTopics::GroupTopics(const TopicTable& table, std::uint64_t version_of_table)
    : version(version_of_table) {
  for (const auto& [name, topic] : table.by_name()) {
    add(name, {topic->id, static_cast<std::int32_t>(topic->partitions.size())});
  }
}

void GroupTopics::add(const std::string& name, Topic topic) {
  names_[topic.id] = name;
  by_name_[name] = topic;
}

const GroupTopics::Topic* GroupTopics::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

const std::string* GroupTopics::name_of(const Uuid& id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace millrace::broker
