// Which node coordinates a group or a transaction: the leader of the partition that keeps it. All
// nodes of a process share the coordinators themselves; this decides who answers for them.
#pragma once

#include <string_view>

#include "broker/access/authorizer.h"
#include "model/ids.h"

namespace millrace::broker {

class TopicCatalogue;
class TopicTable;

/// The internal topic that keeps groups, or transactional ids.
std::string_view topic_of_coordinator(ResourceType kept);

/// kNoLeader when the topic is missing or nobody leads the partition.
/// kept  kGroup or kTransactionalId
BrokerId coordinator_of(const TopicTable& topics, ResourceType kept, std::string_view name);

/// Denies what another node than the one asked coordinates, so that the gates take it out of a
/// request and answer NOT_COORDINATOR for it; a listing shows what its node coordinates.
class CoordinatedHere final : public Authorizer {
 public:
  /// topics  outlives this
  /// kept    what is looked at: kGroup or kTransactionalId
  CoordinatedHere(const TopicCatalogue& topics, ResourceType kept) : topics_(topics), kept_(kept) {}

  bool allows(const ConnectionState& who, Ask ask, std::string_view name) const override;
  bool allows_some(const ConnectionState&, Ask) const override { return true; }
  wire::KafkaError refusal(ResourceType) const override {
    return wire::KafkaError::kNotCoordinator;
  }

 private:
  const TopicCatalogue& topics_;
  const ResourceType kept_;
};

}  // namespace millrace::broker
