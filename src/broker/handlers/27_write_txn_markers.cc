// WriteTxnMarkers, versions 1–2. What brokers ask of each other, and tools that end a transaction
// which was left open: this broker's own coordinator writes its markers without it.
//   Each partition of each marker answers for itself; a partition that is gone is
//   UNKNOWN_TOPIC_OR_PARTITION. Markers of one producer are answered as one.
//   Answers once every marker is as safe as acks=all promises.
//   A marker in __consumer_offsets decides about offsets: the groups have it written.
// Version notes: v2 says under which transaction.version the transaction ran; what says nothing is
// held to the old rule, that the epoch be no older.
#include <algorithm>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/session/gathering.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/transactions/partition_marker.h"
#include "wire/messages/write_txn_markers.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::WriteTxnMarkersRequest;
using wire::WriteTxnMarkersResponse;
using ProducerAnswer = WriteTxnMarkersResponse::WritableTxnMarkerResult;
using TopicAnswer = WriteTxnMarkersResponse::WritableTxnMarkerTopicResult;

wire::TransactionMarker marker_of(const WriteTxnMarkersRequest::WritableTxnMarker& wanted) {
  return {ProducerId{wanted.producer_id},
          ProducerEpoch{wanted.producer_epoch},
          {wanted.transaction_result ? wire::TransactionResult::kCommit
                                     : wire::TransactionResult::kAbort,
           wanted.coordinator_epoch}};
}

ProducerAnswer& answer_for(WriteTxnMarkersResponse& response, std::int64_t producer_id) {
  const auto found =
      std::find_if(response.markers.begin(), response.markers.end(),
                   [&](const auto& answer) { return answer.producer_id == producer_id; });
  if (found != response.markers.end()) return *found;
  response.markers.emplace_back().producer_id = producer_id;
  return response.markers.back();
}

TopicAnswer& answer_for(ProducerAnswer& producer, const std::string& topic) {
  const auto found = std::find_if(producer.topics.begin(), producer.topics.end(),
                                  [&](const auto& answer) { return answer.name == topic; });
  if (found != producer.topics.end()) return *found;
  producer.topics.emplace_back().name = topic;
  return producer.topics.back();
}

/// Where the answer for one marker in one partition stands.
struct AnswerPlace {
  std::size_t producer, topic, partition;
};

/// A marker for one partition.
struct Task {
  AnswerPlace place;
  std::string topic;
  LogMarker marker;
};

/// The answers as they will be, and what is to be done for each.
struct Plan {
  WriteTxnMarkersResponse response;
  std::vector<Task> tasks;

  void add(const WriteTxnMarkersRequest::WritableTxnMarker& wanted) {
    const auto version = static_cast<wire::TransactionVersion>(wanted.transaction_version);
    auto& producer = answer_for(response, wanted.producer_id);
    for (const auto& topic : wanted.topics) {
      auto& answers = answer_for(producer, topic.name);
      for (const std::int32_t index : topic.partition_indexes) {
        const AnswerPlace place{static_cast<std::size_t>(&producer - response.markers.data()),
                                static_cast<std::size_t>(&answers - producer.topics.data()),
                                answers.partitions.size()};
        answers.partitions.emplace_back().partition_index = index;
        tasks.push_back({place,
                         topic.name,
                         {.partition = PartitionId{index},
                          .marker = marker_of(wanted),
                          .version = version,
                          .source = MarkerSource::kRequest}});
      }
    }
  }
};

/// NONE, or what stands in the way of a marker that came to this node.
KafkaError misplaced(const Task& task, const RequestContext& context, const TopicTable& topics) {
  const Partition* const partition =
      topics.find_partition(task.topic, task.marker.partition.value());
  return partition == nullptr ? KafkaError::kUnknownTopicOrPartition
                              : check_leads(*partition, context.node);
}

}  // namespace

void handle_write_txn_markers(WriteTxnMarkersRequest request, RequestContext context,
                              BrokerState& state, Responder<WriteTxnMarkersResponse> reply) {
  Plan plan;
  for (const auto& marker : request.markers) plan.add(marker);
  if (plan.tasks.empty()) return reply.send(std::move(plan.response));
  const auto topics = state.topics.table();
  const auto writing = gather(plan.tasks.size(), std::move(plan.response),
                              [reply = std::move(reply)](WriteTxnMarkersResponse response) mutable {
                                reply.send(std::move(response));
                              });
  for (const Task& task : plan.tasks) {
    const auto done = [writing, place = task.place](KafkaError error) {
      writing->finish([&](WriteTxnMarkersResponse& response) {
        auto& topic = response.markers[place.producer].topics[place.topic];
        topic.partitions[place.partition].error_code = code_of(error);
      });
    };
    const KafkaError not_here = misplaced(task, context, *topics);
    if (not_here != KafkaError::kNone)
      done(not_here);
    else
      write_marker(task.topic, task.marker, *topics, *state.groups, context.wall, done);
  }
}

}  // namespace millrace::broker
