#include "base/probe.h"

#include <gtest/gtest.h>

#include "base/fault_point.h"

namespace millrace {
namespace {

const Probe* find_probe(std::string_view name) {
  for (const Probe* const probe : Probe::all()) {
    if (probe->name() == name) return probe;
  }
  return nullptr;
}

void reach(bool rarely) {
  if (rarely) PROBE("probe test: the rare path");
}

TEST(Probe, IsKnownBeforeItIsReachedAndCountsWhenItIs) {
  const Probe* const probe = find_probe("probe test: the rare path");
  ASSERT_NE(probe, nullptr);
  EXPECT_EQ(probe->hits(), 0U);

  reach(false);
  EXPECT_EQ(probe->hits(), 0U);
  reach(true);
  reach(true);
  EXPECT_EQ(probe->hits(), 2U);
}

class Always final : public FaultSource {
 public:
  bool strikes(std::string_view point) override { return point == "wanted"; }
};

TEST(FaultPoint, StrikesOnlyWhileASourceIsInstalledThatWantsIt) {
  EXPECT_FALSE(FAULT_POINT("wanted"));
  Always source;
  FaultSource::install(&source);
  EXPECT_TRUE(FAULT_POINT("wanted"));
  EXPECT_FALSE(FAULT_POINT("other"));
  FaultSource::install(nullptr);
  EXPECT_FALSE(FAULT_POINT("wanted"));
}

TEST(FaultPoint, IsKnownBeforeItStrikesAndCountsWhenItDoes) {
  const Probe* const probe = find_probe("wanted");
  ASSERT_NE(probe, nullptr);
  EXPECT_EQ(probe->kind(), Probe::Kind::kFaultPoint);

  const std::uint64_t before = probe->hits();
  (void)FAULT_POINT("wanted");
  EXPECT_EQ(probe->hits(), before);
  Always source;
  FaultSource::install(&source);
  (void)FAULT_POINT("wanted");
  FaultSource::install(nullptr);
  EXPECT_EQ(probe->hits(), before + 1);
}

}  // namespace
}  // namespace millrace
