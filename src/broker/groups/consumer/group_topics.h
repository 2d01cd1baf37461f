// GroupTopics: the topics that there are, as far as consumer groups ask for them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "model/uuid.h"

namespace millrace::broker {

class TopicTable;

/// A picture that never changes once groups have seen it.
class GroupTopics {
 public:
  struct Topic {
    Uuid id;
    std::int32_t partition_count = 0;
  };
  using ByName = std::map<std::string, Topic, std::less<>>;

  GroupTopics() = default;
  /// version  another one than any picture that differs
  GroupTopics(const TopicTable& table, std::uint64_t version);

  void add(const std::string& name, Topic topic);

  std::uint64_t version = 0;

  const ByName& by_name() const { return by_name_; }
  /// Null when there is none.
  const Topic* find(std::string_view name) const;
  const std::string* name_of(const Uuid& id) const;

 private:
  ByName by_name_;
  std::map<Uuid, std::string> names_;
};

}  // namespace millrace::broker
