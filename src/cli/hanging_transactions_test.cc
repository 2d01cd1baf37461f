#include "cli/hanging_transactions.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::cli {
namespace {

const TopicPartition kPartition{"t", PartitionId{0}};
const TopicPartition kOther{"t", PartitionId{1}};
constexpr Timestamp kNow{1'000'000};
constexpr Millis kLimit{1'000};

client::ProducerState producer(std::int64_t id, std::optional<Offset> start, std::int64_t last) {
  client::ProducerState state;
  state.id = ProducerId{id};
  state.transaction_start = start;
  state.last_timestamp = Timestamp{last};
  return state;
}

std::vector<std::int64_t> ids_of(const std::vector<OpenInPartition>& open) {
  std::vector<std::int64_t> ids;
  for (const auto& each : open) ids.push_back(each.producer.id.value());
  return ids;
}

TEST(HangingTransactions, AreOpenForLongerThanTheLimit) {
  const std::vector<client::ProducerState> producers{producer(1, Offset{0}, 998'999),
                                                     producer(2, Offset{0}, 999'000),
                                                     producer(3, std::nullopt, 0)};
  EXPECT_EQ(ids_of(open_for_longer(kPartition, producers, kNow, kLimit)),
            (std::vector<std::int64_t>{1}));
}

class WithoutCoordinator : public ::testing::Test {
 protected:
  /// What hangs of one transaction that producer 1 has open in kPartition.
  std::vector<std::int64_t> hanging(const std::vector<client::TransactionListing>& known,
                                    const Described& described) {
    return ids_of(without_coordinator({{kPartition, producer(1, Offset{5}, 0)}}, known, described));
  }
  static Described with_partitions(std::vector<TopicPartition> partitions) {
    client::TransactionDescription description;
    description.partitions = std::move(partitions);
    return {{"mine", description}};
  }

  const std::vector<std::int64_t> hangs_{1};
  const std::vector<std::int64_t> nothing_;
  const std::vector<client::TransactionListing> listed_{
      {"mine", BrokerId{0}, ProducerId{1}, "Ongoing"}};
};

TEST_F(WithoutCoordinator, HangsWhenNoCoordinatorKnowsTheProducer) {
  EXPECT_EQ(hanging({}, {}), hangs_);
  EXPECT_EQ(
      hanging({{"mine", BrokerId{0}, ProducerId{2}, "Ongoing"}}, with_partitions({kPartition})),
      hangs_);
}

TEST_F(WithoutCoordinator, HangsWhenTheIdIsForgottenBeforeItIsDescribed) {
  EXPECT_EQ(hanging(listed_, {}), hangs_);
}

TEST_F(WithoutCoordinator, HangsWhenTheTransactionOfItsCoordinatorLacksThePartition) {
  EXPECT_EQ(hanging(listed_, with_partitions({})), hangs_);
  EXPECT_EQ(hanging(listed_, with_partitions({kOther})), hangs_);
}

TEST_F(WithoutCoordinator, DoesNotHangWhileItsCoordinatorHasThePartition) {
  EXPECT_EQ(hanging(listed_, with_partitions({kOther, kPartition})), nothing_);
}

}  // namespace
}  // namespace millrace::cli
