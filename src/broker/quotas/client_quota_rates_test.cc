#include "broker/quotas/client_quota_rates.h"

#include <gtest/gtest.h>

#include <chrono>

namespace millrace::broker {
namespace {

using namespace std::chrono_literals;
using enum QuotaKind;

const MonotonicTime kNow{1h};

QuotaEntity entity(std::optional<std::optional<std::string>> user,
                   std::optional<std::optional<std::string>> client_id) {
  QuotaEntity entity;
  if (user) entity["user"] = *user;
  if (client_id) entity["client-id"] = *client_id;
  return entity;
}
const std::optional<std::string> kOthers;

TEST(ClientQuotas, TheMostParticularOneHolds) {
  ClientQuotas quotas{{entity("alice", "app"), {{"producer_byte_rate", 1}}},
                      {entity("alice", kOthers), {{"producer_byte_rate", 2}}},
                      {entity("alice", std::nullopt), {{"producer_byte_rate", 3}}},
                      {entity(kOthers, "app"), {{"producer_byte_rate", 4}}},
                      {entity(kOthers, kOthers), {{"producer_byte_rate", 5}}},
                      {entity(kOthers, std::nullopt), {{"producer_byte_rate", 6}}},
                      {entity(std::nullopt, "app"), {{"producer_byte_rate", 7}}},
                      {entity(std::nullopt, kOthers), {{"producer_byte_rate", 8}}}};
  struct Case {
    double rate;
    QuotaEntity entity;
    std::string user, client_id;             // who asks
    std::string shared_user, shared_client;  // whose rate that is
  };
  // Each is found once those before it are gone.
  const std::vector<Case> cases{
      {1, entity("alice", "app"), "alice", "app", "alice", "app"},
      {2, entity("alice", kOthers), "alice", "app", "alice", "app"},
      {3, entity("alice", std::nullopt), "alice", "app", "alice", ""},
      {4, entity(kOthers, "app"), "alice", "app", "alice", "app"},
      {5, entity(kOthers, kOthers), "alice", "app", "alice", "app"},
      {6, entity(kOthers, std::nullopt), "alice", "app", "alice", ""},
      {7, entity(std::nullopt, "app"), "alice", "app", "", "app"},
      {8, entity(std::nullopt, kOthers), "alice", "app", "", "app"},
  };
  for (const Case& each : cases) {
    const auto match = matching_quota(quotas, kProduce, each.user, each.client_id);
    ASSERT_TRUE(match.has_value()) << each.rate;
    EXPECT_EQ(match->per_second, each.rate);
    EXPECT_EQ(match->user, each.shared_user) << each.rate;
    EXPECT_EQ(match->client_id, each.shared_client) << each.rate;
    EXPECT_FALSE(matching_quota(quotas, kFetch, each.user, each.client_id).has_value());
    quotas.erase(each.entity);
  }
  EXPECT_FALSE(matching_quota(quotas, kProduce, "alice", "app").has_value());
}

TEST(ClientQuotas, OfAClientIdAreSharedByAllThatHaveIt) {
  const ClientQuotas quotas{{entity(std::nullopt, "app"), {{"producer_byte_rate", 100}}}};
  ClientQuotaRates rates;
  EXPECT_EQ(rates.take(quotas, kProduce, "alice", "app", 1'000, kNow), 0ms);
  EXPECT_EQ(rates.take(quotas, kProduce, "bob", "app", 100, kNow), 1'000ms);
  EXPECT_EQ(rates.take(quotas, kProduce, "bob", "other", 1'000'000, kNow), 0ms);
  EXPECT_EQ(rates.take(quotas, kFetch, "bob", "app", 1'000'000, kNow), 0ms);
}

TEST(ClientQuotas, OfOthersAreEachOnesOwn) {
  const ClientQuotas quotas{{entity(std::nullopt, kOthers), {{"consumer_byte_rate", 100}}}};
  ClientQuotaRates rates;
  EXPECT_EQ(rates.take(quotas, kFetch, "u", "a", 1'100, kNow), 1'000ms);
  EXPECT_EQ(rates.take(quotas, kFetch, "u", "b", 1'000, kNow), 0ms);
  EXPECT_EQ(rates.debt(quotas, kFetch, "u", "a", kNow + 1s), 0ms);
  EXPECT_EQ(rates.largest(quotas, kFetch, "u", "a"), 1'000U);
  EXPECT_EQ(rates.largest(quotas, kProduce, "u", "a"), std::nullopt);
}

TEST(ClientQuotas, ThatAreRaisedHoldAtOnce) {
  ClientQuotaRates rates;
  const QuotaEntity app = entity(std::nullopt, "app");
  EXPECT_EQ(rates.take({{app, {{"producer_byte_rate", 100}}}}, kProduce, "u", "app", 2'000, kNow),
            10'000ms);
  EXPECT_EQ(rates.debt({{app, {{"producer_byte_rate", 1'000}}}}, kProduce, "u", "app", kNow),
            1'000ms);
}

TEST(ClientQuotas, ForgetThoseWhoOweNothing) {
  const ClientQuotas quotas{{entity(std::nullopt, kOthers), {{"producer_byte_rate", 100}}}};
  ClientQuotaRates rates;
  for (int i = 0; i < 25'000; ++i)
    (void)rates.take(quotas, kProduce, "u", std::to_string(i), 1, kNow + Millis{i});
  EXPECT_LE(rates.bucket_count(), 10'001U);
}

}  // namespace
}  // namespace millrace::broker
