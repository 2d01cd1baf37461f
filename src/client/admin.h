// Admin: topics, groups, configurations, offsets and transactions of a cluster, asked and changed.
// Every call waits for its answer, up to default.api.timeout.ms.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/cluster_descriptions.h"
#include "client/config_descriptions.h"
#include "client/descriptions.h"
#include "client/feature_descriptions.h"
#include "client/offsets.h"
#include "client/properties.h"
#include "client/quota_descriptions.h"
#include "client/transaction_descriptions.h"
#include "io/env.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"

namespace millrace::client {

/// One outcome for each thing asked; the whole call fails only when no broker could be asked.
template <class Key, class Value>
using Outcomes = std::map<Key, Result<Value>>;

/// A value that can be moved. One that was moved from may only be destroyed or assigned to; any
/// other call aborts.
///
/// Every call waits for its answer, and tries again what may pass until default.api.timeout.ms is
/// over. Errors of the whole call: kTimeout or kClosed of the last try when no broker could be
/// asked; kUnsupported when the broker does not know the request; kCancelled after wakeup(). Errors
/// inside Outcomes are those of Kafka for that one thing, with what the broker said about it.
/// thread  one thread at a time, but wakeup() from any
/// cost    a request and a switch of thread there and back, where a line does not say otherwise
class Admin {
 public:
  /// Starts the I/O thread; connects when something is asked for.
  /// env     must outlive the admin client; null: it makes and owns one of the machine
  /// errors  kInvalidArgument for a property, naming what was wanted
  static Result<Admin> create(const Properties& properties, io::Env* env = nullptr);
  ~Admin();
  Admin(Admin&&) noexcept;
  Admin& operator=(Admin&&) noexcept;
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  enum class Validate { kApply, kOnly };
  /// errors  for a topic: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_CONFIG,
  ///         INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, POLICY_VIOLATION
  Result<Outcomes<std::string, void>> create_topics(const std::vector<NewTopic>& topics,
                                                    Validate validate = Validate::kApply);
  /// errors  for a topic: UNKNOWN_TOPIC_OR_PARTITION, TOPIC_DELETION_DISABLED
  Result<Outcomes<std::string, void>> delete_topics(const std::vector<std::string>& names);
  /// Gives topics more partitions. Records that are there stay where they are; keys go to other
  /// partitions from then on.
  /// errors  for a topic: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS (no increase),
  ///         INVALID_REPLICA_ASSIGNMENT, POLICY_VIOLATION
  Result<Outcomes<std::string, void>> create_partitions(
      const std::map<std::string, NewPartitions>& topics, Validate validate = Validate::kApply);
  /// Also those that the cluster keeps for itself; by name.
  /// cost    one request, whose answer names every partition of the cluster
  Result<std::vector<TopicListing>> list_topics();
  /// errors  for a topic: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION
  Result<Outcomes<std::string, TopicDescription>> describe_topics(
      const std::vector<std::string>& names);
  /// describe_topics() of topics that may have been made a moment ago: while one of them has an
  /// error that may pass, such as UNKNOWN_TOPIC_OR_PARTITION, all are asked for again, for up to
  /// `patience`.
  /// errors  for a topic: as above, also the error that has not passed by then
  /// cost    a request for each try, retry.backoff.ms apart
  Result<Outcomes<std::string, TopicDescription>> await_topics(
      const std::vector<std::string>& names, Millis patience);
  /// The brokers by the addresses that they advertise.
  Result<ClusterDescription> describe_cluster();

  /// The groups of all brokers. Each must answer, for a group is known to one of them only; those
  /// that have left the cluster are asked no more.
  /// errors  of the last try, naming the broker, once default.api.timeout.ms is over
  /// cost    one request for each broker, one after another
  Result<std::vector<GroupListing>> list_groups();
  /// Groups of the classic and of the consumer protocol.
  /// errors  for a group: GROUP_ID_NOT_FOUND
  /// cost    two requests for each group: its coordinator is looked up first; three for one that is
  ///         no classic group
  Result<Outcomes<std::string, GroupDescription>> describe_groups(
      const std::vector<std::string>& group_ids);
  /// errors  for a group: NON_EMPTY_GROUP while it has members, GROUP_ID_NOT_FOUND
  /// cost    two requests for each group
  Result<Outcomes<std::string, void>> delete_groups(const std::vector<std::string>& group_ids);

