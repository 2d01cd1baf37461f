#include "broker/session/request_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/handlers/handlers.h"

namespace millrace::broker {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RequestCounters, CountEachApiAndVersionApart) {
  MetricsRegistry registry;
  const RequestCounters counters(make_handler_table(), registry);

  counters.count(wire::ApiKey::kFetch, 12);
  counters.count(wire::ApiKey::kFetch, 12);
  counters.count(wire::ApiKey::kMetadata, 0);

  EXPECT_THAT(registry.to_text(),
              AllOf(HasSubstr("millrace_requests_total{api=\"Fetch\",version=\"12\"} 2"),
                    HasSubstr("millrace_requests_total{api=\"Fetch\",version=\"11\"} 0"),
                    HasSubstr("millrace_requests_total{api=\"Metadata\",version=\"0\"} 1")));
}

TEST(RequestCounters, LeaveOutWhatIsNotServed) {
  MetricsRegistry registry;
  const RequestCounters counters(make_handler_table(), registry);

  counters.count(wire::ApiKey::kFetch, 99);
  counters.count(wire::ApiKey::kFetch, -1);
  counters.count(static_cast<wire::ApiKey>(999), 0);

  EXPECT_THAT(registry.to_text(), Not(HasSubstr("} 1")));
}

}  // namespace
}  // namespace millrace::broker
