#include "wire/error_codes.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace millrace::wire {

namespace {

struct Row {
  KafkaError error;
  std::string_view name;
  ErrorClass error_class;
};

constexpr std::int16_t kFirst = -1;

// One row a code, without gaps from -1 on, so that a code is an index.
constexpr std::array kRows = std::to_array<Row>({
    // clang-format off
    {KafkaError::kUnknownServerError, "UNKNOWN_SERVER_ERROR", ErrorClass::kPermanent},
    {KafkaError::kNone, "NONE", ErrorClass::kNone},
    {KafkaError::kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", ErrorClass::kPermanent},
    {KafkaError::kCorruptMessage, "CORRUPT_MESSAGE", ErrorClass::kRetriable},
    {KafkaError::kUnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", ErrorClass::kRefreshMetadata},
    {KafkaError::kInvalidFetchSize, "INVALID_FETCH_SIZE", ErrorClass::kPermanent},
    {KafkaError::kLeaderNotAvailable, "LEADER_NOT_AVAILABLE", ErrorClass::kRefreshMetadata},
    {KafkaError::kNotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", ErrorClass::kRefreshLeader},
    {KafkaError::kRequestTimedOut, "REQUEST_TIMED_OUT", ErrorClass::kRetriable},
    {KafkaError::kBrokerNotAvailable, "BROKER_NOT_AVAILABLE", ErrorClass::kPermanent},
    {KafkaError::kReplicaNotAvailable, "REPLICA_NOT_AVAILABLE", ErrorClass::kRefreshMetadata},
    {KafkaError::kMessageTooLarge, "MESSAGE_TOO_LARGE", ErrorClass::kPermanent},
    {KafkaError::kStaleControllerEpoch, "STALE_CONTROLLER_EPOCH", ErrorClass::kPermanent},
    {KafkaError::kOffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", ErrorClass::kPermanent},
    {KafkaError::kNetworkException, "NETWORK_EXCEPTION", ErrorClass::kRefreshMetadata},
    {KafkaError::kCoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS", ErrorClass::kRetriable},
    {KafkaError::kCoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", ErrorClass::kFindCoordinator},
    {KafkaError::kNotCoordinator, "NOT_COORDINATOR", ErrorClass::kFindCoordinator},
    {KafkaError::kInvalidTopicException, "INVALID_TOPIC_EXCEPTION", ErrorClass::kPermanent},
    {KafkaError::kRecordListTooLarge, "RECORD_LIST_TOO_LARGE", ErrorClass::kPermanent},
    {KafkaError::kNotEnoughReplicas, "NOT_ENOUGH_REPLICAS", ErrorClass::kRetriable},
    {KafkaError::kNotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", ErrorClass::kRetriable},
    {KafkaError::kInvalidRequiredAcks, "INVALID_REQUIRED_ACKS", ErrorClass::kPermanent},
    {KafkaError::kIllegalGeneration, "ILLEGAL_GENERATION", ErrorClass::kRejoinLost},
    {KafkaError::kInconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL", ErrorClass::kPermanent},
    {KafkaError::kInvalidGroupId, "INVALID_GROUP_ID", ErrorClass::kPermanent},
    {KafkaError::kUnknownMemberId, "UNKNOWN_MEMBER_ID", ErrorClass::kRejoinAsNew},
    {KafkaError::kInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", ErrorClass::kPermanent},
    {KafkaError::kRebalanceInProgress, "REBALANCE_IN_PROGRESS", ErrorClass::kRejoin},
    {KafkaError::kInvalidCommitOffsetSize, "INVALID_COMMIT_OFFSET_SIZE", ErrorClass::kPermanent},
    {KafkaError::kTopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", ErrorClass::kPermanent},
    {KafkaError::kGroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED", ErrorClass::kPermanent},
    {KafkaError::kClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED", ErrorClass::kPermanent},
    {KafkaError::kInvalidTimestamp, "INVALID_TIMESTAMP", ErrorClass::kPermanent},
    {KafkaError::kUnsupportedSaslMechanism, "UNSUPPORTED_SASL_MECHANISM", ErrorClass::kPermanent},
    {KafkaError::kIllegalSaslState, "ILLEGAL_SASL_STATE", ErrorClass::kPermanent},
    {KafkaError::kUnsupportedVersion, "UNSUPPORTED_VERSION", ErrorClass::kPermanent},
    {KafkaError::kTopicAlreadyExists, "TOPIC_ALREADY_EXISTS", ErrorClass::kPermanent},
    {KafkaError::kInvalidPartitions, "INVALID_PARTITIONS", ErrorClass::kPermanent},
    {KafkaError::kInvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", ErrorClass::kPermanent},
    {KafkaError::kInvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT", ErrorClass::kPermanent},
    {KafkaError::kInvalidConfig, "INVALID_CONFIG", ErrorClass::kPermanent},
    {KafkaError::kNotController, "NOT_CONTROLLER", ErrorClass::kFindController},
    {KafkaError::kInvalidRequest, "INVALID_REQUEST", ErrorClass::kPermanent},
    {KafkaError::kUnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT", ErrorClass::kPermanent},
    {KafkaError::kPolicyViolation, "POLICY_VIOLATION", ErrorClass::kPermanent},
    {KafkaError::kOutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", ErrorClass::kNewEpoch},
    {KafkaError::kDuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", ErrorClass::kPermanent},
    {KafkaError::kInvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", ErrorClass::kNewEpoch},
    {KafkaError::kInvalidTxnState, "INVALID_TXN_STATE", ErrorClass::kFatal},
    {KafkaError::kInvalidProducerIdMapping, "INVALID_PRODUCER_ID_MAPPING", ErrorClass::kFatal},
    {KafkaError::kInvalidTransactionTimeout, "INVALID_TRANSACTION_TIMEOUT", ErrorClass::kPermanent},
    {KafkaError::kConcurrentTransactions, "CONCURRENT_TRANSACTIONS", ErrorClass::kRetriable},
    {KafkaError::kTransactionCoordinatorFenced, "TRANSACTION_COORDINATOR_FENCED", ErrorClass::kFatal},
    {KafkaError::kTransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", ErrorClass::kFatal},
    {KafkaError::kSecurityDisabled, "SECURITY_DISABLED", ErrorClass::kPermanent},
    {KafkaError::kOperationNotAttempted, "OPERATION_NOT_ATTEMPTED", ErrorClass::kPermanent},
    {KafkaError::kKafkaStorageError, "KAFKA_STORAGE_ERROR", ErrorClass::kRefreshMetadata},
    {KafkaError::kLogDirNotFound, "LOG_DIR_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kSaslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED", ErrorClass::kFatal},
    {KafkaError::kUnknownProducerId, "UNKNOWN_PRODUCER_ID", ErrorClass::kNewEpoch},
    {KafkaError::kReassignmentInProgress, "REASSIGNMENT_IN_PROGRESS", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenAuthDisabled, "DELEGATION_TOKEN_AUTH_DISABLED", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenNotFound, "DELEGATION_TOKEN_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenOwnerMismatch, "DELEGATION_TOKEN_OWNER_MISMATCH", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenRequestNotAllowed, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenAuthorizationFailed, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", ErrorClass::kPermanent},
    {KafkaError::kDelegationTokenExpired, "DELEGATION_TOKEN_EXPIRED", ErrorClass::kPermanent},
    {KafkaError::kInvalidPrincipalType, "INVALID_PRINCIPAL_TYPE", ErrorClass::kPermanent},
    {KafkaError::kNonEmptyGroup, "NON_EMPTY_GROUP", ErrorClass::kPermanent},
    {KafkaError::kGroupIdNotFound, "GROUP_ID_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kFetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND", ErrorClass::kRetriable},
    {KafkaError::kInvalidFetchSessionEpoch, "INVALID_FETCH_SESSION_EPOCH", ErrorClass::kRetriable},
    {KafkaError::kListenerNotFound, "LISTENER_NOT_FOUND", ErrorClass::kRefreshMetadata},
    {KafkaError::kTopicDeletionDisabled, "TOPIC_DELETION_DISABLED", ErrorClass::kPermanent},
    {KafkaError::kFencedLeaderEpoch, "FENCED_LEADER_EPOCH", ErrorClass::kRefreshLeader},
    {KafkaError::kUnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", ErrorClass::kRetriable},
    {KafkaError::kUnsupportedCompressionType, "UNSUPPORTED_COMPRESSION_TYPE", ErrorClass::kPermanent},
    {KafkaError::kStaleBrokerEpoch, "STALE_BROKER_EPOCH", ErrorClass::kPermanent},
    {KafkaError::kOffsetNotAvailable, "OFFSET_NOT_AVAILABLE", ErrorClass::kRetriable},
    {KafkaError::kMemberIdRequired, "MEMBER_ID_REQUIRED", ErrorClass::kPermanent},
    {KafkaError::kPreferredLeaderNotAvailable, "PREFERRED_LEADER_NOT_AVAILABLE", ErrorClass::kRefreshMetadata},
    {KafkaError::kGroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", ErrorClass::kPermanent},
    {KafkaError::kFencedInstanceId, "FENCED_INSTANCE_ID", ErrorClass::kFatal},
    {KafkaError::kEligibleLeadersNotAvailable, "ELIGIBLE_LEADERS_NOT_AVAILABLE", ErrorClass::kRefreshMetadata},
    {KafkaError::kElectionNotNeeded, "ELECTION_NOT_NEEDED", ErrorClass::kRefreshMetadata},
    {KafkaError::kNoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS", ErrorClass::kPermanent},
    {KafkaError::kGroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC", ErrorClass::kPermanent},
    {KafkaError::kInvalidRecord, "INVALID_RECORD", ErrorClass::kPermanent},
    {KafkaError::kUnstableOffsetCommit, "UNSTABLE_OFFSET_COMMIT", ErrorClass::kRetriable},
    {KafkaError::kThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED", ErrorClass::kRetriable},
    {KafkaError::kProducerFenced, "PRODUCER_FENCED", ErrorClass::kFatal},
    {KafkaError::kResourceNotFound, "RESOURCE_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kDuplicateResource, "DUPLICATE_RESOURCE", ErrorClass::kPermanent},
    {KafkaError::kUnacceptableCredential, "UNACCEPTABLE_CREDENTIAL", ErrorClass::kPermanent},
    {KafkaError::kInconsistentVoterSet, "INCONSISTENT_VOTER_SET", ErrorClass::kPermanent},
    {KafkaError::kInvalidUpdateVersion, "INVALID_UPDATE_VERSION", ErrorClass::kPermanent},
    {KafkaError::kFeatureUpdateFailed, "FEATURE_UPDATE_FAILED", ErrorClass::kPermanent},
    {KafkaError::kPrincipalDeserializationFailure, "PRINCIPAL_DESERIALIZATION_FAILURE", ErrorClass::kPermanent},
    {KafkaError::kSnapshotNotFound, "SNAPSHOT_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kPositionOutOfRange, "POSITION_OUT_OF_RANGE", ErrorClass::kPermanent},
    {KafkaError::kUnknownTopicId, "UNKNOWN_TOPIC_ID", ErrorClass::kRefreshMetadata},
    {KafkaError::kDuplicateBrokerRegistration, "DUPLICATE_BROKER_REGISTRATION", ErrorClass::kPermanent},
    {KafkaError::kBrokerIdNotRegistered, "BROKER_ID_NOT_REGISTERED", ErrorClass::kPermanent},
    {KafkaError::kInconsistentTopicId, "INCONSISTENT_TOPIC_ID", ErrorClass::kRefreshMetadata},
    {KafkaError::kInconsistentClusterId, "INCONSISTENT_CLUSTER_ID", ErrorClass::kPermanent},
    {KafkaError::kTransactionalIdNotFound, "TRANSACTIONAL_ID_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kFetchSessionTopicIdError, "FETCH_SESSION_TOPIC_ID_ERROR", ErrorClass::kRetriable},
    {KafkaError::kIneligibleReplica, "INELIGIBLE_REPLICA", ErrorClass::kPermanent},
    {KafkaError::kNewLeaderElected, "NEW_LEADER_ELECTED", ErrorClass::kPermanent},
    {KafkaError::kOffsetMovedToTieredStorage, "OFFSET_MOVED_TO_TIERED_STORAGE", ErrorClass::kPermanent},
    {KafkaError::kFencedMemberEpoch, "FENCED_MEMBER_EPOCH", ErrorClass::kRejoinLost},
    {KafkaError::kUnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", ErrorClass::kPermanent},
    {KafkaError::kUnsupportedAssignor, "UNSUPPORTED_ASSIGNOR", ErrorClass::kPermanent},
    {KafkaError::kStaleMemberEpoch, "STALE_MEMBER_EPOCH", ErrorClass::kRejoin},
    {KafkaError::kMismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", ErrorClass::kPermanent},
    {KafkaError::kUnsupportedEndpointType, "UNSUPPORTED_ENDPOINT_TYPE", ErrorClass::kPermanent},
    {KafkaError::kUnknownControllerId, "UNKNOWN_CONTROLLER_ID", ErrorClass::kPermanent},
    {KafkaError::kUnknownSubscriptionId, "UNKNOWN_SUBSCRIPTION_ID", ErrorClass::kPermanent},
    {KafkaError::kTelemetryTooLarge, "TELEMETRY_TOO_LARGE", ErrorClass::kPermanent},
    {KafkaError::kInvalidRegistration, "INVALID_REGISTRATION", ErrorClass::kPermanent},
    {KafkaError::kTransactionAbortable, "TRANSACTION_ABORTABLE", ErrorClass::kAbortable},
    {KafkaError::kInvalidRecordState, "INVALID_RECORD_STATE", ErrorClass::kPermanent},
    {KafkaError::kShareSessionNotFound, "SHARE_SESSION_NOT_FOUND", ErrorClass::kRetriable},
    {KafkaError::kInvalidShareSessionEpoch, "INVALID_SHARE_SESSION_EPOCH", ErrorClass::kRetriable},
    {KafkaError::kFencedStateEpoch, "FENCED_STATE_EPOCH", ErrorClass::kPermanent},
    {KafkaError::kInvalidVoterKey, "INVALID_VOTER_KEY", ErrorClass::kPermanent},
    {KafkaError::kDuplicateVoter, "DUPLICATE_VOTER", ErrorClass::kPermanent},
    {KafkaError::kVoterNotFound, "VOTER_NOT_FOUND", ErrorClass::kPermanent},
    {KafkaError::kInvalidRegularExpression, "INVALID_REGULAR_EXPRESSION", ErrorClass::kPermanent},
    {KafkaError::kRebootstrapRequired, "REBOOTSTRAP_REQUIRED", ErrorClass::kPermanent},
    {KafkaError::kStreamsInvalidTopology, "STREAMS_INVALID_TOPOLOGY", ErrorClass::kPermanent},
    {KafkaError::kStreamsInvalidTopologyEpoch, "STREAMS_INVALID_TOPOLOGY_EPOCH", ErrorClass::kPermanent},
    {KafkaError::kStreamsTopologyFenced, "STREAMS_TOPOLOGY_FENCED", ErrorClass::kPermanent},
    {KafkaError::kShareSessionLimitReached, "SHARE_SESSION_LIMIT_REACHED", ErrorClass::kRetriable},
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

ErrorClass error_class(KafkaError error) {
  const Row* const row = row_of(error);
  return row == nullptr ? ErrorClass::kPermanent : row->error_class;
}

bool is_retriable(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kRetriable:
    case ErrorClass::kRefreshMetadata:
    case ErrorClass::kRefreshLeader:
    case ErrorClass::kFindCoordinator:
    case ErrorClass::kFindController:
      return true;
    case ErrorClass::kNone:
    case ErrorClass::kRejoin:
    case ErrorClass::kRejoinLost:
    case ErrorClass::kRejoinAsNew:
    case ErrorClass::kNewEpoch:
    case ErrorClass::kAbortable:
    case ErrorClass::kFatal:
    case ErrorClass::kPermanent:
      break;
  }
  return false;
}

bool needs_rejoin(ErrorClass error_class) {
  return error_class == ErrorClass::kRejoin || error_class == ErrorClass::kRejoinLost ||
         error_class == ErrorClass::kRejoinAsNew;
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

ErrorClass error_class(const Error& error) {
  if (error.code == ErrorCode::kKafka) return error_class(kafka_error_of(error));
  return error.is_retriable() ? ErrorClass::kRetriable : ErrorClass::kPermanent;
}

}  // namespace millrace::wire
