// The table of all handlers, as a whole.
#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"

namespace millrace::broker {
namespace {

class AllHandlers : public CoreFixture {};

TEST_F(AllHandlers, EveryApiButApiVersionsNamesWhatItAsks) {
  for (const auto& [key, entry] : core_->handlers().entries())
    EXPECT_EQ(entry.asks.empty(), key == wire::ApiKey::kApiVersions) << wire::api_key_name(key);
}

}  // namespace
}  // namespace millrace::broker
