// One way for markers into this broker's partitions: for those of its own coordinator and for those
// of WriteTxnMarkers.
#pragma once

#include <functional>
#include <string_view>

#include "base/time.h"
#include "broker/coordination/log_append.h"
#include "wire/error_codes.h"

namespace millrace::broker {

class GroupService;
class TopicTable;

/// Writes the marker into its partition of the topic. One in `__consumer_offsets` decides about
/// offsets: the groups have it written, in order with what is committed there.
/// done    is called once, from any thread or from inside the call: when the marker is as durable
/// as
///         acks=all promises, or with the error
/// errors  UNKNOWN_TOPIC_OR_PARTITION (there is none, or no more), INVALID_PRODUCER_EPOCH,
///         TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR; COORDINATOR_NOT_AVAILABLE when the
///         groups have stopped
/// thread  any
/// cost    one write; with --fsync always a flush
void write_marker(std::string_view topic, const LogMarker& marker, const TopicTable& topics,
                  GroupService& groups, Timestamp now, std::function<void(wire::KafkaError)> done);

}  // namespace millrace::broker
