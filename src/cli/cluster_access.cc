#include "cli/cluster_access.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "cli/advertised_addresses.h"
#include "cli/broker_probe.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return parts;
}

/// What is wrong with --brokers is said by that name, not by the property's that it becomes.
Status check_brokers_option(const std::string& brokers) {
  const auto addresses = split_list(brokers);
  if (addresses.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted --brokers HOST:PORT (or $MILLRACE_BROKERS), such as {}, found "
                             "\"{}\"",
                             kBrokersDefault, brokers)};
  }
  for (const auto& address : addresses) {
    auto endpoint = io::Endpoint::parse(address);
    if (!endpoint.ok()) return std::move(endpoint).error().with_context("--brokers");
  }
  return {};
}

/// The next thing to try, for errors where it is known.
std::string_view advice_for(const Error& error) {
  if (error.code != ErrorCode::kKafka) return {};
  switch (wire::kafka_error_of(error)) {
    case wire::KafkaError::kUnknownTopicOrPartition:
      return "which topics there are: millrace topic list";
    case wire::KafkaError::kTopicAlreadyExists:
      return "how it looks: millrace topic describe TOPIC";
    case wire::KafkaError::kGroupIdNotFound:
      return "which groups there are: millrace group list";
    default:
      return {};
  }
}

/// The first of bootstrap.servers that answers as a broker does.
Result<io::Endpoint> answering_broker(const client::Properties& properties, io::Env& env) {
  std::string tried;
  std::string_view advice = "is a broker running? start one: millrace up";
  for (const auto& address : split_list(*properties.find("bootstrap.servers"))) {
    const auto endpoint = io::Endpoint::parse(address);
    if (!endpoint.ok()) return endpoint.error();
    const Status outcome = probe_broker(*endpoint, env);
    if (outcome.ok()) return *endpoint;
    tried += (tried.empty() ? "" : "; ") + outcome.error().message;
    if (outcome.error().code == ErrorCode::kUnsupported) {
      advice = "is that the port of a broker, and one without TLS?";
    }
  }
  return Error{ErrorCode::kIo, fmt::format("wanted a broker at {}, found none ({}); {}",
                                           *properties.find("bootstrap.servers"), tried, advice)};
}

/// Those of `properties` that an Admin knows.
client::Properties admin_properties(const client::Properties& properties) {
  client::Properties known;
  for (const auto& definition : client::property_definitions(client::ClientKind::kAdmin)) {
    const std::string name(definition.name);
    if (const std::string* value = properties.find(name)) known.set(name, *value);
  }
  return known;
}

/// How long a connection may take to come about.
Millis connect_limit(const client::Properties& properties) {
  constexpr Millis kDefault{10'000};
  const std::string* const set = properties.find("socket.connection.setup.timeout.ms");
  return set == nullptr ? kDefault : Millis{std::strtoll(set->c_str(), nullptr, 10)};
}

}  // namespace

void add_cluster_options(Command& command, ClusterOptions& options) {
  const char* const from_environment = std::getenv("MILLRACE_BROKERS");
  options.brokers = from_environment != nullptr ? from_environment : kBrokersDefault;
  command.option("-b,--brokers HOST:PORT", options.brokers,
                 "Where the cluster is; also $MILLRACE_BROKERS");
  command.option("-X,--property NAME=VALUE", options.properties,
                 "A client property by Kafka's name, as name=value; may be repeated");
}

Result<client::Properties> client_properties(const ClusterOptions& options) {
  client::Properties properties{{"bootstrap.servers", options.brokers}, {"client.id", "millrace"}};
  for (const auto& assignment : options.properties) {
    if (auto status = properties.set_from(assignment); !status.ok()) {
      return std::move(status).error();
    }
  }
  if (*properties.find("bootstrap.servers") == options.brokers) {
    if (auto status = check_brokers_option(options.brokers); !status.ok()) {
      return std::move(status).error();
    }
  }
  return properties;
}

Status check_reachable(const client::Properties& properties, Console& console, io::Env& env) {
  const auto answered = answering_broker(properties, env);
  if (!answered.ok()) return answered.error();
  const client::Properties known = admin_properties(properties);
  auto admin = client::Admin::create(known, &env);
  if (!admin.ok()) return admin.error();
  const auto cluster = admin->describe_cluster();
  if (!cluster.ok()) return {};  // what the command asks for will say it better
  std::vector<client::NodeDescription> others;
  for (const auto& node : cluster->nodes) {
    const bool is_known = node.host == answered->host && node.port == answered->port;
    if (!is_known && node.port > 0 && node.port <= UINT16_MAX) others.push_back(node);
  }
  return check_advertised_addresses(others, connect_limit(known), console, env);
}

Status check_topic_exists(const std::string& topic, const client::Properties& properties,
                          io::Env& env) {
  auto admin = client::Admin::create(admin_properties(properties), &env);
  if (!admin.ok()) return admin.error();
  auto topics = admin->describe_topics({topic});
  if (!topics.ok()) return std::move(topics).error();
  auto& outcome = topics->at(topic);
  if (!outcome.ok()) return std::move(outcome).error();
  return {};
}

Result<client::Admin> connect_admin(const ClusterOptions& options, Console& console, io::Env& env,
                                    Reach reach) {
  const auto properties = client_properties(options);
  if (!properties.ok()) return properties.error();
  if (auto status = client::check_properties(client::ClientKind::kAdmin, *properties);
      !status.ok()) {
    return std::move(status).error();
  }
  if (reach == Reach::kBootstrap) {
    if (const auto answered = answering_broker(*properties, env); !answered.ok()) {
      return answered.error();
    }
  } else if (auto status = check_reachable(*properties, console, env); !status.ok()) {
    return std::move(status).error();
  }
  return client::Admin::create(*properties, &env);
}

Error wrong_usage(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

ExitCode report(Console& console, const Error& error) {
  console.note("millrace: {}\n", error.message);
  if (const auto advice = advice_for(error); !advice.empty()) console.note("{}\n", advice);
  return error.code == ErrorCode::kInvalidArgument ? ExitCode::kWrongUsage : ExitCode::kFailed;
}

}  // namespace millrace::cli
