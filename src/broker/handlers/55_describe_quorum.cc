// DescribeQuorum, versions 0–2.
//   The metadata log has one copy: its leader, who is called the controller, is the one voter. The
//   other nodes that run observe it, and are always where it is.
//   Asked for anything but `__cluster_metadata`, partition 0, it knows nothing.
// Version notes: v1 tells when replicas fetched (KIP-836); v2 where they listen, and directories
// (KIP-853).
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/nodes/nodes.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/messages/describe_quorum.h"

namespace millrace::broker {

namespace {

using wire::DescribeQuorumRequest;
using wire::DescribeQuorumResponse;
using wire::KafkaError;

bool is_about_metadata(const DescribeQuorumRequest& request) {
  return request.topics.size() == 1 && request.topics[0].topic_name == kMetadataTopic &&
         request.topics[0].partitions.size() == 1 &&
         request.topics[0].partitions[0].partition_index == 0;
}

DescribeQuorumResponse unknown_quorum(DescribeQuorumRequest request) {
  DescribeQuorumResponse response;
  response.error_message.reset();
  for (auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic_name = std::move(topic.topic_name);
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      answer.error_code = code_of(KafkaError::kUnknownTopicOrPartition);
      answer.error_message = "the quorum is that of __cluster_metadata, partition 0";
      answer.leader_id = -1;
      answer.leader_epoch = -1;
      answer.high_watermark = -1;
    }
  }
  return response;
}

DescribeQuorumResponse::ReplicaState replica_on(const Node& node, std::int64_t end,
                                                const BrokerState& state) {
  DescribeQuorumResponse::ReplicaState replica;
  replica.replica_id = node.id.value();
  replica.replica_directory_id = state.directory_id;
  replica.log_end_offset = end;
  return replica;
}

}  // namespace

DescribeQuorumResponse handle_describe_quorum(DescribeQuorumRequest request,
                                              const RequestContext& context, BrokerState& state) {
  if (!is_about_metadata(request)) return unknown_quorum(std::move(request));
  const auto nodes = state.nodes.list();
  const BrokerId leader = controller_of(*nodes);
  const std::int64_t end = state.topics.metadata_end().value();

  DescribeQuorumResponse response;
  response.error_message.reset();
  auto& topic = response.topics.emplace_back();
  topic.topic_name = std::string(kMetadataTopic);
  auto& quorum = topic.partitions.emplace_back();
  quorum.error_message.reset();
  quorum.leader_id = leader.value();
  quorum.leader_epoch = state.nodes.controller_epoch();
  quorum.high_watermark = end;
  for (const Node& node : *nodes) {
    if (!node.is_running) continue;
    auto replica = replica_on(node, end, state);
    replica.last_caught_up_timestamp = context.wall.value();
    if (node.id == leader) {
      quorum.current_voters.push_back(std::move(replica));
      auto& shown = response.nodes.emplace_back();
      shown.node_id = node.id.value();
      auto [host, port] = address_of(node, *context.connection);
      shown.listeners.push_back({context.connection->listener, std::move(host), port});
    } else {
      replica.last_fetch_timestamp = context.wall.value();
      quorum.observers.push_back(std::move(replica));
    }
  }
  return response;
}

}  // namespace millrace::broker
