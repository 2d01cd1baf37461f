#include "tests/simulation/transaction_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::simulation {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using enum TransactionFate;

const TopicPartition kFirst{"t", PartitionId{0}};
const TopicPartition kSecond{"t", PartitionId{1}};
using Visible = std::map<TopicPartition, TransactionLedger::Log>;

/// Producer 1's transaction 0 with two records, which ended so.
TransactionLedger ledger_of(TransactionFate fate) {
  TransactionLedger ledger;
  ledger.begun(1, 0);
  ledger.sent({1, 0, 0});
  ledger.sent({1, 0, 1});
  ledger.ended(1, 0, fate);
  return ledger;
}

const Visible kNothing{};
const Visible kAll{{kFirst, {{Offset{0}, "1:0:0"}}}, {kSecond, {{Offset{5}, "1:0:1"}}}};
const Visible kHalf{{kFirst, {{Offset{0}, "1:0:0"}}}};

TEST(TransactionRecord, SaysWhichItIs) {
  const TransactionRecord record{3, 14, 15};
  EXPECT_EQ(record.value(), "3:14:15");
  EXPECT_EQ(TransactionRecord::parse("3:14:15"), record);
  for (const char* const other : {"", "3:14", "3:14:x", "3:14:15:9", "a:1:2"})
    EXPECT_EQ(TransactionRecord::parse(other), std::nullopt) << other;
}

TEST(TransactionLedger, WantsAllOfWhatWasCommitted) {
  EXPECT_EQ(ledger_of(kCommitted).check(kAll), std::nullopt);
  EXPECT_THAT(ledger_of(kCommitted).check(kHalf), Optional(HasSubstr("1 of 2 records")));
  EXPECT_THAT(ledger_of(kCommitted).check(kNothing), Optional(HasSubstr("0 of 2 records")));
}

TEST(TransactionLedger, WantsNothingOfWhatWasNot) {
  EXPECT_EQ(ledger_of(kNotCommitted).check(kNothing), std::nullopt);
  EXPECT_THAT(ledger_of(kNotCommitted).check(kHalf), Optional(HasSubstr("was not committed")));
}

TEST(TransactionLedger, WantsAllOrNothingOfWhatNobodyKnows) {
  EXPECT_EQ(ledger_of(kUnknown).check(kAll), std::nullopt);
  EXPECT_EQ(ledger_of(kUnknown).check(kNothing), std::nullopt);
  EXPECT_THAT(ledger_of(kUnknown).check(kHalf), Optional(HasSubstr("nobody knows")));
}

TEST(TransactionLedger, RefusesStrangersRepetitionsAndDisorder) {
  auto ledger = ledger_of(kCommitted);
  Visible strange = kAll;
  strange[kFirst].push_back({Offset{1}, "9:9:9"});
  EXPECT_THAT(ledger.check(strange), Optional(HasSubstr("nobody sent")));
  Visible twice = kAll;
  twice[kFirst].push_back({Offset{1}, "1:0:0"});
  EXPECT_THAT(ledger.check(twice), Optional(HasSubstr("there twice")));
  ledger.begun(1, 1);
  ledger.sent({1, 1, 0});
  ledger.ended(1, 1, kCommitted);
  Visible disorder = kAll;
  disorder[kSecond].insert(disorder[kSecond].begin(), {Offset{4}, "1:1:0"});
  EXPECT_THAT(ledger.check(disorder), Optional(HasSubstr("comes after transaction 1")));
}

TEST(TransactionLedger, HoldsWhatWasReadAgainstWhatIsVisible) {
  EXPECT_EQ(TransactionLedger::check_read(kHalf, kAll), std::nullopt) << "not yet read";
  EXPECT_THAT(TransactionLedger::check_read(kAll, kHalf), Optional(HasSubstr("nothing")));
  const Visible skipped{{kFirst, {{Offset{1}, "1:1:0"}}}};
  EXPECT_THAT(TransactionLedger::check_read(skipped, kAll), Optional(HasSubstr("comes next")));
}

}  // namespace
}  // namespace millrace::simulation
