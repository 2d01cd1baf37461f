#include "client/config/property_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace millrace::client {
namespace {

constexpr std::int64_t kInt32Max = INT32_MAX;
constexpr std::int64_t kInt64Max = INT64_MAX;
constexpr std::int64_t kMillisMax = 1'000'000'000'000;  // thirty years; sums cannot overflow

constexpr PropertyRow integer(std::string_view name, unsigned kinds, std::string_view value,
                              std::int64_t min, std::int64_t max, std::string_view purpose) {
  return {name, kinds, PropertyType::kInteger, value, min, max, "", purpose};
}
constexpr PropertyRow text(std::string_view name, unsigned kinds, std::string_view value,
                           std::string_view purpose) {
  return {name, kinds, PropertyType::kText, value, 0, 0, "", purpose};
}
constexpr PropertyRow list(std::string_view name, unsigned kinds, std::string_view value,
                           std::string_view purpose) {
  return {name, kinds, PropertyType::kTextList, value, 0, 0, "", purpose};
}
constexpr PropertyRow boolean(std::string_view name, unsigned kinds, std::string_view value,
                              std::string_view purpose) {
  return {name, kinds, PropertyType::kBoolean, value, 0, 0, "", purpose};
}
constexpr PropertyRow choice(std::string_view name, unsigned kinds, std::string_view value,
                             std::string_view choices, std::string_view purpose) {
  return {name, kinds, PropertyType::kChoice, value, 0, 0, choices, purpose};
}

// Defaults as in Apache Kafka 4.
constexpr std::array kRows{
    choice("acks", kForProducer, "all", "all|-1|0|1",
           "when a write counts as done: by all in-sync replicas, by the leader, or unconfirmed"),
    boolean("allow.auto.create.topics", kForConsumer, "true",
            "let the broker create a topic that is subscribed to and missing"),
    integer("auto.commit.interval.ms", kForConsumer, "5000", 0, kInt32Max,
            "time between automatic commits"),
    choice("auto.offset.reset", kForConsumer, "latest", "earliest|latest|none",
           "where to start without a committed offset"),
    integer("batch.size", kForProducer, "16384", 0, 512 * 1024 * 1024,
            "bytes of a partition's batch at which it is sent without lingering"),
    integer("buffer.memory", kForProducer, "33554432", 1, kInt64Max,
            "bytes that may wait to be sent before send() blocks"),
    boolean("check.crcs", kForConsumer, "true", "verify the checksum of each fetched batch"),
    text("client.id", kForAll, "", "name of this client in the broker's logs and quotas"),
    text("client.rack", kForConsumer, "", "where this client stands"),
    integer("compression.gzip.level", kForProducer, "-1", -1, 9, "-1 is the codec's default"),
    integer("compression.lz4.level", kForProducer, "9", 1, 17, "1 is fastest"),
    choice("compression.type", kForProducer, "none", "none|gzip|snappy|lz4|zstd",
           "codec of the batches"),
    integer("compression.zstd.level", kForProducer, "3", -131072, 22, "smaller is faster"),
    integer("connections.max.idle.ms", kForAll, "540000", -1, kMillisMax,
            "time after which an unused connection is closed; -1 is never"),
    integer("default.api.timeout.ms", kForConsumer | kForAdmin, "60000", 0, kInt32Max,
            "time-out of calls that are given none"),
    integer("delivery.timeout.ms", kForProducer, "120000", 0, kInt32Max,
            "time from send() after which an unacknowledged record has failed"),
    boolean("enable.auto.commit", kForConsumer, "true",
            "commit the positions by and by, inside poll()"),
    boolean("enable.idempotence", kForProducer, "true",
            "number the batches so that a retry is never written twice nor out of order"),
    boolean("exclude.internal.topics", kForConsumer, "true",
            "leave the brokers' own topics out of a subscription by pattern"),
    integer("fetch.max.bytes", kForConsumer, "52428800", 0, kInt32Max,
            "bytes of one answer to a fetch, and of what is fetched ahead of poll()"),
    integer("fetch.max.wait.ms", kForConsumer, "500", 0, kInt32Max,
            "time that the broker may hold a fetch back until there are fetch.min.bytes"),
    integer("fetch.min.bytes", kForConsumer, "1", 0, kInt32Max, "bytes that are worth an answer"),
    text("group.id", kForConsumer, "", "the consumer group; needed to subscribe and to commit"),
    text("group.instance.id", kForConsumer, "",
         "makes this a static member, which keeps its partitions over a restart"),
    choice("group.protocol", kForConsumer, "classic", "classic|consumer|CLASSIC|CONSUMER",
           "who deals a group's partitions: classic, its leader; consumer, the brokers (KIP-848)"),
    text("group.remote.assignor", kForConsumer, "",
         "how the brokers deal with group.protocol=consumer: uniform or range; else as they like"),
    integer("heartbeat.interval.ms", kForConsumer, "3000", 1, kInt32Max,
            "time between heartbeats; a third of session.timeout.ms at most"),
    choice("isolation.level", kForConsumer, "read_uncommitted", "read_uncommitted|read_committed",
           "whether records of open and aborted transactions are delivered"),
    integer("linger.ms", kForProducer, "5", 0, kInt32Max,
            "time that a batch waits for more records before it is sent"),
    integer("max.block.ms", kForProducer, "60000", 0, kMillisMax,
            "time that send() may wait for metadata or room"),
    integer("max.in.flight.requests.per.connection", kForProducer, "5", 1, kInt32Max,
            "unanswered requests to one broker; 5 at most with idempotence"),
    integer("max.partition.fetch.bytes", kForConsumer, "1048576", 0, kInt32Max,
            "bytes of one partition in an answer"),
    integer("max.poll.interval.ms", kForConsumer, "300000", 1, kInt32Max,
            "time between polls after which the member leaves its group"),
    integer("max.poll.records", kForConsumer, "500", 1, kInt32Max, "records that one poll gives"),
    integer("max.request.size", kForProducer, "1048576", 0, kInt32Max,
            "bytes of the largest record and of the largest request"),
    integer("metadata.max.age.ms", kForAll, "300000", 0, kMillisMax,
            "time after which what is known of the cluster is asked again"),
    boolean("partitioner.ignore.keys", kForProducer, "false",
            "spread records with a key like those without"),
    list("partition.assignment.strategy", kForConsumer, "range,cooperative-sticky",
         "how the group's leader deals partitions, most wanted first: range, roundrobin, sticky, "
         "cooperative-sticky"),
    integer("reconnect.backoff.max.ms", kForAll, "1000", 0, kMillisMax,
            "longest wait before a broker is connected again"),
    integer("reconnect.backoff.ms", kForAll, "50", 0, kMillisMax,
            "first wait before a broker is connected again"),
    integer("request.timeout.ms", kForAll, "30000", 1, kInt32Max,
            "time after which an unanswered request is given up"),
    integer("retries", kForProducer | kForAdmin, "2147483647", 0, kInt32Max,
            "how often a batch is sent again after an error that may pass"),
    integer("retry.backoff.max.ms", kForAll, "1000", 0, kMillisMax, "longest wait before a retry"),
    integer("retry.backoff.ms", kForAll, "100", 0, kMillisMax, "first wait before a retry"),
    choice("security.protocol", kForAll, "PLAINTEXT", "PLAINTEXT", "how brokers are talked to"),
    integer("session.timeout.ms", kForConsumer, "45000", 1, kInt32Max,
            "time without a heartbeat after which the group gives up on a member"),
    integer("socket.connection.setup.timeout.max.ms", kForAll, "30000", 1, kMillisMax,
            "longest time that connecting may take"),
    integer("socket.connection.setup.timeout.ms", kForAll, "10000", 1, kMillisMax,
            "time that connecting may take at first"),
    integer("transaction.timeout.ms", kForProducer, "60000", 1, kInt32Max,
            "time after which the cluster aborts a transaction that its producer does not end"),
    text("transactional.id", kForProducer, "",
         "makes this a transactional producer; a later one of the same id fences it off"),
};

// Stands apart: the only one without a default, and the first that anybody needs.
constexpr PropertyRow kBootstrapServers =
    list("bootstrap.servers", kForAll, "", "one or more host:port of the cluster, by ','");

std::vector<PropertyRow> sorted_rows() {
  std::vector<PropertyRow> rows(kRows.begin(), kRows.end());
  rows.push_back(kBootstrapServers);
  std::sort(rows.begin(), rows.end(),
            [](const PropertyRow& a, const PropertyRow& b) { return a.name < b.name; });
  return rows;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

bool is_integer_between(std::string_view value, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  return error == std::errc{} && stop == end && number >= min && number <= max;
}

bool is_valid(const PropertyRow& row, std::string_view value) {
  switch (row.type) {
    case PropertyType::kText:
      return true;
    case PropertyType::kTextList:
      return !value.empty();
    case PropertyType::kBoolean:
      return value == "true" || value == "false";
    case PropertyType::kChoice:
      return is_choice(row.choices, value);
    case PropertyType::kInteger:
      return is_integer_between(value, row.min, row.max);
  }
  return false;
}

}  // namespace

std::span<const PropertyRow> property_rows() {
  static const std::vector<PropertyRow> rows = sorted_rows();
  return rows;
}

const PropertyRow* find_property_row(ClientKind kind, std::string_view name) {
  for (const PropertyRow& row : property_rows()) {
    if (row.name == name && row.serves(kind)) return &row;
  }
  return nullptr;
}

std::string wanted_value(const PropertyRow& row) {
  switch (row.type) {
    case PropertyType::kText:
      return "text";
    case PropertyType::kTextList:
      return "a list, separated by ','";
    case PropertyType::kBoolean:
      return "true or false";
    case PropertyType::kInteger:
      return fmt::format("an integer from {} to {}", row.min, row.max);
    case PropertyType::kChoice:
      break;
  }
  std::string wanted = "one of ";
  for (const char letter : row.choices) {
    if (letter == '|') {
      wanted += ", ";
    } else {
      wanted += letter;
    }
  }
  return wanted;
}

Status check_value(const PropertyRow& row, std::string_view value) {
  if (is_valid(row, value)) return {};
  return Error{ErrorCode::kInvalidArgument, fmt::format("property {}: wanted {}, found \"{}\"",
                                                        row.name, wanted_value(row), value)};
}

}  // namespace millrace::client
