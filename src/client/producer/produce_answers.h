// ProduceAnswers: finds a partition's part of an answer to Produce. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>

#include "model/topic_partition.h"
#include "model/uuid.h"
#include "wire/messages/produce.h"

namespace millrace::client {

/// Borrows the answer, which names topics or, in newer versions, gives their ids.
class ProduceAnswers {
 public:
  explicit ProduceAnswers(const wire::ProduceResponse& response);

  /// Null when the answer leaves the partition out.
  const wire::ProduceResponse::PartitionProduceResponse* find(const TopicPartition& partition,
                                                              const Uuid& topic_id) const;

 private:
  using Key = std::tuple<std::string_view, Uuid, std::int32_t>;  // of name and id one is empty

  std::map<Key, const wire::ProduceResponse::PartitionProduceResponse*> by_partition_;
};

}  // namespace millrace::client
