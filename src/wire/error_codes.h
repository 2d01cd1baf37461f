// KafkaError: every error code of the protocol, with its name and what it asks for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace millrace::wire {

/// The number that answers carry. Values not listed here can come from newer brokers.
/// source  Kafka protocol guide, "Error Codes" (4.x)
enum class KafkaError : std::int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kOffsetOutOfRange = 1,
  kCorruptMessage = 2,
  kUnknownTopicOrPartition = 3,
  kInvalidFetchSize = 4,
  kLeaderNotAvailable = 5,
  kNotLeaderOrFollower = 6,
  kRequestTimedOut = 7,
  kBrokerNotAvailable = 8,
  kReplicaNotAvailable = 9,
  kMessageTooLarge = 10,
  kStaleControllerEpoch = 11,
  kOffsetMetadataTooLarge = 12,
  kNetworkException = 13,
  kCoordinatorLoadInProgress = 14,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kInvalidTopicException = 17,
  kRecordListTooLarge = 18,
  kNotEnoughReplicas = 19,
  kNotEnoughReplicasAfterAppend = 20,
  kInvalidRequiredAcks = 21,
  kIllegalGeneration = 22,
  kInconsistentGroupProtocol = 23,
  kInvalidGroupId = 24,
  kUnknownMemberId = 25,
  kInvalidSessionTimeout = 26,
  kRebalanceInProgress = 27,
  kInvalidCommitOffsetSize = 28,
  kTopicAuthorizationFailed = 29,
  kGroupAuthorizationFailed = 30,
  kClusterAuthorizationFailed = 31,
  kInvalidTimestamp = 32,
  kUnsupportedSaslMechanism = 33,
  kIllegalSaslState = 34,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidReplicationFactor = 38,
  kInvalidReplicaAssignment = 39,
  kInvalidConfig = 40,
  kNotController = 41,
  kInvalidRequest = 42,
  kUnsupportedForMessageFormat = 43,
  kPolicyViolation = 44,
  kOutOfOrderSequenceNumber = 45,
  kDuplicateSequenceNumber = 46,
  kInvalidProducerEpoch = 47,
  kInvalidTxnState = 48,
  kInvalidProducerIdMapping = 49,
  kInvalidTransactionTimeout = 50,
  kConcurrentTransactions = 51,
  kTransactionCoordinatorFenced = 52,
  kTransactionalIdAuthorizationFailed = 53,
  kSecurityDisabled = 54,
  kOperationNotAttempted = 55,
  kKafkaStorageError = 56,
  kLogDirNotFound = 57,
  kSaslAuthenticationFailed = 58,
  kUnknownProducerId = 59,
  kReassignmentInProgress = 60,
  kDelegationTokenAuthDisabled = 61,
  kDelegationTokenNotFound = 62,
  kDelegationTokenOwnerMismatch = 63,
  kDelegationTokenRequestNotAllowed = 64,
  kDelegationTokenAuthorizationFailed = 65,
  kDelegationTokenExpired = 66,
  kInvalidPrincipalType = 67,
  kNonEmptyGroup = 68,
  kGroupIdNotFound = 69,
  kFetchSessionIdNotFound = 70,
  kInvalidFetchSessionEpoch = 71,
  kListenerNotFound = 72,
  kTopicDeletionDisabled = 73,
  kFencedLeaderEpoch = 74,
  kUnknownLeaderEpoch = 75,
  kUnsupportedCompressionType = 76,
  kStaleBrokerEpoch = 77,
  kOffsetNotAvailable = 78,
  kMemberIdRequired = 79,
  kPreferredLeaderNotAvailable = 80,
  kGroupMaxSizeReached = 81,
  kFencedInstanceId = 82,
  kEligibleLeadersNotAvailable = 83,
  kElectionNotNeeded = 84,
  kNoReassignmentInProgress = 85,
  kGroupSubscribedToTopic = 86,
  kInvalidRecord = 87,
  kUnstableOffsetCommit = 88,
  kThrottlingQuotaExceeded = 89,
  kProducerFenced = 90,
  kResourceNotFound = 91,
  kDuplicateResource = 92,
  kUnacceptableCredential = 93,
  kInconsistentVoterSet = 94,
  kInvalidUpdateVersion = 95,
  kFeatureUpdateFailed = 96,
  kPrincipalDeserializationFailure = 97,
  kSnapshotNotFound = 98,
  kPositionOutOfRange = 99,
  kUnknownTopicId = 100,
  kDuplicateBrokerRegistration = 101,
  kBrokerIdNotRegistered = 102,
  kInconsistentTopicId = 103,
  kInconsistentClusterId = 104,
  kTransactionalIdNotFound = 105,
  kFetchSessionTopicIdError = 106,
  kIneligibleReplica = 107,
  kNewLeaderElected = 108,
  kOffsetMovedToTieredStorage = 109,
  kFencedMemberEpoch = 110,
  kUnreleasedInstanceId = 111,
  kUnsupportedAssignor = 112,
  kStaleMemberEpoch = 113,
  kMismatchedEndpointType = 114,
  kUnsupportedEndpointType = 115,
  kUnknownControllerId = 116,
  kUnknownSubscriptionId = 117,
  kTelemetryTooLarge = 118,
  kInvalidRegistration = 119,
  kTransactionAbortable = 120,
  kInvalidRecordState = 121,
  kShareSessionNotFound = 122,
  kInvalidShareSessionEpoch = 123,
  kFencedStateEpoch = 124,
  kInvalidVoterKey = 125,
  kDuplicateVoter = 126,
  kVoterNotFound = 127,
  kInvalidRegularExpression = 128,
  kRebootstrapRequired = 129,
  kStreamsInvalidTopology = 130,
  kStreamsInvalidTopologyEpoch = 131,
  kStreamsTopologyFenced = 132,
  kShareSessionLimitReached = 133,
};

