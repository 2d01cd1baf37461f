// What OffsetCommit, TxnOffsetCommit and OffsetDelete have in common: topics and partitions that do
// not exist are answered by the handler, and the group answers for the rest.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"
#include "broker/topics/topic_table.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// A request cut into what is answered already and what the group has to say.
template <class Request, class Response>
class CommitSplit {
 public:
  /// Takes the topics out of `request` and puts back those of which the group is to be asked, by
  /// name.
  CommitSplit(Request& request, const TopicTable& topics, NamedBy by) {
    for (auto& asked : std::exchange(request.topics, {})) {
      Uuid id;
      if constexpr (requires { asked.topic_id; }) id = asked.topic_id;
      const Topic* const topic = topics.find(by, asked.name, id);
      take(request, std::move(asked), topic,
           by == NamedBy::kId ? wire::KafkaError::kUnknownTopicId
                              : wire::KafkaError::kUnknownTopicOrPartition);
    }
  }

  bool is_answered() const { return open_.empty(); }
  /// The answer when the group need not be asked.
  Response answer() const { return response_; }
  /// The answer with what the group says.
  Response merge(const Response& of_group) const {
    Response merged = response_;
    auto place = open_.begin();
    for (const auto& topic : of_group.topics) {
      for (const auto& partition : topic.partitions) {
        CHECK(place != open_.end(), "a group answered for more partitions than it was asked for");
        at(merged, *place++).error_code = partition.error_code;
      }
    }
    return merged;
  }
  /// The answer when the group is not to be asked, for this reason.
  Response fail(wire::KafkaError error) const {
    Response failed = response_;
    for (const Place& place : open_) at(failed, place).error_code = code_of(error);
    return failed;
  }

 private:
  struct Place {
    std::size_t topic;
    std::size_t partition;
  };

  template <class AskedTopic>
  void take(Request& request, AskedTopic asked, const Topic* topic, wire::KafkaError if_unknown) {
    auto& answered = response_.topics.emplace_back();
    answered.name = asked.name;
    if constexpr (requires { asked.topic_id; }) answered.topic_id = asked.topic_id;
    decltype(asked.partitions) known;
    for (auto& partition : asked.partitions) {
      auto& result = answered.partitions.emplace_back();
      result.partition_index = partition.partition_index;
      if (topic == nullptr) {
        result.error_code = code_of(if_unknown);
      } else if (topic->partition(partition.partition_index) == nullptr) {
        result.error_code = code_of(wire::KafkaError::kUnknownTopicOrPartition);
      } else {
        open_.push_back({response_.topics.size() - 1, answered.partitions.size() - 1});
        known.push_back(std::move(partition));
      }
    }
    if (known.empty()) return;
    asked.name = topic->name;
    asked.partitions = std::move(known);
    request.topics.push_back(std::move(asked));
  }
  static auto& at(Response& response, const Place& place) {
    return response.topics[place.topic].partitions[place.partition];
  }

  Response response_;        // every partition in the order of the request
  std::vector<Place> open_;  // still to be answered, in the order in which the group is asked
};

}  // namespace millrace::broker
