// WriteTxnMarkers, versions 1–2. What brokers ask of each other, and tools that end a transaction
// which was left open: this broker's own coordinator writes its markers without it.
//   Each partition of each marker answers for itself; a partition that is gone is
//   UNKNOWN_TOPIC_OR_PARTITION. Markers of one producer are answered as one.
//   Answers once every marker is as safe as acks=all promises.
//   A marker in __consumer_offsets decides about offsets: the groups hear of it.
// Version notes: v2 says under which transaction.version the transaction ran; what says nothing is
// held to the old rule, that the epoch be no older.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "broker/handlers/handlers.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
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

/// A marker that was appended: where its answer stands, and whose disk to wait for.
struct Place {
  std::size_t producer, topic, partition;
  Partition* log;
};

/// A request whose markers wait for the disk. Flushes of several partitions may end at once, on
/// several threads.
struct Flushing {
  struct Open {
    std::size_t count;
    WriteTxnMarkersResponse response;
  };

  Flushing(std::size_t count, WriteTxnMarkersResponse response,
           Responder<WriteTxnMarkersResponse> owed)
      : open(Open{count, std::move(response)}), reply(std::move(owed)) {}

  void flushed(const Place& place, const Status& status) {
    auto finished = open.with([&](Open& state) -> std::optional<WriteTxnMarkersResponse> {
      if (!status.ok()) {
        auto& topic = state.response.markers[place.producer].topics[place.topic];
        topic.partitions[place.partition].error_code = code_of(KafkaError::kKafkaStorageError);
      }
      if (--state.count > 0) return std::nullopt;
      return std::move(state.response);
    });
    if (finished) reply.send(*std::move(finished));
  }

  Guarded<Open> open;
  Responder<WriteTxnMarkersResponse> reply;  // touched by the last flush only
};

class MarkersAppender {
 public:
  MarkersAppender(const RequestContext& context, BrokerState& state)
      : now_(context.wall), state_(state), topics_(state.topics.table()) {}

  void append(const WriteTxnMarkersRequest::WritableTxnMarker& wanted) {
    const auto marker = marker_of(wanted);
    const auto version = static_cast<wire::TransactionVersion>(wanted.transaction_version);
    auto& producer = answer_for(response_, wanted.producer_id);
    for (const auto& topic : wanted.topics) {
      auto& answers = answer_for(producer, topic.name);
      for (const std::int32_t index : topic.partition_indexes) {
        Partition* const partition = topics_->find_partition(topic.name, index);
        const KafkaError error = append_one(partition, marker, version);
        answers.partitions.push_back({index, code_of(error)});
        if (error != KafkaError::kNone) continue;
        places_.push_back({static_cast<std::size_t>(&producer - response_.markers.data()),
                           static_cast<std::size_t>(&answers - producer.topics.data()),
                           answers.partitions.size() - 1, partition});
      }
    }
  }

  void answer(Responder<WriteTxnMarkersResponse> reply) && {
    if (places_.empty()) return reply.send(std::move(response_));
    const auto flushing =
        std::make_shared<Flushing>(places_.size(), std::move(response_), std::move(reply));
    // The table keeps the partitions until each has been asked.
    for (const Place& place : places_) {
      place.log->when_durable(
          [flushing, place](const Status& status) { flushing->flushed(place, status); });
    }
  }

 private:
  KafkaError append_one(Partition* partition, const wire::TransactionMarker& marker,
                        wire::TransactionVersion version) const {
    if (partition == nullptr) return KafkaError::kUnknownTopicOrPartition;
    const auto appended = partition->append_marker(marker, version, now_);
    if (!appended.ok()) return wire::kafka_error_of(appended.error());
    if (partition->name().topic == kOffsetsTopic && state_.on_offsets_marker) {
      state_.on_offsets_marker(partition->name().partition, marker);
    }
    return KafkaError::kNone;
  }

  const Timestamp now_;
  BrokerState& state_;
  const std::shared_ptr<const TopicTable> topics_;
  WriteTxnMarkersResponse response_;
  std::vector<Place> places_;
};

}  // namespace

void handle_write_txn_markers(WriteTxnMarkersRequest request, RequestContext context,
                              BrokerState& state, Responder<WriteTxnMarkersResponse> reply) {
  MarkersAppender appender(context, state);
  for (const auto& marker : request.markers) appender.append(marker);
  std::move(appender).answer(std::move(reply));
}

}  // namespace millrace::broker
