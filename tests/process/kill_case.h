// KillCase: what tests have in common that kill `millrace up` under the hands of its clients.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "base/random.h"
#include "client/properties.h"
#include "io/env.h"
#include "tests/process/broker_process.h"
#include "tests/process/let_pass.h"

namespace millrace::process {

inline constexpr int kPatienceMs = 60'000;

/// How many times to kill: what MILLRACE_KILLS says, or `usual`. For more rounds than a test run
/// has time for:
///   MILLRACE_KILLS=300 build/dev/tests/process/process_test --gtest_filter='TransactionKillTest.*'
int kill_count(int usual);

class KillCase : public ::testing::Test {
 protected:
  KillCase() { set_log_level(LogLevel::kOff); }
  ~KillCase() override { set_log_level(LogLevel::kWarn); }

  /// Of a client that tries again soon.
  client::Properties properties() const;

  void start_broker();

  /// Kills at a random moment of the work, or of the start before it, and starts the broker again.
  /// progress  counts up with the work; some of it is waited for, so that each round has something
  ///           to lose
  void kill_somewhen(Random& random, const std::function<std::int64_t()>& progress);

  /// What a thread that works has to say; the test fails by it.
  void note(const std::string& complaint);
  void expect_no_complaints();

  TemporaryDirectory directory_;
  std::unique_ptr<io::Env> env_ = io::make_system_env();
  BrokerProcess broker_{
      directory_.path() / "data",
      {"--fsync", "group", "--loops", "2", "--config", "log.cleaner.backoff.ms=20"}};
  std::atomic<bool> is_over_ = false;  // the workers come to an end
  std::atomic<bool> has_complaint_ = false;

 private:
  Guarded<std::vector<std::string>> complaints_;
};

}  // namespace millrace::process
