// What a broker can be told. Names follow Kafka's broker properties where one exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/fetching/fetch_session_limits.h"
#include "broker/groups/coordinator/group_config.h"
#include "broker/properties/config_overrides.h"
#include "broker/transactions/transaction_config.h"
#include "io/connection.h"

namespace millrace::broker {

/// When bytes reach the disk (ADR 0007).
enum class FsyncPolicy : std::uint8_t {
  kGroup,  // acks=all is answered after a flush that many requests share
  kNever,  // the operating system decides, as in Kafka; topics themselves are synced all the same
  kAlways  // every append is flushed before it is answered
};

/// errors  kInvalidArgument naming the three words
Result<FsyncPolicy> parse_fsync_policy(std::string_view text);
std::string_view fsync_policy_name(FsyncPolicy policy);

/// More brokers in one process would each cost a listener for each event loop, and test nothing
/// new.
inline constexpr std::int32_t kBrokersMax = 32;

/// What others are told to connect to must say where.
/// errors  kInvalidArgument: a host that stands for every address, or port 0
Status check_advertised(const io::Endpoint& endpoint);

struct BrokerConfig {
  /// Where the logs live. Ignored when `ephemeral`.
  std::string data_directory;
  /// Keeps everything in a temporary directory, in memory when the machine offers one, and removes
  /// it at stop().
  bool ephemeral = false;
  /// Port 0 takes a free one.
  io::Endpoint kafka{"127.0.0.1", 9092};
  /// What clients are told to connect to; nothing: the address by which they came.
  std::optional<io::Endpoint> advertised = {};
  /// How many brokers this process is to its clients (ADR 31). The first has the two addresses
  /// above, each next one the next port.
  std::int32_t brokers = 1;
  /// broker.rack, dealt round; empty: none for one broker, rack-1, rack-2 … for several.
  std::vector<std::string> racks = {};
  FsyncPolicy fsync = FsyncPolicy::kGroup;
  /// Event loops that serve connections; 0 takes one per processor.
  int loops = 0;

  std::int32_t node_id = 1;                  // of the first broker
  std::int32_t num_partitions = 1;           // num.partitions
  std::int16_t replication_factor = 1;       // default.replication.factor
  bool auto_create_topics = true;            // auto.create.topics.enable
  std::int32_t offsets_partitions = 4;       // offsets.topic.num.partitions
  std::int32_t transactions_partitions = 4;  // transaction.state.log.num.partitions
  std::int32_t partitions_max = 10'000;  // of one topic; what a request can make this process open

  Millis log_retention_check_interval{300'000};  // log.retention.check.interval.ms
  Millis producer_id_expiration{86'400'000};     // producer.id.expiration.ms
  Millis recovery_point_interval{60'000};        // log.flush.offset.checkpoint.interval.ms
  std::int32_t recovery_threads = 2;             // num.recovery.threads.per.data.dir
  Millis cleaner_backoff{15'000};                // log.cleaner.backoff.ms
  std::size_t cleaner_dedupe_bytes_max = std::size_t{128} << 20U;  // log.cleaner.dedupe.buffer.size
  Millis connections_max_idle{600'000};                            // connections.max.idle.ms
  std::size_t request_bytes_max = 104'857'600;                     // socket.request.max.bytes
  std::size_t send_buffer_bytes = 262'144;                         // socket.send.buffer.bytes
  std::size_t fetch_bytes_max = 57'671'680;                        // fetch.max.bytes of the broker
  /// replica.selector.class; empty: clients read from leaders.
  std::string replica_selector = {};

  FetchSessionLimits fetch_sessions;
  /// What topics have that do not say otherwise, by the broker's names: log.retention.ms.
  ConfigOverrides topic_defaults = {};

  GroupConfig groups;
  TransactionConfig transactions;
};

/// Sets a property by Kafka's name, as `millrace properties broker` lists them.
/// errors  kInvalidArgument: unknown, out of range, or not for anybody to set
Status set_broker_property(BrokerConfig& config, std::string_view name, std::string_view value);

}  // namespace millrace::broker