  /// A broker is named by its id, and asked itself.
  /// errors  for a resource: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST
  /// cost    one request for each resource
  Result<Outcomes<ConfigResource, std::vector<ConfigEntry>>> describe_configs(
      const std::vector<ConfigResource>& resources, ConfigDetail detail = ConfigDetail::kValues);
  /// Changes single properties; of one resource all of them or none. A broker is named by its id,
  /// and asked itself; no name stands for all brokers.
  /// errors  for a resource: UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_REQUEST,
  ///         POLICY_VIOLATION; kUnsupported before Kafka 2.3
  /// cost    one request for all that is no broker, and one for each broker, one after another
  Result<Outcomes<ConfigResource, void>> incremental_alter_configs(
      const std::map<ConfigResource, std::vector<ConfigChange>>& changes,
      Validate validate = Validate::kApply);

  /// What has a configuration: topics, brokers, client metrics, and groups of which something is
  /// set.
  /// errors  of the whole call: CLUSTER_AUTHORIZATION_FAILED; kUnsupported before Kafka 4.1
  Result<std::vector<ConfigResource>> list_config_resources(
      const std::vector<ConfigResourceKind>& kinds = {});

  /// Sets the levels of features, of all or of none.
  /// errors  INVALID_UPDATE_VERSION, CLUSTER_AUTHORIZATION_FAILED
  Result<void> update_features(const std::map<std::string, FeatureUpdate>& updates,
                               Validate validate = Validate::kApply);

  /// The quotas of all entities that the filter takes.
  /// errors  of the whole call: INVALID_REQUEST for a filter that makes no sense; kUnsupported
  ///         before Kafka 2.6
  Result<std::map<QuotaEntity, QuotaValues>> describe_client_quotas(const QuotaFilter& filter = {});
  /// Sets and removes quotas; of one entity all of them or none.
  /// errors  for an entity: INVALID_REQUEST
  Result<Outcomes<QuotaEntity, void>> alter_client_quotas(
      const std::map<QuotaEntity, QuotaChanges>& changes, Validate validate = Validate::kApply);

  /// errors  for a partition: UNKNOWN_TOPIC_OR_PARTITION when no broker has known it for two
  ///         seconds; kTimeout when it has no leader in time; kUnsupported when its broker does not
  ///         know what is asked
  /// cost    one request for each broker that leads one of them, at the same time
  Result<Outcomes<TopicPartition, ListedOffset>> list_offsets(
      const std::map<TopicPartition, OffsetSpec>& partitions);
  /// Lets each partition begin at the offset given with it, or at its end for kNoOffset: what lies
  /// before is gone for good. A partition that begins there or later already stays as it is.
  /// Returns where each begins now.
  /// errors  of a partition: OFFSET_OUT_OF_RANGE (past its end), POLICY_VIOLATION (its topic is
  ///         compacted), UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (the cluster's own)
  /// cost    one request to each leader
  Result<Outcomes<TopicPartition, Offset>> delete_records(
      const std::map<TopicPartition, Offset>& before);
  /// Sets what a group has committed, from outside. A group that is not known is made.
  /// errors  of a partition: UNKNOWN_MEMBER_ID while the group has members, UNKNOWN_TOPIC_OR_PARTITION,
  ///         OFFSET_METADATA_TOO_LARGE, TOPIC_AUTHORIZATION_FAILED
  /// cost    two requests, the first of which looks its coordinator up
  Result<Outcomes<TopicPartition, void>> alter_group_offsets(const std::string& group_id,
                                                             const OffsetsToCommit& offsets);
  /// Forgets what a group has committed.
  /// errors  of the whole call: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP for one that is no consumers';
  ///         of a partition: GROUP_SUBSCRIBED_TO_TOPIC while a member reads its topic
  /// cost    two requests, the first of which looks its coordinator up
  Result<Outcomes<TopicPartition, void>> delete_group_offsets(
      const std::string& group_id, const std::set<TopicPartition>& partitions);
  /// Everything that the group has committed; nothing for a group that is not known.
  /// errors  of the whole call: GROUP_AUTHORIZATION_FAILED and others of Kafka's for the group
  /// cost    two requests, the first of which looks its coordinator up
  Result<CommittedOffsets> list_group_offsets(const std::string& group_id);

