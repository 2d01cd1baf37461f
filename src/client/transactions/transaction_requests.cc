#include "client/transactions/transaction_requests.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "client/cluster/leader_questions.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::client {
namespace {

struct ProducersQuestion {
  using Request = wire::DescribeProducersRequest;
  using Response = wire::DescribeProducersResponse;
  using PartitionResponse = Response::PartitionResponse;
  using Asked = std::monostate;
  using Answer = std::vector<ProducerState>;
  static constexpr std::string_view kVerb = "producers of";

  void ask(Request& request, const TopicPartition& partition, Asked /*all*/,
           LeaderEpoch /*epoch*/) const {
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .partition_indexes = {}});
    }
    request.topics.back().partition_indexes.push_back(partition.partition.value());
  }
  static const auto& topics_in(const Response& answer) { return answer.topics; }
  Answer read(const PartitionResponse& each) const {
    Answer producers;
    for (const auto& one : each.active_producers) {
      ProducerState& state = producers.emplace_back();
      state.id = ProducerId{one.producer_id};
      // 32 bits in this message only; an epoch has 16 wherever it is given or checked.
      state.epoch = ProducerEpoch{static_cast<std::int16_t>(one.producer_epoch)};
      state.last_sequence = one.last_sequence;
      state.last_timestamp = Timestamp{one.last_timestamp};
      state.coordinator_epoch = one.coordinator_epoch;
      if (one.current_txn_start_offset >= 0) {
        state.transaction_start = Offset{one.current_txn_start_offset};
      }
    }
    return producers;
  }
};

struct AbortMarker {
  using Request = wire::WriteTxnMarkersRequest;
  using Response = wire::WriteTxnMarkersResponse;
  using PartitionResponse = Response::WritableTxnMarkerPartitionResult;
  using Asked = OpenTransaction;
  using Answer = std::monostate;
  static constexpr std::string_view kVerb = "abort the transaction in";

  void ask(Request& request, const TopicPartition& partition, const OpenTransaction& transaction,
           LeaderEpoch /*epoch*/) const {
    auto& marker = request.markers.emplace_back();
    marker.producer_id = transaction.producer_id.value();
    marker.producer_epoch = transaction.producer_epoch.value();
    marker.transaction_result = false;
    // Without a marker before, no coordinator is known here. The first leadership is at most that
    // of any coordinator, so the marker fences none off.
    marker.coordinator_epoch = std::max(0, transaction.coordinator_epoch);
    marker.topics.push_back(
        {.name = partition.topic, .partition_indexes = {partition.partition.value()}});
  }
  static std::vector<Response::WritableTxnMarkerTopicResult> topics_in(const Response& answer) {
    std::vector<Response::WritableTxnMarkerTopicResult> topics;
    for (const auto& marker : answer.markers) {
      topics.insert(topics.end(), marker.topics.begin(), marker.topics.end());
    }
    return topics;
  }
  Answer read(const PartitionResponse& /*each*/) const { return {}; }
};

}  // namespace

void describe_producers(Cluster& cluster, const std::set<TopicPartition>& partitions,
                        MonotonicTime deadline, std::function<void(ProducersOf)> done) {
  LeaderQuestions<ProducersQuestion>::Questions questions;
  for (const TopicPartition& each : partitions) questions.emplace(each, std::monostate{});
  LeaderQuestions<ProducersQuestion>::ask(cluster, {}, std::move(questions), deadline,
                                          std::move(done));
}

void write_abort_marker(Cluster& cluster, const OpenTransaction& transaction,
                        MonotonicTime deadline, std::function<void(Status)> done) {
  using Questions = LeaderQuestions<AbortMarker>;
  Questions::ask(cluster, {}, {{transaction.partition, transaction}}, deadline,
                 [done = std::move(done)](Questions::Answers answers) {
                   const auto& answer = answers.begin()->second;
                   done(answer.ok() ? Status{} : Status{answer.error()});
                 });
}

}  // namespace millrace::client
