#include "client/group/group_effects.h"

#include <set>

namespace millrace::client {

std::vector<TopicPartition> difference(const std::vector<TopicPartition>& from,
                                       const std::vector<TopicPartition>& taken_away) {
  const std::set<TopicPartition> taken(taken_away.begin(), taken_away.end());
  std::vector<TopicPartition> rest;
  for (const TopicPartition& partition : from) {
    if (taken.count(partition) == 0) rest.push_back(partition);
  }
  return rest;
}

}  // namespace millrace::client
