// Permit: what the gate of an API asks about one request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/access/authorizer.h"
#include "model/uuid.h"

namespace millrace::broker {

class TopicCatalogue;

/// A small value. Copies may be kept for as long as a request waits: its connection's principal
/// changes only while no other request is in flight.
/// Invariant: a gate asks for nothing that its API's row in the table of handlers does not name.
class Permit {
 public:
  /// asks, authorizer, topics  outlive this
  Permit(std::span<const Ask> asks, const Authorizer& authorizer, const TopicCatalogue& topics,
         std::shared_ptr<const ConnectionState> who, std::int16_t api_version)
      : asks_(asks),
        authorizer_(&authorizer),
        topics_(&topics),
        who_(std::move(who)),
        api_version_(api_version) {}

  bool may(Operation operation, ResourceType type, std::string_view name) const;
  /// Of the cluster.
  bool may(Operation operation) const {
    return may(operation, ResourceType::kCluster, kClusterName);
  }
  /// Of any resource of the type.
  bool may_some(Operation operation, ResourceType type) const;

  /// Of a set of operations, a bit for each by its number, those allowed. INT32_MIN, which says
  /// that nobody asked, stays.
  std::int32_t allowed_of(std::int32_t operations, ResourceType type, std::string_view name) const;

  /// The error code of a resource of this type that was refused.
  std::int16_t refusal(ResourceType type) const { return code_of(authorizer_->refusal(type)); }

  std::int16_t api_version() const { return api_version_; }
  bool topic_exists(std::string_view name) const;
  /// Nothing when no topic has the id.
  std::optional<std::string> topic_name(const Uuid& id) const;
  Uuid topic_id(std::string_view name) const;

 private:
  std::span<const Ask> asks_;
  const Authorizer* authorizer_;
  const TopicCatalogue* topics_;
  std::shared_ptr<const ConnectionState> who_;
  std::int16_t api_version_;
};

}  // namespace millrace::broker
