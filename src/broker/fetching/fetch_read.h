// What a fetch finds at one moment. No waiting, no sockets: Fetch's handler asks again when it
// must.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker/nodes/nodes.h"
#include "broker/topics/topic_table.h"
#include "io/connection.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {

struct FetchLimits {
  std::int16_t api_version = 0;
  /// The node that is asked.
  BrokerId node = {};
  /// The broker's fetch.max.bytes; the request may ask for less.
  std::size_t bytes_max = 0;
  /// Where readers are sent to the replica in their rack; null where they are left to the leader.
  const Nodes* racks = nullptr;
};

struct FetchFound {
  wire::FetchResponse response;
  std::vector<io::FileSlice> files;  // one for each partition with records, in order
  std::size_t bytes = 0;
  /// A partition has an error, a diverging epoch or a nearer replica to report: no reason to wait.
  bool is_urgent = false;
  /// Of the partitions asked for, those that do not exist. They are no reason by themselves, as in
  /// Kafka: a client that asks for one again and again would be answered without a pause.
  std::size_t unknown_count = 0;
  std::size_t asked_count = 0;

  bool knows_none() const { return unknown_count == asked_count; }
};

/// By id since version 13 (KIP-516).
constexpr NamedBy fetch_names_topics_by(std::int16_t api_version) {
  return api_version >= 13 ? NamedBy::kId : NamedBy::kName;
}

/// Whether a replica asks, as version 15 says it, or those before. There are none that would be
/// known here.
bool is_from_replica(const wire::FetchRequest& request);

/// Reads what each partition has, in the order of the request, within the byte limits. Batches come
/// whole; the first one comes even when it alone is over the limits. A topic with an id and a name
/// was there under both when its session began.
FetchFound read_fetch(const wire::FetchRequest& request, const TopicTable& topics,
                      const FetchLimits& limits);

}  // namespace millrace::broker
