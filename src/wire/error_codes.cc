#include "wire/error_codes.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace millrace::wire {

namespace {

enum class Retry : std::uint8_t { kNo, kYes };

struct Row {
  KafkaError error;
  std::string_view name;
  Retry retry;
};

constexpr std::int16_t kFirst = -1;

// One row a code, without gaps from -1 on, so that a code is an index.
constexpr std::array kRows = std::to_array<Row>({
    // clang-format off
    {KafkaError::kUnknownServerError, "UNKNOWN_SERVER_ERROR", Retry::kNo},
    {KafkaError::kNone, "NONE", Retry::kNo},
    {KafkaError::kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", Retry::kNo},
    {KafkaError::kCorruptMessage, "CORRUPT_MESSAGE", Retry::kYes},
    {KafkaError::kUnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", Retry::kYes},
    {KafkaError::kInvalidFetchSize, "INVALID_FETCH_SIZE", Retry::kNo},
    {KafkaError::kLeaderNotAvailable, "LEADER_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kNotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", Retry::kYes},
    {KafkaError::kRequestTimedOut, "REQUEST_TIMED_OUT", Retry::kYes},
    {KafkaError::kBrokerNotAvailable, "BROKER_NOT_AVAILABLE", Retry::kNo},
    {KafkaError::kReplicaNotAvailable, "REPLICA_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kMessageTooLarge, "MESSAGE_TOO_LARGE", Retry::kNo},
    {KafkaError::kStaleControllerEpoch, "STALE_CONTROLLER_EPOCH", Retry::kNo},
    {KafkaError::kOffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", Retry::kNo},
    {KafkaError::kNetworkException, "NETWORK_EXCEPTION", Retry::kYes},
    {KafkaError::kCoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS", Retry::kYes},
    {KafkaError::kCoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kNotCoordinator, "NOT_COORDINATOR", Retry::kYes},
    {KafkaError::kInvalidTopicException, "INVALID_TOPIC_EXCEPTION", Retry::kNo},
    {KafkaError::kRecordListTooLarge, "RECORD_LIST_TOO_LARGE", Retry::kNo},
    {KafkaError::kNotEnoughReplicas, "NOT_ENOUGH_REPLICAS", Retry::kYes},
    {KafkaError::kNotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", Retry::kYes},
    {KafkaError::kInvalidRequiredAcks, "INVALID_REQUIRED_ACKS", Retry::kNo},
    {KafkaError::kIllegalGeneration, "ILLEGAL_GENERATION", Retry::kNo},
    {KafkaError::kInconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL", Retry::kNo},
    {KafkaError::kInvalidGroupId, "INVALID_GROUP_ID", Retry::kNo},
    {KafkaError::kUnknownMemberId, "UNKNOWN_MEMBER_ID", Retry::kNo},
    {KafkaError::kInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", Retry::kNo},
    {KafkaError::kRebalanceInProgress, "REBALANCE_IN_PROGRESS", Retry::kNo},
    {KafkaError::kInvalidCommitOffsetSize, "INVALID_COMMIT_OFFSET_SIZE", Retry::kNo},
    {KafkaError::kTopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", Retry::kNo},
    {KafkaError::kGroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED", Retry::kNo},
    {KafkaError::kClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED", Retry::kNo},
    {KafkaError::kInvalidTimestamp, "INVALID_TIMESTAMP", Retry::kNo},
    {KafkaError::kUnsupportedSaslMechanism, "UNSUPPORTED_SASL_MECHANISM", Retry::kNo},
    {KafkaError::kIllegalSaslState, "ILLEGAL_SASL_STATE", Retry::kNo},
    {KafkaError::kUnsupportedVersion, "UNSUPPORTED_VERSION", Retry::kNo},
    {KafkaError::kTopicAlreadyExists, "TOPIC_ALREADY_EXISTS", Retry::kNo},
    {KafkaError::kInvalidPartitions, "INVALID_PARTITIONS", Retry::kNo},
    {KafkaError::kInvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", Retry::kNo},
    {KafkaError::kInvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT", Retry::kNo},
    {KafkaError::kInvalidConfig, "INVALID_CONFIG", Retry::kNo},
    {KafkaError::kNotController, "NOT_CONTROLLER", Retry::kYes},
    {KafkaError::kInvalidRequest, "INVALID_REQUEST", Retry::kNo},
    {KafkaError::kUnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT", Retry::kNo},
    {KafkaError::kPolicyViolation, "POLICY_VIOLATION", Retry::kNo},
    {KafkaError::kOutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", Retry::kNo},
    {KafkaError::kDuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", Retry::kNo},
    {KafkaError::kInvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", Retry::kNo},
    {KafkaError::kInvalidTxnState, "INVALID_TXN_STATE", Retry::kNo},
    {KafkaError::kInvalidProducerIdMapping, "INVALID_PRODUCER_ID_MAPPING", Retry::kNo},
    {KafkaError::kInvalidTransactionTimeout, "INVALID_TRANSACTION_TIMEOUT", Retry::kNo},
    {KafkaError::kConcurrentTransactions, "CONCURRENT_TRANSACTIONS", Retry::kYes},
    {KafkaError::kTransactionCoordinatorFenced, "TRANSACTION_COORDINATOR_FENCED", Retry::kNo},
    {KafkaError::kTransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", Retry::kNo},
    {KafkaError::kSecurityDisabled, "SECURITY_DISABLED", Retry::kNo},
    {KafkaError::kOperationNotAttempted, "OPERATION_NOT_ATTEMPTED", Retry::kNo},
    {KafkaError::kKafkaStorageError, "KAFKA_STORAGE_ERROR", Retry::kYes},
    {KafkaError::kLogDirNotFound, "LOG_DIR_NOT_FOUND", Retry::kNo},
    {KafkaError::kSaslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED", Retry::kNo},
    {KafkaError::kUnknownProducerId, "UNKNOWN_PRODUCER_ID", Retry::kNo},
    {KafkaError::kReassignmentInProgress, "REASSIGNMENT_IN_PROGRESS", Retry::kNo},
    {KafkaError::kDelegationTokenAuthDisabled, "DELEGATION_TOKEN_AUTH_DISABLED", Retry::kNo},
    {KafkaError::kDelegationTokenNotFound, "DELEGATION_TOKEN_NOT_FOUND", Retry::kNo},
    {KafkaError::kDelegationTokenOwnerMismatch, "DELEGATION_TOKEN_OWNER_MISMATCH", Retry::kNo},
    {KafkaError::kDelegationTokenRequestNotAllowed, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", Retry::kNo},
    {KafkaError::kDelegationTokenAuthorizationFailed, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", Retry::kNo},
    {KafkaError::kDelegationTokenExpired, "DELEGATION_TOKEN_EXPIRED", Retry::kNo},
    {KafkaError::kInvalidPrincipalType, "INVALID_PRINCIPAL_TYPE", Retry::kNo},
    {KafkaError::kNonEmptyGroup, "NON_EMPTY_GROUP", Retry::kNo},
    {KafkaError::kGroupIdNotFound, "GROUP_ID_NOT_FOUND", Retry::kNo},
    {KafkaError::kFetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND", Retry::kYes},
    {KafkaError::kInvalidFetchSessionEpoch, "INVALID_FETCH_SESSION_EPOCH", Retry::kYes},
    {KafkaError::kListenerNotFound, "LISTENER_NOT_FOUND", Retry::kYes},
    {KafkaError::kTopicDeletionDisabled, "TOPIC_DELETION_DISABLED", Retry::kNo},
    {KafkaError::kFencedLeaderEpoch, "FENCED_LEADER_EPOCH", Retry::kYes},
    {KafkaError::kUnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", Retry::kYes},
    {KafkaError::kUnsupportedCompressionType, "UNSUPPORTED_COMPRESSION_TYPE", Retry::kNo},
    {KafkaError::kStaleBrokerEpoch, "STALE_BROKER_EPOCH", Retry::kNo},
    {KafkaError::kOffsetNotAvailable, "OFFSET_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kMemberIdRequired, "MEMBER_ID_REQUIRED", Retry::kNo},
    {KafkaError::kPreferredLeaderNotAvailable, "PREFERRED_LEADER_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kGroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", Retry::kNo},
    {KafkaError::kFencedInstanceId, "FENCED_INSTANCE_ID", Retry::kNo},
    {KafkaError::kEligibleLeadersNotAvailable, "ELIGIBLE_LEADERS_NOT_AVAILABLE", Retry::kYes},
    {KafkaError::kElectionNotNeeded, "ELECTION_NOT_NEEDED", Retry::kYes},
    {KafkaError::kNoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS", Retry::kNo},
    {KafkaError::kGroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC", Retry::kNo},
    {KafkaError::kInvalidRecord, "INVALID_RECORD", Retry::kNo},
    {KafkaError::kUnstableOffsetCommit, "UNSTABLE_OFFSET_COMMIT", Retry::kYes},
    {KafkaError::kThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED", Retry::kYes},
    {KafkaError::kProducerFenced, "PRODUCER_FENCED", Retry::kNo},
    {KafkaError::kResourceNotFound, "RESOURCE_NOT_FOUND", Retry::kNo},
    {KafkaError::kDuplicateResource, "DUPLICATE_RESOURCE", Retry::kNo},
    {KafkaError::kUnacceptableCredential, "UNACCEPTABLE_CREDENTIAL", Retry::kNo},
    {KafkaError::kInconsistentVoterSet, "INCONSISTENT_VOTER_SET", Retry::kNo},
    {KafkaError::kInvalidUpdateVersion, "INVALID_UPDATE_VERSION", Retry::kNo},
    {KafkaError::kFeatureUpdateFailed, "FEATURE_UPDATE_FAILED", Retry::kNo},
    {KafkaError::kPrincipalDeserializationFailure, "PRINCIPAL_DESERIALIZATION_FAILURE", Retry::kNo},
    {KafkaError::kSnapshotNotFound, "SNAPSHOT_NOT_FOUND", Retry::kNo},
    {KafkaError::kPositionOutOfRange, "POSITION_OUT_OF_RANGE", Retry::kNo},
    {KafkaError::kUnknownTopicId, "UNKNOWN_TOPIC_ID", Retry::kYes},
    {KafkaError::kDuplicateBrokerRegistration, "DUPLICATE_BROKER_REGISTRATION", Retry::kNo},
    {KafkaError::kBrokerIdNotRegistered, "BROKER_ID_NOT_REGISTERED", Retry::kNo},
    {KafkaError::kInconsistentTopicId, "INCONSISTENT_TOPIC_ID", Retry::kYes},
    {KafkaError::kInconsistentClusterId, "INCONSISTENT_CLUSTER_ID", Retry::kNo},
    {KafkaError::kTransactionalIdNotFound, "TRANSACTIONAL_ID_NOT_FOUND", Retry::kNo},
    {KafkaError::kFetchSessionTopicIdError, "FETCH_SESSION_TOPIC_ID_ERROR", Retry::kYes},
    {KafkaError::kIneligibleReplica, "INELIGIBLE_REPLICA", Retry::kNo},
    {KafkaError::kNewLeaderElected, "NEW_LEADER_ELECTED", Retry::kNo},
    {KafkaError::kOffsetMovedToTieredStorage, "OFFSET_MOVED_TO_TIERED_STORAGE", Retry::kNo},
    {KafkaError::kFencedMemberEpoch, "FENCED_MEMBER_EPOCH", Retry::kNo},
    {KafkaError::kUnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", Retry::kNo},
    {KafkaError::kUnsupportedAssignor, "UNSUPPORTED_ASSIGNOR", Retry::kNo},
    {KafkaError::kStaleMemberEpoch, "STALE_MEMBER_EPOCH", Retry::kNo},
    {KafkaError::kMismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", Retry::kNo},
    {KafkaError::kUnsupportedEndpointType, "UNSUPPORTED_ENDPOINT_TYPE", Retry::kNo},
    {KafkaError::kUnknownControllerId, "UNKNOWN_CONTROLLER_ID", Retry::kNo},
    {KafkaError::kUnknownSubscriptionId, "UNKNOWN_SUBSCRIPTION_ID", Retry::kNo},
    {KafkaError::kTelemetryTooLarge, "TELEMETRY_TOO_LARGE", Retry::kNo},
    {KafkaError::kInvalidRegistration, "INVALID_REGISTRATION", Retry::kNo},
    {KafkaError::kTransactionAbortable, "TRANSACTION_ABORTABLE", Retry::kNo},
    {KafkaError::kInvalidRecordState, "INVALID_RECORD_STATE", Retry::kNo},
    {KafkaError::kShareSessionNotFound, "SHARE_SESSION_NOT_FOUND", Retry::kYes},
    {KafkaError::kInvalidShareSessionEpoch, "INVALID_SHARE_SESSION_EPOCH", Retry::kYes},
    {KafkaError::kFencedStateEpoch, "FENCED_STATE_EPOCH", Retry::kNo},
    {KafkaError::kInvalidVoterKey, "INVALID_VOTER_KEY", Retry::kNo},
    {KafkaError::kDuplicateVoter, "DUPLICATE_VOTER", Retry::kNo},
    {KafkaError::kVoterNotFound, "VOTER_NOT_FOUND", Retry::kNo},
    {KafkaError::kInvalidRegularExpression, "INVALID_REGULAR_EXPRESSION", Retry::kNo},
    {KafkaError::kRebootstrapRequired, "REBOOTSTRAP_REQUIRED", Retry::kNo},
    {KafkaError::kStreamsInvalidTopology, "STREAMS_INVALID_TOPOLOGY", Retry::kNo},
    {KafkaError::kStreamsInvalidTopologyEpoch, "STREAMS_INVALID_TOPOLOGY_EPOCH", Retry::kNo},
    {KafkaError::kStreamsTopologyFenced, "STREAMS_TOPOLOGY_FENCED", Retry::kNo},
    {KafkaError::kShareSessionLimitReached, "SHARE_SESSION_LIMIT_REACHED", Retry::kYes},
    // clang-format on
});

constexpr bool rows_are_dense() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::int16_t>(kRows[i].error) != static_cast<std::int16_t>(i) + kFirst) {
      return false;
    }
  }
  return true;
}
static_assert(rows_are_dense());

const Row* row_of(KafkaError error) {
  const int index = static_cast<std::int16_t>(error) - kFirst;
  if (index < 0 || static_cast<std::size_t>(index) >= kRows.size()) return nullptr;
  return &kRows[static_cast<std::size_t>(index)];
}

}  // namespace

std::string_view kafka_error_name(KafkaError error) {
  const Row* const row = row_of(error);
  return row == nullptr ? "UNKNOWN_ERROR_CODE" : row->name;
}

bool is_retriable(KafkaError error) {
  const Row* const row = row_of(error);
  return row != nullptr && row->retry == Retry::kYes;
}

Error make_error(KafkaError error, std::string_view context) {
  const std::string_view name = kafka_error_name(error);
  return Error{ErrorCode::kKafka,
               context.empty() ? std::string(name) : fmt::format("{}: {}", name, context),
               static_cast<std::int16_t>(error)};
}

KafkaError kafka_error_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kKafka:
      return static_cast<KafkaError>(error.detail);
    case ErrorCode::kTruncated:
    case ErrorCode::kInvalidArgument:
      return KafkaError::kInvalidRequest;
    case ErrorCode::kCorrupt:
      return KafkaError::kCorruptMessage;
    case ErrorCode::kOutOfRange:
      return KafkaError::kOffsetOutOfRange;
    case ErrorCode::kTooLarge:
      return KafkaError::kMessageTooLarge;
    case ErrorCode::kUnsupported:
      return KafkaError::kUnsupportedVersion;
    case ErrorCode::kIo:
    case ErrorCode::kDiskFull:
    case ErrorCode::kClosed:
      return KafkaError::kKafkaStorageError;
    case ErrorCode::kTimeout:
      return KafkaError::kRequestTimedOut;
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kLocked:
    case ErrorCode::kCancelled:
    case ErrorCode::kThrown:
      break;
  }
  return KafkaError::kUnknownServerError;
}

bool is_retriable(const Error& error) {
  if (error.code == ErrorCode::kKafka) return is_retriable(kafka_error_of(error));
  return error.is_retriable();
}

}  // namespace millrace::wire
