// Three brokers over one log, whose requests are dispatched as those of clients.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "broker/testing/gate_fixture.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/metadata.h"
#include "wire/messages/produce.h"

namespace millrace::broker {

/// Everything is allowed. Topic "orders" has its partitions 0, 1 and 2 on nodes 1 and 2, 2 and 3, 3
/// and 1; the first of them leads.
class ManyBrokers : public GateFixture {
 protected:
  explicit ManyBrokers(Adjust adjust = nullptr) : GateFixture(3, adjust) {
    guarded_->authorizer = &everybody_;
    NewTopic topic{.name = "orders", .partition_count = 3, .replication_factor = 2};
    topic.assignments = {{k1, k2}, {k2, k3}, {k3, k1}};
    EXPECT_TRUE(state().topics.create(topic).ok());
  }

  const Partition& orders(std::int32_t index) {
    return *state().topics.table()->find_partition("orders", index);
  }
  wire::ProduceResponse produce_to(std::int32_t partition, std::int16_t version = 10) {
    const Buffer batch = batch_of({"value"});
    wire::ProduceRequest request;
    request.acks = -1;
    auto& data = request.topic_data.emplace_back();
    data.name = "orders";
    data.partition_data.emplace_back().index = partition;
    data.partition_data.back().records = wire::Records(batch.view());
    return ask<wire::ProduceResponse>(request, version);
  }
  wire::FetchResponse fetch_from(std::int32_t partition, std::int16_t version,
                                 std::int32_t current_leader_epoch = -1) {
    wire::FetchRequest request;
    request.max_wait_ms = 0;
    request.rack_id = rack_;
    auto& topic = request.topics.emplace_back();
    topic.topic = "orders";
    topic.topic_id = state().topics.table()->find("orders")->id;
    auto& wanted = topic.partitions.emplace_back();
    wanted.partition = partition;
    wanted.current_leader_epoch = current_leader_epoch;
    wanted.fetch_offset = from_;
    return ask<wire::FetchResponse>(request, version);
  }
  static wire::KafkaError only_error(const wire::FetchResponse& response) {
    return error(response.responses.at(0).partitions.at(0).error_code);
  }
  wire::FindCoordinatorResponse find(std::int8_t key_type, const std::string& key) {
    wire::FindCoordinatorRequest request;
    request.key_type = key_type;
    request.key = key;
    return ask<wire::FindCoordinatorResponse>(request, 3);
  }
  /// Requests come to the coordinator of the group, or to one that is not.
  void come_to_coordinator_of(const std::string& group) {
    come_to(BrokerId{find(0, group).node_id});
  }
  void come_past_coordinator_of(const std::string& group) {
    come_to(BrokerId{find(0, group).node_id % 3 + 1});
  }

  const BrokerId k1{1};
  const BrokerId k2{2};
  const BrokerId k3{3};
  const AllowEverything everybody_{};
  // Of fetches.
  std::string rack_ = {};
  std::int64_t from_ = 0;
};

}  // namespace millrace::broker
