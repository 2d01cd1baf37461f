#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace millrace::simulation {
namespace {

class Simulation : public ::testing::Test {
 protected:
  Simulation() { set_log_level(LogLevel::kOff); }
  ~Simulation() override { set_log_level(LogLevel::kWarn); }
};

TEST_F(Simulation, OfOneSeedIsTheSameRunAgain) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Outcome first = simulate(seed);
    const Outcome second = simulate(seed);
    EXPECT_EQ(first.fingerprint, second.fingerprint) << "seed " << seed;
    EXPECT_EQ(first.history, second.history) << "seed " << seed;
    EXPECT_EQ(first.acknowledged, second.acknowledged) << "seed " << seed;
  }
}

TEST_F(Simulation, OfAQuietWorldAcknowledgesAndCountsEverything) {
  Scenario quiet;
  quiet.partitions = 3;
  quiet.producers = 2;
  quiet.consumers = 2;
  quiet.stream_threads = 1;
  quiet.duration = Millis{20'000};
  const Outcome outcome = simulate(7, quiet);

  EXPECT_EQ(outcome.violation, std::nullopt) << outcome.history;
  EXPECT_GT(outcome.acknowledged, 1000U);
}

}  // namespace
}  // namespace millrace::simulation
