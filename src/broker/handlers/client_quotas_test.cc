// AlterClientQuotas and DescribeClientQuotas: what is kept, what the filter finds, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/handlers/throttling.h"
#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;
using wire::KafkaError;
using Change = wire::AlterClientQuotasRequest::EntryData;
using Component = wire::DescribeClientQuotasRequest::ComponentData;

constexpr std::int8_t kExact = 0;
constexpr std::int8_t kDefault = 1;
constexpr std::int8_t kAny = 2;

class ClientQuotaHandlers : public CoreFixture {
 protected:
  std::vector<KafkaError> alter(std::vector<Change> changes, bool validate_only = false) {
    wire::AlterClientQuotasRequest request{std::move(changes), validate_only};
    std::vector<KafkaError> errors;
    for (const auto& entry : call(&handle_alter_client_quotas, std::move(request), 1).entries)
      errors.push_back(static_cast<KafkaError>(entry.error_code));
    return errors;
  }
  /// "user=alice,client-id=<default>:producer_byte_rate=5" for each.
  std::vector<std::string> describe(std::vector<Component> components, bool strict = false) {
    const auto response = call(&handle_describe_client_quotas, {std::move(components), strict}, 1);
    error_ = static_cast<KafkaError>(response.error_code);
    EXPECT_EQ(response.entries.has_value(), response.error_code == 0);
    std::vector<std::string> found;
    for (const auto& entry :
         response.entries.value_or(std::vector<wire::DescribeClientQuotasResponse::EntryData>{})) {
      std::string& text = found.emplace_back();
      for (const auto& [type, name] : entry.entity)
        text += (text.empty() ? "" : ",") + type + "=" + name.value_or("<default>");
      for (const auto& [key, value] : entry.values) text += fmt::format(":{}={}", key, value);
    }
    return found;
  }

  KafkaError error_ = KafkaError::kNone;
};

const std::vector<KafkaError> kDone{KafkaError::kNone};
const std::vector<KafkaError> kRefused{KafkaError::kInvalidRequest};

TEST_F(ClientQuotaHandlers, KeepWhatIsSetAlsoOverARestart) {
  EXPECT_EQ(alter({{{{"user", "alice"}, {"client-id", std::nullopt}},
                    {{"producer_byte_rate", 5, false}, {"request_percentage", 1.5, false}}}}),
            kDone);
  EXPECT_EQ(alter({{{{"ip", "10.0.0.1"}}, {{"connection_creation_rate", 3, false}}}}), kDone);
  const auto all = UnorderedElementsAre(
      "client-id=<default>,user=alice:producer_byte_rate=5:request_percentage=1.5",
      "ip=10.0.0.1:connection_creation_rate=3");
  EXPECT_THAT(describe({}), all);

  restart_after_kill();

  EXPECT_THAT(describe({}), all);
  EXPECT_EQ(alter({{{{"user", "alice"}, {"client-id", std::nullopt}},
                    {{"producer_byte_rate", 0, true},
                     {"request_percentage", 0, true},
                     {"consumer_byte_rate", 0, true}}}}),
            kDone);
  EXPECT_THAT(describe({}), UnorderedElementsAre("ip=10.0.0.1:connection_creation_rate=3"));
}

TEST_F(ClientQuotaHandlers, FindByFilter) {
  const auto set = [&](std::vector<wire::QuotaEntityData> entity) {
    ASSERT_EQ(alter({{std::move(entity), {{"producer_byte_rate", 5, false}}}}), kDone);
  };
  set({{"user", "alice"}});
  set({{"user", std::nullopt}});
  set({{"user", "alice"}, {"client-id", "app"}});
  set({{"client-id", "app"}});
  const std::string rate = ":producer_byte_rate=5";
  const std::string alice = "user=alice" + rate;
  const std::string others = "user=<default>" + rate;
  const std::string both = "client-id=app,user=alice" + rate;
  const std::string app = "client-id=app" + rate;

  EXPECT_THAT(describe({}), UnorderedElementsAre(alice, others, both, app));
  EXPECT_THAT(describe({{"user", kExact, "alice"}}), UnorderedElementsAre(alice, both));
  EXPECT_THAT(describe({{"user", kExact, "alice"}}, true), UnorderedElementsAre(alice));
  EXPECT_THAT(describe({{"user", kDefault, std::nullopt}}), UnorderedElementsAre(others));
  EXPECT_THAT(describe({{"user", kAny, std::nullopt}}), UnorderedElementsAre(alice, others, both));
  EXPECT_THAT(describe({{"user", kAny, std::nullopt}, {"client-id", kExact, "app"}}),
              UnorderedElementsAre(both));
  EXPECT_THAT(describe({{"ip", kAny, std::nullopt}}), IsEmpty());
  EXPECT_EQ(error_, KafkaError::kNone);
}