/// The name that Kafka's documentation uses, such as "OFFSET_OUT_OF_RANGE"; "UNKNOWN_ERROR_CODE"
/// for a number that is not listed.
std::string_view kafka_error_name(KafkaError error);

/// The number that goes on the wire.
constexpr std::int16_t code_of(KafkaError error) {
  return static_cast<std::int16_t>(error);
}

/// What whoever gets an error has to do. The table of codes says it for each, once for everybody:
/// nothing else compares codes to find out. (What a code means beyond that to one request, such as
/// an offset that is out of range or a member id to join with, is for its handler to know.)
/// source  KIP-1050 and the exceptions of Apache Kafka's Java client
enum class ErrorClass : std::uint8_t {
  kNone,             // there is no error
  kRetriable,        // send the same request again, after a backoff
  kRefreshMetadata,  // the same, with metadata that is refreshed
  kRefreshLeader,    // the same; who was asked does not lead the partition
  kFindCoordinator,  // the same; who was asked does not coordinate, or cannot yet
  kFindController,   // the same; who was asked is not the controller
  kRejoin,           // join the group again; what is owned stays until the group says otherwise
  kRejoinLost,       // join again; what was owned may be another member's by now
  kRejoinAsNew,      // the same, and without the member id, which the group does not know
  kNewEpoch,         // the broker does not hold the producer's sequence: take a new epoch
  kAbortable,        // abort the transaction; the next one may succeed
  kFatal,            // this client was fenced or is not let in: it cannot go on
  kPermanent,        // this request will never succeed as it is; others may
};

/// kPermanent for a number that is not listed.
ErrorClass error_class(KafkaError error);
/// Whether the same request may succeed later.
bool is_retriable(ErrorClass error_class);
/// Whether the member has to join its group again, after which the request may make sense no more.
bool needs_rejoin(ErrorClass error_class);

inline bool is_retriable(KafkaError error) {
  return is_retriable(error_class(error));
}
inline bool needs_rejoin(KafkaError error) {
  return needs_rejoin(error_class(error));
}

/// An Error of code kKafka that carries `error`; its message is "NAME: context", or the name alone.
Error make_error(KafkaError error, std::string_view context = {});

/// The protocol's code for any Error: what make_error put in, or the nearest one for errors of our
/// own (kTimeout says REQUEST_TIMED_OUT, kIo says KAFKA_STORAGE_ERROR, and so on).
KafkaError kafka_error_of(const Error& error);

/// The class of any Error: of what make_error put in by the table; of ours kRetriable when the same
/// call may succeed (kTimeout, kClosed), else kPermanent.
ErrorClass error_class(const Error& error);

inline bool is_retriable(const Error& error) {
  return is_retriable(error_class(error));
}
inline bool needs_rejoin(const Error& error) {
  return needs_rejoin(error_class(error));
}

}  // namespace millrace::wire
