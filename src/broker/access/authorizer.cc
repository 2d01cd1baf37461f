#include "broker/access/authorizer.h"

namespace millrace::broker {

wire::KafkaError Authorizer::refusal(ResourceType type) const {
  switch (type) {
    case ResourceType::kTopic:
      return wire::KafkaError::kTopicAuthorizationFailed;
    case ResourceType::kGroup:
      return wire::KafkaError::kGroupAuthorizationFailed;
    case ResourceType::kTransactionalId:
      return wire::KafkaError::kTransactionalIdAuthorizationFailed;
    case ResourceType::kCluster:
      break;
  }
  return wire::KafkaError::kClusterAuthorizationFailed;
}

}  // namespace millrace::broker
