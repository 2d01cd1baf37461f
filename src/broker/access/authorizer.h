// Who may do what, in Kafka's words: operations on resources. An Authorizer decides; the gates in
// this folder ask it before a request reaches its handler.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/session/connection_state.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// Numbers as on the wire, of the operations that the APIs served here know.
/// source  org.apache.kafka.common.acl.AclOperation
enum class Operation : std::int8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12
};

/// source  org.apache.kafka.common.resource.ResourceType
enum class ResourceType : std::int8_t {
  kTopic = 2,
  kGroup = 3,
  kCluster = 4,
  kTransactionalId = 5
};

/// The one resource of its type.
inline constexpr std::string_view kClusterName = "kafka-cluster";

/// What an API may ask for. The table of handlers has a row of these for each.
struct Ask {
  Operation operation;
  ResourceType type;

  bool operator==(const Ask&) const = default;
};

/// thread  any, many at once
class Authorizer {
 public:
  virtual ~Authorizer() = default;

  /// Whether `who` may do this to the resource of that name, which need not exist.
  virtual bool allows(const ConnectionState& who, Ask ask, std::string_view name) const = 0;
  /// Whether there is a resource of this type, existing or not, to which `who` may do this.
  virtual bool allows_some(const ConnectionState& who, Ask ask) const = 0;
  /// The error of what is refused.
  virtual wire::KafkaError refusal(ResourceType type) const;
  /// Whether nobody is ever refused, so that nobody need be asked for.
  virtual bool allows_everything() const { return false; }
};

/// What a broker without access control has.
class AllowEverything final : public Authorizer {
 public:
  bool allows(const ConnectionState&, Ask, std::string_view) const override { return true; }
  bool allows_some(const ConnectionState&, Ask) const override { return true; }
  bool allows_everything() const override { return true; }
};

}  // namespace millrace::broker
