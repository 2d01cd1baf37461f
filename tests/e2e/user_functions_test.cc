// What becomes of exceptions that functions of the application throw inside a consumer: the error
// of the call, and the consumer goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/e2e/embedded_cluster.h"
#include "wire/error_codes.h"

namespace millrace::e2e {
namespace {

using client::Consumer;
using client::Producer;
using testing::HasSubstr;

class UserFunctions : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.create_topic("t", 1);
    auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
    ASSERT_TRUE(producer->send({.topic = "t", .value = "x"}).ok());
    ASSERT_TRUE(producer->flush(Millis{60'000}).ok());
  }
  Consumer member(client::ConsumerOptions options) {
    return member(std::move(options), cluster_.group_properties("g"));
  }
  Consumer member(client::ConsumerOptions options, const client::Properties& properties) {
    auto consumer = Consumer::create(properties, std::move(options), &cluster_.env());
    EXPECT_TRUE(consumer->subscribe({"t"}).ok());
    return std::move(consumer).value();
  }
  /// Polls until something else than silence comes.
  static Result<client::PolledRecords> poll(Consumer& consumer) {
    for (int round = 0;; ++round) {
      auto polled = consumer.poll(Millis{100});
      if (!polled.ok() || !polled->empty() || round == 600) return polled;
    }
  }

  EmbeddedCluster cluster_;
};

TEST_F(UserFunctions, AListenerThatThrowsFailsThePollAndKeepsTheAssignment) {
  client::ConsumerOptions options;
  options.listener.on_assigned = [](auto) { throw std::runtime_error("not today"); };
  auto consumer = member(std::move(options));

  const auto failed = poll(consumer);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kThrown);
  EXPECT_THAT(failed.error().message, HasSubstr("on_assigned threw: not today"));
  const auto polled = poll(consumer);
  ASSERT_TRUE(polled.ok()) << polled.error().to_string();
  EXPECT_EQ(polled->count(), 1U);
}

TEST_F(UserFunctions, AListenerThatThrowsAtALossFailsThePollAndTheMemberComesBack) {
  int revocations = 0;
  client::ConsumerOptions options;
  options.listener.on_lost = [](auto) { throw std::runtime_error("not today"); };
  options.listener.on_revoked = [&](auto) { ++revocations; };
  client::Properties properties = cluster_.group_properties("g");
  properties.set("partition.assignment.strategy", "cooperative-sticky");
  auto heir_properties = properties;
  auto consumer = member(std::move(options), properties.set("max.poll.interval.ms", "200"));
  ASSERT_EQ(poll(consumer)->count(), 1U);
  auto heir = member({}, heir_properties);
  ASSERT_EQ(poll(heir)->count(), 1U) << "who does not poll makes room";

  const auto failed = poll(consumer);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("on_lost threw: not today"));
  EXPECT_EQ(revocations, 0);
  ASSERT_TRUE(heir.close().ok());
  const auto polled = poll(consumer);
  ASSERT_TRUE(polled.ok()) << polled.error().to_string();
  EXPECT_EQ(polled->count(), 1U);
}

TEST_F(UserFunctions, AListenerThatThrowsAtTheEndFailsTheCloseThatLeavesNevertheless) {
  client::ConsumerOptions options;
  options.listener.on_revoked = [](auto) { throw std::runtime_error("not today"); };
  auto consumer = member(std::move(options));
  ASSERT_TRUE(poll(consumer).ok());

  const Status closed = consumer.close();

  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(closed.error().message, HasSubstr("on_revoked threw: not today"));
  auto next = member({});
  EXPECT_EQ(poll(next)->count(), 1U) << "the group does not wait for who has left";
}

TEST_F(UserFunctions, ACommitCallbackThatThrowsFailsTheCallItRunsInAndTheNextOnesRun) {
  auto consumer = member({});
  ASSERT_TRUE(poll(consumer).ok());
  int told = 0;
  consumer.commit_async([](const Status&) { throw std::runtime_error("not today"); });
  consumer.commit_async([&](const Status&) { ++told; });

  bool has_failed = false;
  for (int round = 0; round < 600 && (told == 0 || !has_failed); ++round) {
    const auto polled = consumer.poll(Millis{100});
    if (polled.ok()) continue;
    has_failed = true;
    EXPECT_THAT(polled.error().message, HasSubstr("the callback of a commit threw: not today"));
  }

  EXPECT_TRUE(has_failed);
  EXPECT_EQ(told, 1);
}

class RefusingAssignor final : public client::Assignor {
 public:
  enum class Refuses { kToDeal, kToSayItsName };
  explicit RefusingAssignor(Refuses what) : what_(what) {}

  std::string_view name() const override {
    if (what_ == Refuses::kToSayItsName) throw std::runtime_error("not today");
    return "refusing";
  }
  client::RebalanceProtocol protocol() const override { return client::RebalanceProtocol::kEager; }
  client::GroupAssignment assign(const client::PartitionCounts& /*counts*/,
                                 const std::vector<client::MemberSubscription>&) const override {
    throw std::runtime_error("not today");
  }

 private:
  const Refuses what_;
};

TEST_F(UserFunctions, AnAssignorThatThrowsFailsThePollAndFreesTheGroup) {
  client::ConsumerOptions options;
  options.assignors = {std::make_shared<RefusingAssignor>(RefusingAssignor::Refuses::kToDeal)};
  auto consumer = member(std::move(options));

  const auto failed = poll(consumer);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("\"refusing\" threw: not today"));
  auto other = member({});
  auto polled = poll(other);
  // The group may hear only now that the member has left; it does not take two protocols at once.
  for (int tries = 0; tries < 100 && !polled.ok(); ++tries) {
    EXPECT_EQ(wire::kafka_error_of(polled.error()), wire::KafkaError::kInconsistentGroupProtocol);
    ASSERT_TRUE(other.subscribe({"t"}).ok());
    polled = poll(other);
  }
  ASSERT_TRUE(polled.ok()) << polled.error().to_string();
  EXPECT_EQ(polled->count(), 1U);
}

TEST_F(UserFunctions, AnAssignorThatDoesNotSayWhoItIsFailsTheCreation) {
  for (const std::shared_ptr<client::Assignor>& assignor :
       {std::shared_ptr<client::Assignor>(),
        std::shared_ptr<client::Assignor>(
            std::make_shared<RefusingAssignor>(RefusingAssignor::Refuses::kToSayItsName))}) {
    client::ConsumerOptions options;
    options.assignors = {assignor};
    const auto made =
        Consumer::create(cluster_.group_properties("g"), std::move(options), &cluster_.env());
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code,
              assignor == nullptr ? ErrorCode::kInvalidArgument : ErrorCode::kThrown);
  }
}

}  // namespace
}  // namespace millrace::e2e