TEST_F(ClientQuotaHandlers, RefuseFiltersThatMakeNoSense) {
  const std::vector<std::pair<std::vector<Component>, KafkaError>> cases{
      {{{"", kExact, "a"}}, KafkaError::kInvalidRequest},
      {{{"planet", kExact, "a"}}, KafkaError::kUnsupportedVersion},
      {{{"user", kExact, std::nullopt}}, KafkaError::kInvalidRequest},
      {{{"user", kDefault, "a"}}, KafkaError::kInvalidRequest},
      {{{"user", kAny, "a"}}, KafkaError::kInvalidRequest},
      {{{"user", 9, "a"}}, KafkaError::kInvalidRequest},
      {{{"user", kExact, "a"}, {"user", kAny, std::nullopt}}, KafkaError::kInvalidRequest},
      {{{"user", kExact, "a"}, {"ip", kAny, std::nullopt}}, KafkaError::kInvalidRequest},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_THAT(describe(cases[i].first), IsEmpty());
    EXPECT_EQ(error_, cases[i].second) << i;
  }
}

TEST_F(ClientQuotaHandlers, RefuseQuotasThatMakeNoSense) {
  const auto of_user = [](std::string key, double value) {
    return Change{{{"user", "alice"}}, {{std::move(key), value, false}}};
  };
  const std::vector<std::pair<std::string, Change>> cases{
      {"nobody", {{}, {{"producer_byte_rate", 5, false}}}},
      {"an unknown type", {{{"planet", "mars"}}, {{"producer_byte_rate", 5, false}}}},
      {"an empty name", {{{"user", ""}}, {{"producer_byte_rate", 5, false}}}},
      {"a type twice", {{{"user", "a"}, {"user", "b"}}, {{"producer_byte_rate", 5, false}}}},
      {"an address beside a user",
       {{{"user", "a"}, {"ip", "10.0.0.1"}}, {{"connection_creation_rate", 5, false}}}},
      {"no address", {{{"ip", "not an address"}}, {{"connection_creation_rate", 5, false}}}},
      {"an unknown key", of_user("speed", 5)},
      {"a key of addresses", of_user("connection_creation_rate", 5)},
      {"zero", of_user("producer_byte_rate", 0)},
      {"below zero", of_user("producer_byte_rate", -1)},
      {"no number", of_user("producer_byte_rate", std::numeric_limits<double>::quiet_NaN())},
      {"infinity", of_user("producer_byte_rate", std::numeric_limits<double>::infinity())},
      {"a fraction of a byte", of_user("producer_byte_rate", 1.5)},
      {"a key twice",
       {{{"user", "alice"}}, {{"producer_byte_rate", 5, false}, {"producer_byte_rate", 6, false}}}},
  };
  for (const auto& [what, change] : cases) EXPECT_EQ(alter({change}), kRefused) << what;
  const Change fine = of_user("producer_byte_rate", 5);
  EXPECT_EQ(alter({fine, fine}), (std::vector{kRefused[0], kRefused[0]}));
  EXPECT_EQ(alter({fine}, true), kDone);
  EXPECT_THAT(describe({}), IsEmpty());
}

TEST_F(ClientQuotaHandlers, HoldUpTheNextFetchOfWhoOwesSomething) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({std::string(2'000, 'a')})).ok());
  ASSERT_EQ(alter({{{{"user", "ANONYMOUS"}}, {{"consumer_byte_rate", 100, false}}}}), kDone);
  wire::FetchRequest request;
  request.max_wait_ms = 0;
  auto& wanted = request.topics.emplace_back();
  wanted.topic = "orders";
  wanted.partitions.emplace_back().partition_max_bytes = 1 << 20;

  const auto first = call(&handle_throttled_fetch, request, 12);
  const auto second = call(&handle_throttled_fetch, request, 12);

  ASSERT_TRUE(first->is_answered());
  const std::int32_t wait = first->response().throttle_time_ms;
  EXPECT_GT(wait, 10'000);
  EXPECT_FALSE(second->is_answered()) << "another connection of the same user";
  run_for(Millis{wait - 100});
  EXPECT_FALSE(second->is_answered());
  run_for(Millis{200});
  ASSERT_TRUE(second->is_answered());
  EXPECT_FALSE(second->files().empty());
}

}  // namespace
}  // namespace millrace::broker
