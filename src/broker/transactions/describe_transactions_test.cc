// What people who run Kafka see of transactions.
#include "broker/transactions/describe_transactions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/transactions/testing/transaction_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using Who = TransactionWorld::Who;

wire::DescribeTransactionsResponse describe(TransactionWorld& world, std::vector<std::string> ids) {
  auto effects = world.coordinator().describe(RequestToken{900}, {std::move(ids)}, world.now());
  return std::get<wire::DescribeTransactionsResponse>(effects.replies.at(0).response);
}

std::vector<std::string> ids_of(const wire::ListTransactionsResponse& response) {
  std::vector<std::string> ids;
  for (const auto& state : response.transaction_states) ids.push_back(state.transactional_id);
  return ids;
}

wire::ListTransactionsResponse list(TransactionWorld& world,
                                    const wire::ListTransactionsRequest& request) {
  auto effects = world.coordinator().list(RequestToken{901}, request, std::nullopt, world.now());
  return std::get<wire::ListTransactionsResponse>(effects.replies.at(0).response);
}

using Ids = std::vector<std::string>;

TEST(DescribeTransactions, SaysWhatATransactionHasAndWhatIsNotKnown) {
  TransactionWorld world;
  const Who who = world.make({.timeout_ms = 5'000});
  ASSERT_EQ(world.error(world.add(who, {3, 1})), KafkaError::kNone);
  const auto response = describe(world, {"t", "nobody", ""});
  ASSERT_EQ(response.transaction_states.size(), 3U);
  const auto& state = response.transaction_states[0];
  EXPECT_EQ(state.transaction_state, "Ongoing");
  EXPECT_EQ(state.producer_id, who.producer);
  EXPECT_EQ(state.producer_epoch, who.epoch);
  EXPECT_EQ(state.transaction_timeout_ms, 5'000);
  EXPECT_EQ(state.transaction_start_time_ms, world.now().wall.value());
  ASSERT_EQ(state.topics.size(), 1U);
  EXPECT_EQ(state.topics[0].partitions, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(response.transaction_states[1].error_code,
            code_of(KafkaError::kTransactionalIdNotFound));
  EXPECT_EQ(response.transaction_states[2].error_code, code_of(KafkaError::kInvalidRequest));
}

TEST(ListTransactions, FiltersByStateProducerAndAge) {
  TransactionWorld world;
  const Who old = world.make({.id = "old", .timeout_ms = 900'000});
  ASSERT_EQ(world.error(world.add(old, {0})), KafkaError::kNone);
  world.advance(Millis{1'000});
  const Who young = world.make({.id = "young"});
  ASSERT_EQ(world.error(world.add(young, {0})), KafkaError::kNone);
  world.make({.id = "idle"});

  wire::ListTransactionsRequest request;
  EXPECT_EQ(ids_of(list(world, request)), (Ids{"idle", "old", "young"}));
  request.state_filters = {"Ongoing"};
  EXPECT_EQ(ids_of(list(world, request)), (Ids{"old", "young"}));
  request.duration_filter = 500;
  EXPECT_EQ(ids_of(list(world, request)), (Ids{"old"}));
  request = {};
  request.producer_id_filters = {young.producer};
  EXPECT_EQ(ids_of(list(world, request)), (Ids{"young"}));
}

TEST(ListTransactions, NamesStatesThatAreNone) {
  TransactionWorld world;
  world.make();
  wire::ListTransactionsRequest request;
  request.state_filters = {"Lost"};
  const auto response = list(world, request);
  EXPECT_EQ(response.unknown_state_filters, (Ids{"Lost"}));
  EXPECT_TRUE(response.transaction_states.empty());
}

}  // namespace
}  // namespace millrace::broker
