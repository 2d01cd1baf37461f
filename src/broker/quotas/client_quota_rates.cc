#include "broker/quotas/client_quota_rates.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace millrace::broker {

namespace {

/// Above that many, who owes nothing is forgotten: client ids are what strangers make up.
constexpr std::size_t kBucketsMax = 10'000;

std::string_view rate_key(QuotaKind kind) {
  return kind == QuotaKind::kProduce ? "producer_byte_rate" : "consumer_byte_rate";
}

}  // namespace

std::optional<QuotaMatch> matching_quota(const ClientQuotas& quotas, QuotaKind kind,
                                         std::string_view user, std::string_view client_id) {
  if (quotas.empty()) return std::nullopt;
  const std::optional<std::string> this_user{std::string(user)};
  const std::optional<std::string> this_client{std::string(client_id)};
  const std::string u(kQuotaUser);
  const std::string c(kQuotaClientId);
  const std::array candidates{
      QuotaEntity{{u, this_user}, {c, this_client}},
      QuotaEntity{{u, this_user}, {c, std::nullopt}},
      QuotaEntity{{u, this_user}},
      QuotaEntity{{u, std::nullopt}, {c, this_client}},
      QuotaEntity{{u, std::nullopt}, {c, std::nullopt}},
      QuotaEntity{{u, std::nullopt}},
      QuotaEntity{{c, this_client}},
      QuotaEntity{{c, std::nullopt}},
  };
  for (const QuotaEntity& entity : candidates) {
    const auto found = quotas.find(entity);
    if (found == quotas.end()) continue;
    const auto value = found->second.find(rate_key(kind));
    if (value == found->second.end()) continue;
    return QuotaMatch{entity.contains(kQuotaUser) ? *this_user : "",
                      entity.contains(kQuotaClientId) ? *this_client : "", value->second};
  }
  return std::nullopt;
}

Millis ClientQuotaRates::take(const ClientQuotas& quotas, QuotaKind kind, std::string_view user,
                              std::string_view client_id, std::size_t bytes, MonotonicTime now) {
  auto match = matching_quota(quotas, kind, user, client_id);
  if (!match) return Millis{0};
  const QuotaLimit limit{match->per_second, burst_seconds_};
  return buckets_.with([&](Buckets& buckets) {
    Key key{kind, std::move(match->user), std::move(match->client_id)};
    auto found = buckets.find(key);
    if (found == buckets.end()) {
      if (buckets.size() >= kBucketsMax) forget_idle(buckets, now);
      found = buckets.emplace(std::move(key), TokenBucket(limit, now)).first;
    }
    TokenBucket& bucket = found->second;
    if (!(bucket.limit() == limit)) bucket.set_limit(limit, now);
    return bucket.take(static_cast<double>(bytes), now);
  });
}

std::optional<std::size_t> ClientQuotaRates::largest(const ClientQuotas& quotas, QuotaKind kind,
                                                     std::string_view user,
                                                     std::string_view client_id) const {
  const auto match = matching_quota(quotas, kind, user, client_id);
  if (!match) return std::nullopt;
  const double most = match->per_second * burst_seconds_;
  if (most >= static_cast<double>(std::numeric_limits<std::int32_t>::max())) return std::nullopt;
  return static_cast<std::size_t>(std::max(most, 1.0));
}

void ClientQuotaRates::forget_idle(Buckets& buckets, MonotonicTime now) {
  for (auto each = buckets.begin(); each != buckets.end();)
    each = each->second.is_full(now) ? buckets.erase(each) : std::next(each);
}

}  // namespace millrace::broker
