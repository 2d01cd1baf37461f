#include "base/lifetime.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace millrace {
namespace {

TEST(Lifetime, AWatchOutlivesWhatItWatchesAndSaysThatItIsOver) {
  auto life = std::make_unique<Lifetime>();
  const Lifetime::Watch watch = life->watch();
  const Lifetime::Watch copy = watch;
  EXPECT_FALSE(watch.is_over());
  life.reset();
  EXPECT_TRUE(watch.is_over());
  EXPECT_TRUE(copy.is_over());
}

TEST(Lifetime, CanEndBeforeItsOwnerIsGone) {
  Lifetime life;
  const Lifetime::Watch watch = life.watch();
  life.end();
  EXPECT_TRUE(watch.is_over());
  EXPECT_TRUE(life.watch().is_over());
}

TEST(Lifetime, AGuardedCallbackRunsUntilTheEndAndNotAfter) {
  auto life = std::make_unique<Lifetime>();
  std::string seen;
  const std::function<void(const std::string&, int)> guarded =
      life->guard([&seen](const std::string& text, int count) {
        for (int i = 0; i < count; ++i) seen += text;
      });
  guarded("a", 2);
  life.reset();
  guarded("b", 2);
  EXPECT_EQ(seen, "aa");
}

TEST(Lifetime, AGuardedCallbackMayEndItsOwnLifetime) {
  auto life = std::make_unique<Lifetime>();
  int runs = 0;
  const std::function<void()> guarded = life->guard([&] {
    ++runs;
    life.reset();
  });
  guarded();
  guarded();
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace millrace
