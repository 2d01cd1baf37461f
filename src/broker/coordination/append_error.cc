#include "broker/coordination/append_error.h"

namespace millrace::broker {

wire::KafkaError error_of_append(wire::KafkaError error, wire::KafkaError when_too_large) {
  switch (error) {
    case wire::KafkaError::kUnknownTopicOrPartition:
    case wire::KafkaError::kNotEnoughReplicas:
    case wire::KafkaError::kRequestTimedOut:
      return wire::KafkaError::kCoordinatorNotAvailable;
    case wire::KafkaError::kNotLeaderOrFollower:
    case wire::KafkaError::kKafkaStorageError:
      return wire::KafkaError::kNotCoordinator;
    case wire::KafkaError::kMessageTooLarge:
    case wire::KafkaError::kRecordListTooLarge:
    case wire::KafkaError::kInvalidFetchSize:
      return when_too_large;
    default:
      return error;
  }
}

}  // namespace millrace::broker
