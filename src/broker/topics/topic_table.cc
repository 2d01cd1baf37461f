#include "broker/topics/topic_table.h"

#include <utility>

namespace millrace::broker {

bool is_internal_topic(std::string_view name) {
  return name == kOffsetsTopic || name == kTransactionsTopic;
}

const Topic* TopicTable::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

const Topic* TopicTable::find(const Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Partition* TopicTable::find_partition(std::string_view name, std::int32_t index) const {
  const Topic* const topic = find(name);
  return topic == nullptr ? nullptr : topic->partition(index);
}

void TopicTable::add(std::shared_ptr<const Topic> topic) {
  by_id_[topic->id] = topic.get();
  by_name_[topic->name] = std::move(topic);
}

TopicTable TopicTable::with(std::shared_ptr<const Topic> topic) const {
  TopicTable table = *this;
  table.add(std::move(topic));
  return table;
}

TopicTable TopicTable::without(std::string_view name) const {
  TopicTable table = *this;
  const auto found = table.by_name_.find(name);
  if (found == table.by_name_.end()) return table;
  table.by_id_.erase(found->second->id);
  table.by_name_.erase(found);
  return table;
}

}  // namespace millrace::broker
