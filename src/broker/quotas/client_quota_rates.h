// ClientQuotaRates: how much clients produce and fetch, against what they may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/guarded.h"
#include "base/time.h"
#include "broker/quotas/quota_entity.h"
#include "broker/quotas/token_bucket.h"

namespace millrace::broker {

enum class QuotaKind : std::uint8_t { kProduce, kFetch };

/// Whose rate is counted, and against what.
struct QuotaMatch {
  std::string user;       // empty: those of the client id, whoever they are
  std::string client_id;  // empty: the user's, whatever they call themselves
  double per_second = 0;
};

/// The quota that holds for a client: the first there is of (user, client id), (user, other
/// clients), (user), (other users, client id), (other users, other clients), (other users), (client
/// id), (other clients). Nothing when none does.
std::optional<QuotaMatch> matching_quota(const ClientQuotas& quotas, QuotaKind kind,
                                         std::string_view user, std::string_view client_id);

/// thread  any
/// cost    without quotas a look at an empty map; else a lock and two look-ups
class ClientQuotaRates {
 public:
  /// Whoever is named in `quotas` is counted from now on.
  /// burst_seconds  how long somebody may save up what he does not use
  explicit ClientQuotaRates(double burst_seconds = 10) : burst_seconds_(burst_seconds) {}

  /// Counts what a client has sent or was given; how long it has to be still now.
  Millis take(const ClientQuotas& quotas, QuotaKind kind, std::string_view user,
              std::string_view client_id, std::size_t bytes, MonotonicTime now);
  /// How long it has to be still for what was counted before.
  Millis debt(const ClientQuotas& quotas, QuotaKind kind, std::string_view user,
              std::string_view client_id, MonotonicTime now) {
    return take(quotas, kind, user, client_id, 0, now);
  }
  /// The most that it may be given at once; more could never be made up for in the burst's time.
  std::optional<std::size_t> largest(const ClientQuotas& quotas, QuotaKind kind,
                                     std::string_view user, std::string_view client_id) const;

  /// For tests.
  std::size_t bucket_count() const {
    return buckets_.with([](const auto& buckets) { return buckets.size(); });
  }

 private:
  using Key = std::tuple<QuotaKind, std::string, std::string>;
  using Buckets = std::map<Key, TokenBucket>;

  static void forget_idle(Buckets& buckets, MonotonicTime now);

  const double burst_seconds_;
  Guarded<Buckets> buckets_;
};

}  // namespace millrace::broker