  /// The log directories of each broker, with the replicas that lie there.
  /// errors  for a broker: CLUSTER_AUTHORIZATION_FAILED, KAFKA_STORAGE_ERROR; that it cannot be reached
  /// cost    one request for each broker, one after another
  Result<Outcomes<BrokerId, std::vector<LogDirectoryDescription>>> describe_log_dirs(
      const std::vector<BrokerId>& brokers);
  /// Who keeps the metadata of the cluster, and how far each has it.
  /// errors  CLUSTER_AUTHORIZATION_FAILED; kUnsupported: a cluster with ZooKeeper
  Result<QuorumDescription> describe_quorum();
  /// What the cluster has agreed to do, and what a broker of it could.
  Result<FeaturesDescription> describe_features();
  /// Elects leaders of these partitions; of all that need one for nullopt, and then only these are
  /// named in what is returned.
  /// errors  of a partition: ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE,
  ///         ELIGIBLE_LEADERS_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION; of the whole call:
  ///         CLUSTER_AUTHORIZATION_FAILED
  Result<Outcomes<TopicPartition, void>> elect_leaders(
      ElectionType type, const std::optional<std::set<TopicPartition>>& partitions);
  /// Begins to move replicas to these brokers, the first of which is to lead; nullopt takes back
  /// what is on its way. It ends by itself: see list_partition_reassignments().
  /// errors  of a partition: INVALID_REPLICA_ASSIGNMENT, NO_REASSIGNMENT_IN_PROGRESS,
  ///         UNKNOWN_TOPIC_OR_PARTITION; of the whole call: CLUSTER_AUTHORIZATION_FAILED
  Result<Outcomes<TopicPartition, void>> alter_partition_reassignments(
      const std::map<TopicPartition, std::optional<std::vector<BrokerId>>>& replicas);
  /// What is on its way.
  Result<std::map<TopicPartition, OngoingReassignment>> list_partition_reassignments();

  /// The transactions of all coordinators that meet the filter, by transactional id. Also ids whose
  /// last transaction has ended are listed, until the cluster forgets them. As with groups, each
  /// broker must answer.
  /// errors  kInvalidArgument when a broker does not know a state of the filter; kUnsupported for
  ///         longer_than when a broker is older than Kafka 3.8; others as of list_groups()
  /// cost    one request for each broker, one after another
  Result<std::vector<TransactionListing>> list_transactions(const TransactionFilter& filter = {});
  /// errors  for an id: TRANSACTIONAL_ID_NOT_FOUND, TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  /// cost    two requests for each id: its coordinator is looked up first
  Result<Outcomes<std::string, TransactionDescription>> describe_transactions(
      const std::vector<std::string>& transactional_ids);
  /// The idempotent producers that each partition remembers, with the transaction that one has open
  /// there.
  /// errors  of a partition: UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED; kTimeout when
  ///         it has no leader in time
  /// cost    one request for each broker that leads one of them, at the same time
  Result<Outcomes<TopicPartition, std::vector<ProducerState>>> describe_producers(
      const std::set<TopicPartition>& partitions);
  /// Ends a transaction in one partition, whatever its coordinator says: for one that hangs,
  /// because no coordinator will. Used on one that a coordinator still has, it takes this
  /// partition's records out of what is committed later.
  /// errors  INVALID_PRODUCER_EPOCH when the producer has gone on since it was described;
  ///         TRANSACTION_COORDINATOR_FENCED when a later coordinator has written there;
  ///         CLUSTER_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION
  /// cost    one request to the partition's leader
  Result<void> abort_transaction(const OpenTransaction& transaction);

  /// Makes a call that waits, or the next one, return kCancelled; the brokers may do what it asked
  /// for nevertheless.
  /// thread  any         cost  waits for nothing
  void wakeup();

 private:
  class Core;
  explicit Admin(std::unique_ptr<Core> core);
  Core& core() const;
  Result<GroupDescription> describe_consumer_group(const std::string& group_id);

  std::unique_ptr<Core> core_;
};

}  // namespace millrace::client
