// Typed configuration of each kind of client, read from Properties.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/cluster/backoff.h"
#include "client/properties.h"
#include "io/connection.h"
#include "wire/compression.h"

namespace millrace::client {

/// What every client needs to reach the cluster.
struct ConnectionConfig {
  std::vector<io::Endpoint> bootstrap_servers;
  std::string client_id;
  Millis request_timeout{30'000};
  Backoff retry_backoff{Millis{100}, Millis{1000}};
  Backoff reconnect_backoff{Millis{50}, Millis{1000}};
  Millis connection_setup_timeout{10'000};
  Millis connections_max_idle{540'000};  // negative: never
  Millis metadata_max_age{300'000};
};

struct ProducerConfig {
  ConnectionConfig connection;
  std::int16_t acks = -1;
  std::size_t batch_size_bytes = 16'384;
  std::size_t buffer_memory_bytes = 33'554'432;
  wire::Compression compression = wire::Compression::kNone;
  wire::CompressionLevel compression_level;  // none: the codec's own default
  Millis delivery_timeout{120'000};
  bool idempotent = true;
  Millis linger{5};
  Millis max_block{60'000};
  int in_flight_per_connection_max = 5;
  std::size_t request_size_max = 1'048'576;
  bool ignore_keys = false;
  std::int32_t retries_max = INT32_MAX;
  std::optional<std::string> transactional_id;  // none: not transactional
  Millis transaction_timeout{60'000};
};

enum class OffsetReset { kEarliest, kLatest, kNone };
enum class GroupProtocol { kClassic, kConsumer };
enum class IsolationLevel : std::int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

struct ConsumerConfig {
  ConnectionConfig connection;
  bool allow_auto_create_topics = true;
  std::optional<Millis> auto_commit_interval = Millis{5000};  // none: enable.auto.commit=false
  OffsetReset offset_reset = OffsetReset::kLatest;
  bool check_crcs = true;
  std::string rack;
  Millis api_timeout{60'000};
  std::int32_t fetch_bytes_max = 52'428'800;
  Millis fetch_wait_max{500};
  std::int32_t fetch_bytes_min = 1;
  std::int32_t partition_fetch_bytes_max = 1'048'576;
  bool exclude_internal_topics = true;
  std::string group_id;  // empty: none
  GroupProtocol group_protocol = GroupProtocol::kClassic;
  std::optional<std::string> remote_assignor;  // none: the group's own
  std::optional<std::string> group_instance_id;
  Millis heartbeat_interval{3000};
  Millis session_timeout{45'000};
  Millis poll_interval_max{300'000};
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::size_t poll_records_max = 500;
  std::vector<std::string> assignors;
};

struct AdminConfig {
  ConnectionConfig connection;
  Millis api_timeout{60'000};
};

/// errors  kInvalidArgument, as check_properties, and for values that contradict each other
Result<ProducerConfig> read_producer_config(const Properties& properties);
Result<ConsumerConfig> read_consumer_config(const Properties& properties);
Result<AdminConfig> read_admin_config(const Properties& properties);

}  // namespace millrace::client
