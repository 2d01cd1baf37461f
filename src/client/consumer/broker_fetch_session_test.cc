#include "client/consumer/broker_fetch_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "wire/error_codes.h"
#include "wire/frame.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;

const Uuid kId{{7}};

PlannedPart at(std::int32_t partition, std::int64_t offset = 0, Uuid id = kId) {
  return {.partition = {"t", PartitionId{partition}},
          .offset = Offset{offset},
          .leader_epoch = LeaderEpoch{3},
          .bytes_max = 100,
          .topic_id = id};
}

std::shared_ptr<const FetchPlan> plan(std::vector<PlannedPart> parts) {
  auto made = std::make_shared<FetchPlan>();
  made->parts = std::move(parts);
  return made;
}

std::vector<std::int32_t> numbers(const std::vector<PlannedPart>& parts) {
  std::vector<std::int32_t> numbers;
  for (const auto& part : parts) numbers.push_back(part.partition.partition.value());
  return numbers;
}

wire::FetchResponse answer(std::int32_t session, std::size_t partitions = 0) {
  wire::FetchResponse response;
  response.session_id = session;
  if (partitions > 0) response.responses.emplace_back().partitions.resize(partitions);
  return response;
}

wire::FetchResponse error(KafkaError error) {
  wire::FetchResponse response;
  response.error_code = code_of(error);
  return response;
}

class FetchSessionWithABroker : public testing::Test {
 protected:
  /// Has fetched `parts` in full; the broker made session 5.
  void open(std::vector<PlannedPart> parts) {
    const std::size_t count = parts.size();
    (void)session_.begin(plan(std::move(parts)));
    session_.on_answer(answer(5, count));
  }
  BrokerFetchSession session_;
};

TEST_F(FetchSessionWithABroker, BeginsByNamingEverything) {
  const auto sent = session_.begin(plan({at(0), at(1)}));
  EXPECT_EQ(sent.session.id, 0);
  EXPECT_EQ(sent.session.epoch, 0);
  EXPECT_FALSE(sent.is_incremental());
  EXPECT_THAT(numbers(sent.parts), ElementsAre(0, 1));
  EXPECT_FALSE(session_.is_open());
}

TEST_F(FetchSessionWithABroker, NamesOnlyWhatHasChanged) {
  open({at(0), at(1), at(3), at(4)});
  EXPECT_TRUE(session_.is_open());
  const auto sent = session_.begin(plan({at(0), at(1, 9), at(2), at(4)}));
  EXPECT_EQ(sent.session.id, 5);
  EXPECT_EQ(sent.session.epoch, 1);
  EXPECT_TRUE(sent.is_incremental());
  EXPECT_THAT(numbers(sent.parts), ElementsAre(1, 2));
  EXPECT_THAT(numbers(sent.forgotten), ElementsAre(3));
}

TEST_F(FetchSessionWithABroker, CountsItsFetches) {
  open({at(0)});
  for (std::int32_t epoch = 1; epoch < 4; ++epoch) {
    const auto sent = session_.begin(plan({at(0)}));
    EXPECT_EQ(sent.session.epoch, epoch);
    EXPECT_THAT(sent.parts, IsEmpty());
    session_.on_answer(answer(5));
  }
}

TEST_F(FetchSessionWithABroker, OfABrokerThatKeepsNoneNamesEverythingEachTime) {
  (void)session_.begin(plan({at(0)}));
  session_.on_answer(answer(0, 1));
  const auto sent = session_.begin(plan({at(0)}));
  EXPECT_EQ(sent.session.epoch, 0);
  EXPECT_THAT(numbers(sent.parts), ElementsAre(0));
}

TEST_F(FetchSessionWithABroker, BeginsAnewWhenTheBrokerClosesIt) {
  open({at(0)});
  (void)session_.begin(plan({at(0)}));
  session_.on_answer(answer(0));
  const auto sent = session_.begin(plan({at(0)}));
  EXPECT_EQ(sent.session.id, 0);
  EXPECT_EQ(sent.session.epoch, 0);
  EXPECT_THAT(numbers(sent.parts), ElementsAre(0));
}

TEST_F(FetchSessionWithABroker, BeginsAnewWhenTheBrokerHasNone) {
  open({at(0)});
  (void)session_.begin(plan({at(0)}));
  session_.on_answer(error(KafkaError::kFetchSessionIdNotFound));
  const auto sent = session_.begin(plan({at(0)}));
  EXPECT_EQ(sent.session.id, 0);
  EXPECT_EQ(sent.session.epoch, 0);
}

TEST_F(FetchSessionWithABroker, EndsTheOldOneWhenItBeginsAnewAfterAnotherErrorOrNoAnswer) {
  for (const bool is_answered : {true, false}) {
    open({at(0)});
    (void)session_.begin(plan({at(0)}));
    if (is_answered) {
      session_.on_answer(error(KafkaError::kInvalidFetchSessionEpoch));
    } else {
      session_.on_failed();
    }
    const auto sent = session_.begin(plan({at(0)}));
    EXPECT_EQ(sent.session.id, 5);
    EXPECT_EQ(sent.session.epoch, 0);
    EXPECT_THAT(numbers(sent.parts), ElementsAre(0));
    session_.on_failed();
  }
}

TEST_F(FetchSessionWithABroker, BeginsAnewForATopicThatWasMadeAnew) {
  open({at(0)});
  const auto sent = session_.begin(plan({at(0, 0, Uuid{{8}})}));
  EXPECT_EQ(sent.session.id, 5);
  EXPECT_EQ(sent.session.epoch, 0);
  EXPECT_THAT(numbers(sent.parts), ElementsAre(0));
}

TEST_F(FetchSessionWithABroker, BeginsAnewWhenTopicsCanNoLongerBeNamedById) {
  open({at(0)});
  PlannedPart without_id = at(1);
  without_id.partition.topic = "u";
  without_id.topic_id = {};
  EXPECT_EQ(session_.begin(plan({at(0), without_id})).session.epoch, 0);
}

TEST_F(FetchSessionWithABroker, BeginsAnewWhenTheFirstAnswerLeftAPartitionOut) {
  (void)session_.begin(plan({at(0), at(1)}));
  session_.on_answer(answer(5, 1));
  const auto sent = session_.begin(plan({at(0), at(1)}));
  EXPECT_EQ(sent.session.id, 5);
  EXPECT_EQ(sent.session.epoch, 0);
}

TEST_F(FetchSessionWithABroker, ItsEndNamesNothing) {
  open({at(0)});
  const auto ending = session_.ending();
  EXPECT_EQ(ending.session.id, 5);
  EXPECT_EQ(ending.session.epoch, -1);
  EXPECT_THAT(ending.parts, IsEmpty());
}

TEST_F(FetchSessionWithABroker, AFetchOfAThousandSilentPartitionsIsShort) {
  std::vector<PlannedPart> parts;
  for (std::int32_t partition = 0; partition < 1000; ++partition) parts.push_back(at(partition));
  open(parts);
  const auto sent = session_.begin(plan(parts));

  const wire::RequestHeader header{.api_key = wire::ApiKey::kFetch,
                                   .api_version = 17,
                                   .correlation_id = 1,
                                   .client_id = std::nullopt};
  const auto encoded = wire::encode_request(header, to_request(sent, {}));
  ASSERT_TRUE(encoded.ok());
  EXPECT_LT(encoded->size(), 64U);
}

}  // namespace
}  // namespace millrace::client
