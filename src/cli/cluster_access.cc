#include "cli/cluster_access.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "io/event_loop.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

constexpr Millis kReachTimeout{1000};

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

Status try_connect(const io::Endpoint& endpoint, io::Env& env) {
  const auto loop = env.make_loop();
  Status outcome;
  loop->connect(endpoint, kReachTimeout, [&](Result<std::unique_ptr<io::Connection>> connection) {
    if (!connection.ok()) outcome = std::move(connection).error();
    loop->stop();
  });
  loop->run();
  return outcome;
}

/// The next thing to try, for errors where it is known.
std::string_view advice_for(const Error& error) {
  if (error.code == ErrorCode::kLocked) {
    return "another process uses the data directory: stop it, or take another with --data";
  }
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
  return properties;
}

Status check_reachable(const client::Properties& properties, io::Env& env) {
  std::string tried;
  for (const auto& address : split_list(*properties.find("bootstrap.servers"))) {
    const auto endpoint = io::Endpoint::parse(address);
    if (!endpoint.ok()) return endpoint.error();
    const Status outcome = try_connect(*endpoint, env);
    if (outcome.ok()) return {};
    tried += (tried.empty() ? "" : "; ") + outcome.error().message;
  }
  return Error{ErrorCode::kIo, fmt::format("want a broker at {}, found none ({})\n"
                                           "is a broker running? start one: millrace up",
                                           *properties.find("bootstrap.servers"), tried)};
}

Status check_topic_exists(const std::string& topic, const client::Properties& properties,
                          io::Env& env) {
  client::Properties known;
  for (const auto& definition : client::property_definitions(client::ClientKind::kAdmin)) {
    const std::string name(definition.name);
    if (const std::string* value = properties.find(name)) known.set(name, *value);
  }
  const auto admin = client::Admin::create(known, env);
  if (!admin.ok()) return admin.error();
  auto topics = (*admin)->describe_topics({topic});
  if (!topics.ok()) return std::move(topics).error();
  auto& outcome = topics->at(topic);
  if (!outcome.ok()) return std::move(outcome).error();
  return {};
}

Result<std::unique_ptr<client::Admin>> connect_admin(const ClusterOptions& options, io::Env& env) {
  const auto properties = client_properties(options);
  if (!properties.ok()) return properties.error();
  if (auto status = client::check_properties(client::ClientKind::kAdmin, *properties);
      !status.ok()) {
    return std::move(status).error();
  }
  if (auto status = check_reachable(*properties, env); !status.ok()) {
    return std::move(status).error();
  }
  return client::Admin::create(*properties, env);
}

ExitCode report(Console& console, const Error& error) {
  console.note("millrace: {}\n", error.message);
  if (const auto advice = advice_for(error); !advice.empty()) console.note("{}\n", advice);
  return error.code == ErrorCode::kInvalidArgument ? ExitCode::kWrongUsage : ExitCode::kFailed;
}

}  // namespace millrace::cli
