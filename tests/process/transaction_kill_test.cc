// SIGKILL under a mixed load, idempotent, transactional and compacted: what was committed is read
// once and whole, what was not is never read, and nothing of a transaction hangs.
#include <gtest/gtest.h>

#include "tests/process/kill_case.h"
#include "tests/process/mixed_load.h"

namespace millrace::process {
namespace {

constexpr int kUsualKills = 30;
constexpr std::uint64_t kSeed = 20'170'628;

class TransactionKillTest : public KillCase {
 protected:
  void expect_that_all_holds() {
    for (const std::string& each : load_->check()) ADD_FAILURE() << each;
  }

  std::unique_ptr<MixedLoad> load_;
};

TEST_F(TransactionKillTest, KillsLoseNothingCommittedAndShowNothingElse) {
  const int kills = kill_count(kUsualKills);
  ASSERT_NO_FATAL_FAILURE(start_broker());
  load_ = std::make_unique<MixedLoad>(*env_, properties(), kSeed);
  const Status made = load_->create_topics(1);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  load_->start();

  Random random(kSeed);
  for (int kill = 1; kill <= kills && !load_->has_complaint() && !HasFailure(); ++kill) {
    SCOPED_TRACE(::testing::Message() << "kill " << kill);
    kill_somewhen(random, [this] {
      if (load_->has_complaint()) note("the load cannot go on");
      return load_->committed();
    });
  }
  if (broker_.pid() < 0) start_broker();
  load_->end();
  ASSERT_FALSE(HasFailure());

  EXPECT_GE(load_->committed(), kills / 2);
  expect_that_all_holds();
  EXPECT_TRUE(load_->was_compacted());
  EXPECT_EQ(broker_.stop(), 0);
  ASSERT_NO_FATAL_FAILURE(start_broker());
  expect_that_all_holds();
}

}  // namespace
}  // namespace millrace::process
