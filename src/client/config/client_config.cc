#include "client/config/client_config.h"

#include <charconv>

#include "base/check.h"
#include "client/config/property_table.h"

namespace millrace::client {
namespace {

// Reads values that check() has accepted.
class Reader {
 public:
  Reader(ClientKind kind, const Properties& properties) : kind_(kind), properties_(properties) {}

  Status check() const { return check_properties(kind_, properties_); }

  std::string text(std::string_view name) const {
    const std::string* const found = properties_.find(name);
    if (found != nullptr) return *found;
    const PropertyRow* const row = find_property_row(kind_, name);
    CHECK(row != nullptr, "no property named {}", name);
    return std::string(row->default_value);
  }
  std::int64_t integer(std::string_view name) const {
    const std::string value = text(name);
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  std::int32_t int32(std::string_view name) const {
    return static_cast<std::int32_t>(integer(name));
  }
  std::size_t size(std::string_view name) const { return static_cast<std::size_t>(integer(name)); }
  Millis millis(std::string_view name) const { return Millis{integer(name)}; }
  bool boolean(std::string_view name) const { return text(name) == "true"; }
  bool is_set(std::string_view name) const { return properties_.contains(name); }
  std::vector<std::string> list(std::string_view name) const;

 private:
  ClientKind kind_;
  const Properties& properties_;
};

std::vector<std::string> Reader::list(std::string_view name) const {
  std::vector<std::string> items;
  std::string item;
  const auto take_item = [&] {
    if (!item.empty()) items.push_back(std::move(item));
    item.clear();
  };
  for (const char letter : text(name)) {
    if (letter == ',') {
      take_item();
    } else if (letter != ' ') {
      item += letter;
    }
  }
  take_item();
  return items;
}

/// What every client has, and so the first to be read: checks all properties before.
Result<ConnectionConfig> read_connection(const Reader& reader) {
  if (auto status = reader.check(); !status.ok()) return std::move(status).error();
  ConnectionConfig config;
  for (const std::string& server : reader.list("bootstrap.servers")) {
    auto endpoint = io::Endpoint::parse(server);
    if (!endpoint.ok()) {
      return std::move(endpoint).error().with_context("property bootstrap.servers");
    }
    config.bootstrap_servers.push_back(std::move(endpoint).value());
  }
  if (config.bootstrap_servers.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "property bootstrap.servers: wanted at least one host:port, such as "
                 "127.0.0.1:9092, found none"};
  }
  config.client_id = reader.text("client.id");
  config.request_timeout = reader.millis("request.timeout.ms");
  config.retry_backoff = {reader.millis("retry.backoff.ms"), reader.millis("retry.backoff.max.ms")};
  config.reconnect_backoff = {reader.millis("reconnect.backoff.ms"),
                              reader.millis("reconnect.backoff.max.ms")};
  config.connection_setup_timeout = reader.millis("socket.connection.setup.timeout.ms");
  config.connections_max_idle = reader.millis("connections.max.idle.ms");
  config.metadata_max_age = reader.millis("metadata.max.age.ms");
  return config;
}

Error contradiction(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

// Idempotence that nobody asked for, by name or by transactional.id, gives way to what excludes it.
Status settle_idempotence(const Reader& reader, ProducerConfig& config) {
  config.idempotent = reader.boolean("enable.idempotence");
  const std::string_view asked_by = config.transactional_id ? "transactional.id"
                                    : reader.is_set("enable.idempotence")
                                        ? "enable.idempotence=true"
                                        : "";
  if (!config.idempotent) {
    if (!config.transactional_id) return {};
    return contradiction(
        "property enable.idempotence: wanted true with transactional.id, found false");
  }
  const auto gives_way = [&](std::string_view name, std::string_view wanted,
                             std::int64_t found) -> Status {
    config.idempotent = false;
    if (asked_by.empty()) return {};
    return contradiction(
        fmt::format("property {}: wanted {} with {}, found {}", name, wanted, asked_by, found));
  };
  Status status;
  if (config.in_flight_per_connection_max > 5) {
    status = gives_way("max.in.flight.requests.per.connection", "at most 5",
                       config.in_flight_per_connection_max);
  }
  if (status.ok() && config.acks != -1) status = gives_way("acks", "all", config.acks);
  if (status.ok() && config.retries_max == 0) {
    status = gives_way("retries", "more than 0", config.retries_max);
  }
  return status;
}

Status read_transactions(const Reader& reader, ProducerConfig& config) {
  config.transaction_timeout = reader.millis("transaction.timeout.ms");
  if (!reader.is_set("transactional.id")) return {};
  config.transactional_id = reader.text("transactional.id");
  if (config.transactional_id->empty()) {
    return contradiction("property transactional.id: wanted a name, found an empty one");
  }
  return {};
}

wire::CompressionLevel compression_level(const Reader& reader, wire::Compression codec) {
  const std::string name = fmt::format("compression.{}.level", wire::compression_name(codec));
  if (!reader.is_set(name)) return std::nullopt;
  return reader.int32(name);
}

OffsetReset parse_offset_reset(std::string_view text) {
  if (text == "earliest") return OffsetReset::kEarliest;
  return text == "latest" ? OffsetReset::kLatest : OffsetReset::kNone;
}

bool is_consumer_protocol(const Reader& reader) {
  const std::string protocol = reader.text("group.protocol");
  return protocol == "consumer" || protocol == "CONSUMER";
}

// What the other protocol decides elsewhere would be without effect.
Status check_protocol_properties(const Reader& reader) {
  const auto refuse_if_set = [&](std::string_view name, std::string_view reason) -> Status {
    if (reader.text(name).empty() || !reader.is_set(name)) return {};
    return contradiction(fmt::format("property {}: cannot be set with {}, found {}", name, reason,
                                     reader.text(name)));
  };
  if (!is_consumer_protocol(reader)) {
    return refuse_if_set("group.remote.assignor",
                         "group.protocol=classic, where partition.assignment.strategy says it");
  }
  struct Moved {
    std::string_view name;
    std::string_view reason;
  };
  constexpr Moved kMoved[] = {
      {"partition.assignment.strategy",
       "group.protocol=consumer, where the brokers deal; group.remote.assignor chooses how"},
      {"heartbeat.interval.ms",
       "group.protocol=consumer, where the brokers say it by "
       "group.consumer.heartbeat.interval.ms"},
      {"session.timeout.ms",
       "group.protocol=consumer, where the brokers say it by group.consumer.session.timeout.ms"}};
  for (const auto& [name, reason] : kMoved) {
    if (auto status = refuse_if_set(name, reason); !status.ok()) return status;
  }
  return {};
}

void read_group(const Reader& reader, ConsumerConfig& config) {
  config.group_id = reader.text("group.id");
  if (is_consumer_protocol(reader)) config.group_protocol = GroupProtocol::kConsumer;
  const std::string assignor = reader.text("group.remote.assignor");
  if (!assignor.empty()) config.remote_assignor = assignor;
  config.exclude_internal_topics = reader.boolean("exclude.internal.topics");
  const std::string instance = reader.text("group.instance.id");
  if (!instance.empty()) config.group_instance_id = instance;
  config.heartbeat_interval = reader.millis("heartbeat.interval.ms");
  config.session_timeout = reader.millis("session.timeout.ms");
  config.poll_interval_max = reader.millis("max.poll.interval.ms");
  config.assignors = reader.list("partition.assignment.strategy");
}

}  // namespace

Result<ProducerConfig> read_producer_config(const Properties& properties) {
  const Reader reader(ClientKind::kProducer, properties);
  auto connection = read_connection(reader);
  if (!connection.ok()) return std::move(connection).error();
  auto compression = wire::parse_compression(reader.text("compression.type"));
  if (!compression.ok()) return std::move(compression).error();

  ProducerConfig config;
  config.connection = std::move(connection).value();
  const std::string acks = reader.text("acks");
  config.acks = acks == "0" ? std::int16_t{0} : acks == "1" ? std::int16_t{1} : std::int16_t{-1};
  config.batch_size_bytes = reader.size("batch.size");
  config.buffer_memory_bytes = reader.size("buffer.memory");
  config.compression = compression.value();
  config.compression_level = compression_level(reader, config.compression);
  config.delivery_timeout = reader.millis("delivery.timeout.ms");
  config.linger = reader.millis("linger.ms");
  config.max_block = reader.millis("max.block.ms");
  config.in_flight_per_connection_max = reader.int32("max.in.flight.requests.per.connection");
  config.request_size_max = reader.size("max.request.size");
  config.ignore_keys = reader.boolean("partitioner.ignore.keys");
  config.retries_max = reader.int32("retries");

  if (auto status = read_transactions(reader, config); !status.ok()) {
    return std::move(status).error();
  }
  if (auto status = settle_idempotence(reader, config); !status.ok()) {
    return std::move(status).error();
  }
  const Millis shortest = config.linger + config.connection.request_timeout;
  if (config.delivery_timeout < shortest) {
    if (reader.is_set("delivery.timeout.ms")) {
      return contradiction(fmt::format(
          "property delivery.timeout.ms: wanted at least linger.ms + request.timeout.ms = {}, "
          "found {}",
          shortest.count(), config.delivery_timeout.count()));
    }
    config.delivery_timeout = shortest;
  }
  return config;
}

Result<ConsumerConfig> read_consumer_config(const Properties& properties) {
  const Reader reader(ClientKind::kConsumer, properties);
  auto connection = read_connection(reader);
  if (!connection.ok()) return std::move(connection).error();

  ConsumerConfig config;
  config.connection = std::move(connection).value();
  config.allow_auto_create_topics = reader.boolean("allow.auto.create.topics");
  config.auto_commit_interval = reader.millis("auto.commit.interval.ms");
  config.offset_reset = parse_offset_reset(reader.text("auto.offset.reset"));
  config.check_crcs = reader.boolean("check.crcs");
  config.rack = reader.text("client.rack");
  config.api_timeout = reader.millis("default.api.timeout.ms");
  config.fetch_bytes_max = reader.int32("fetch.max.bytes");
  config.fetch_wait_max = reader.millis("fetch.max.wait.ms");
  config.fetch_bytes_min = reader.int32("fetch.min.bytes");
  config.partition_fetch_bytes_max = reader.int32("max.partition.fetch.bytes");
  config.poll_records_max = reader.size("max.poll.records");
  if (reader.text("isolation.level") == "read_committed") {
    config.isolation_level = IsolationLevel::kReadCommitted;
  }
  if (auto status = check_protocol_properties(reader); !status.ok()) {
    return std::move(status).error();
  }
  read_group(reader, config);

  const bool auto_commit = reader.boolean("enable.auto.commit");
  if (config.group_id.empty() && auto_commit && reader.is_set("enable.auto.commit")) {
    return contradiction("property enable.auto.commit: wanted false without group.id, found true");
  }
  if (!auto_commit || config.group_id.empty()) config.auto_commit_interval.reset();
  if (config.heartbeat_interval >= config.session_timeout) {
    return contradiction(fmt::format(
        "property heartbeat.interval.ms: wanted less than session.timeout.ms = {}, found {}",
        config.session_timeout.count(), config.heartbeat_interval.count()));
  }
  return config;
}

Result<AdminConfig> read_admin_config(const Properties& properties) {
  const Reader reader(ClientKind::kAdmin, properties);
  auto connection = read_connection(reader);
  if (!connection.ok()) return std::move(connection).error();
  return AdminConfig{std::move(connection).value(), reader.millis("default.api.timeout.ms")};
}

}  // namespace millrace::client
