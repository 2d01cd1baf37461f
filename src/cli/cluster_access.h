// How a command reaches a cluster, and how it says that it could not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "cli/command.h"
#include "client/admin.h"
#include "client/properties.h"
#include "io/env.h"

namespace millrace::cli {

inline constexpr const char* kBrokersDefault = "127.0.0.1:9092";

/// The options that every command on a cluster has.
struct ClusterOptions {
  std::string brokers;                  // host:port, host:port
  std::vector<std::string> properties;  // name=value, by Kafka's names
};

/// Declares --brokers (default: $MILLRACE_BROKERS, or kBrokersDefault) and -X.
void add_cluster_options(Command& command, ClusterOptions& options);

/// bootstrap.servers and what -X says.       errors  kInvalidArgument
Result<client::Properties> client_properties(const ClusterOptions& options);

/// Whether some broker of `properties` answers, and the brokers can be reached where they say they
/// are, so that a cluster that is not there, a port that is something else's, and a cluster that
/// advertises addresses of another network are reported at once and not after a client's time-out.
/// errors  kIo with each address and the reason; kInvalidArgument for an address
/// cost    one probe_broker() for each address until one answers; a question who the brokers are, and
///         a connection to each of those that are not the one that answered
Status check_reachable(const client::Properties& properties, Console& console, io::Env& env);

/// Whether a topic is there: a client that waits for one that is not would only say so after its
/// time-out.
/// errors  Kafka's UNKNOWN_TOPIC_OR_PARTITION
Status check_topic_exists(const std::string& topic, const client::Properties& properties,
                          io::Env& env);

/// Which of a cluster's brokers a command will talk to.
enum class Reach {
  kAll,       // check_reachable(): those that lead what it asks for
  kBootstrap  // only the one that answers
};
/// client_properties(), then whether the brokers answer, then an Admin.
Result<client::Admin> connect_admin(const ClusterOptions& options, Console& console, io::Env& env,
                                    Reach reach = Reach::kAll);

/// Options that do not go together, as an error.
Error wrong_usage(std::string message);
/// Prints the error with what to do next, where that is known.
ExitCode report(Console& console, const Error& error);
/// Every error among outcomes is reported; kDone when there is none.
template <class Key>
ExitCode report_outcomes(Console& console, const client::Outcomes<Key, void>& outcomes) {
  ExitCode code = ExitCode::kDone;
  for (const auto& [key, outcome] : outcomes) {
    if (!outcome.ok()) code = report(console, outcome.error());
  }
  return code;
}

}  // namespace millrace::cli
