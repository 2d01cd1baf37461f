#include "wire/api_table.h"

#include <gtest/gtest.h>

#include "wire/error_codes.h"

namespace millrace::wire {
namespace {

TEST(ApiTable, NamesItsRowsAsKafkaDoes) {
  for (const ApiRow& api : api_table()) {
    EXPECT_EQ(api.name, api_key_name(api.key));
    EXPECT_EQ(find_api(api.key), &api);
    EXPECT_FALSE(api.decodable.empty());
  }
}

TEST(ApiTable, AdvertisesTheRangesOfCurrentKafka) {
  const auto advertised = [](ApiKey key) { return find_api(key)->advertised; };

  EXPECT_EQ(advertised(ApiKey::kProduce), (VersionRange{0, 13}));
  EXPECT_EQ(advertised(ApiKey::kFetch), (VersionRange{4, 18}));
  EXPECT_EQ(advertised(ApiKey::kListOffsets), (VersionRange{1, 11}));
  EXPECT_EQ(advertised(ApiKey::kMetadata), (VersionRange{0, 13}));
  EXPECT_EQ(advertised(ApiKey::kJoinGroup), (VersionRange{0, 9}));
  EXPECT_EQ(advertised(ApiKey::kApiVersions), (VersionRange{0, 4}));
  EXPECT_EQ(advertised(ApiKey::kInitProducerId), (VersionRange{0, 5}));
}

TEST(ApiTable, TellsWhatIsDescribedFromWhatIsServed) {
  ApiRow features = *find_api(ApiKey::kUpdateFeatures);
  EXPECT_TRUE(features.is_served());
  features.advertised = VersionRange{};  // as of what only our client would speak
  EXPECT_FALSE(features.is_served());
  EXPECT_EQ(features.decodable, (VersionRange{0, 2}));
  EXPECT_TRUE(features.is_flexible(0)) << "our client writes its header by this row";
}

TEST(ApiTable, HasNoRowForWhatIsNotDescribed) {
  EXPECT_EQ(find_api(ApiKey::kLeaderAndIsr), nullptr);
  EXPECT_EQ(find_api(static_cast<ApiKey>(-1)), nullptr);
  EXPECT_EQ(find_api(static_cast<ApiKey>(32767)), nullptr);
}

TEST(VersionRange, NegotiatesTheHighestInBoth) {
  EXPECT_EQ(highest_common({3, 9}, {0, 12}), 9);
  EXPECT_EQ(highest_common({3, 9}, {9, 12}), 9);
  EXPECT_EQ(highest_common({3, 9}, {0, 2}), std::nullopt);
  EXPECT_EQ(highest_common({3, 9}, {10, 12}), std::nullopt);
}

TEST(KafkaError, HasANameAndAnOpinionOnRetries) {
  EXPECT_EQ(kafka_error_name(KafkaError::kUnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(kafka_error_name(KafkaError::kNone), "NONE");
  EXPECT_EQ(kafka_error_name(KafkaError::kNotLeaderOrFollower), "NOT_LEADER_OR_FOLLOWER");
  EXPECT_EQ(kafka_error_name(KafkaError::kShareSessionLimitReached), "SHARE_SESSION_LIMIT_REACHED");
  EXPECT_EQ(kafka_error_name(static_cast<KafkaError>(9999)), "UNKNOWN_ERROR_CODE");
  EXPECT_EQ(kafka_error_name(static_cast<KafkaError>(-2)), "UNKNOWN_ERROR_CODE");

  EXPECT_TRUE(is_retriable(KafkaError::kNotLeaderOrFollower));
  EXPECT_TRUE(is_retriable(KafkaError::kCorruptMessage));
  EXPECT_FALSE(is_retriable(KafkaError::kOffsetOutOfRange));
  EXPECT_FALSE(is_retriable(KafkaError::kNone));
  EXPECT_FALSE(is_retriable(static_cast<KafkaError>(9999)));
}

TEST(KafkaError, OneTableSaysWhatEachAsksFor) {
  const std::pair<KafkaError, ErrorClass> cases[] = {
      {KafkaError::kNone, ErrorClass::kNone},
      {KafkaError::kCoordinatorLoadInProgress, ErrorClass::kRetriable},
      {KafkaError::kUnknownTopicOrPartition, ErrorClass::kRefreshMetadata},
      {KafkaError::kNotLeaderOrFollower, ErrorClass::kRefreshLeader},
      {KafkaError::kNotCoordinator, ErrorClass::kFindCoordinator},
      {KafkaError::kNotController, ErrorClass::kFindController},
      {KafkaError::kRebalanceInProgress, ErrorClass::kRejoin},
      {KafkaError::kIllegalGeneration, ErrorClass::kRejoinLost},
      {KafkaError::kUnknownMemberId, ErrorClass::kRejoinAsNew},
      {KafkaError::kUnknownProducerId, ErrorClass::kNewEpoch},
      {KafkaError::kTransactionAbortable, ErrorClass::kAbortable},
      {KafkaError::kProducerFenced, ErrorClass::kFatal},
      {KafkaError::kInvalidRequest, ErrorClass::kPermanent},
      {static_cast<KafkaError>(9999), ErrorClass::kPermanent}};
  for (const auto& [error, expected] : cases) {
    EXPECT_EQ(error_class(error), expected) << kafka_error_name(error);
  }
  EXPECT_EQ(error_class(make_error(KafkaError::kProducerFenced)), ErrorClass::kFatal);
  EXPECT_EQ(error_class(Error{ErrorCode::kTimeout, ""}), ErrorClass::kRetriable);
  EXPECT_EQ(error_class(Error{ErrorCode::kCorrupt, ""}), ErrorClass::kPermanent);
}

TEST(KafkaError, WhatSendsAMemberBackToItsGroupIsNoReasonToRepeatTheRequest) {
  for (const auto error : {KafkaError::kRebalanceInProgress, KafkaError::kIllegalGeneration,
                           KafkaError::kUnknownMemberId, KafkaError::kFencedMemberEpoch}) {
    EXPECT_TRUE(needs_rejoin(error)) << kafka_error_name(error);
    EXPECT_FALSE(is_retriable(error)) << kafka_error_name(error);
  }
  EXPECT_FALSE(needs_rejoin(KafkaError::kFencedInstanceId));
}

TEST(KafkaError, TravelsInsideAnError) {
  const Error error = make_error(KafkaError::kInvalidRecord, "record 3 has no key");

  EXPECT_EQ(error.code, ErrorCode::kKafka);
  EXPECT_EQ(error.message, "INVALID_RECORD: record 3 has no key");
  EXPECT_EQ(kafka_error_of(error), KafkaError::kInvalidRecord);
  EXPECT_EQ(make_error(KafkaError::kNotController).message, "NOT_CONTROLLER");
  EXPECT_TRUE(is_retriable(make_error(KafkaError::kNotController)));
  EXPECT_EQ(kafka_error_of(Error{ErrorCode::kTimeout, ""}), KafkaError::kRequestTimedOut);
}

}  // namespace
}  // namespace millrace::wire
