#include "broker/quotas/quota_entity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

Error invalid_quota(std::string text) {
  return wire::make_error(wire::KafkaError::kInvalidRequest, std::move(text));
}

struct QuotaKey {
  std::string_view name;
  bool is_of_addresses = false;
  bool is_integer = false;
  double max = std::numeric_limits<double>::max();
};

/// source  org.apache.kafka.server.config.QuotaConfig
constexpr std::array kQuotaKeys{
    QuotaKey{"producer_byte_rate", false, true, 9.2e18},
    QuotaKey{"consumer_byte_rate", false, true, 9.2e18},
    QuotaKey{"request_percentage"},
    QuotaKey{"controller_mutation_rate"},
    QuotaKey{"connection_creation_rate", true, true, std::numeric_limits<int>::max()},
};

/// What an address is written with; no name is looked up for it.
bool is_address(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
}

}  // namespace

Result<QuotaEntity> quota_entity_of(std::span<const wire::QuotaEntityData> data) {
  QuotaEntity entity;
  for (const auto& [type, name] : data) {
    if (type != kQuotaUser && type != kQuotaClientId && type != kQuotaIp)
      return invalid_quota(fmt::format("entity type: wanted {}, {} or {}, found '{}'", kQuotaUser,
                                       kQuotaClientId, kQuotaIp, type));
    if (name.has_value() && name->empty())
      return invalid_quota(
          fmt::format("{}: wanted a name, or null for the default, found ''", type));
    if (!entity.emplace(type, name).second)
      return invalid_quota(fmt::format("the entity has {} twice", type));
  }
  if (entity.empty()) return invalid_quota("the entity is empty");
  const auto ip = entity.find(kQuotaIp);
  if (ip == entity.end()) return entity;
  if (entity.size() > 1) return invalid_quota("an ip stands alone, found it beside others");
  if (ip->second.has_value() && !is_address(*ip->second))
    return invalid_quota(fmt::format("ip: wanted an address, found '{}'", *ip->second));
  return entity;
}

Status check_quota(const QuotaEntity& entity, std::string_view key, double value) {
  const bool is_of_addresses = entity.contains(kQuotaIp);
  const auto* const known =
      std::find_if(kQuotaKeys.begin(), kQuotaKeys.end(), [&](const QuotaKey& each) {
        return each.name == key && each.is_of_addresses == is_of_addresses;
      });
  if (known == kQuotaKeys.end())
    return invalid_quota(fmt::format("there is no quota '{}' of {}", key,
                                     is_of_addresses ? "addresses" : "users and client ids"));
  // Also what is no number is not above 0.
  if (!(value > 0) || value > known->max)
    return invalid_quota(
        fmt::format("{}: wanted a number above 0{}, found {}", key,
                    known->is_integer ? fmt::format(" up to {:.0f}", known->max) : "", value));
  if (known->is_integer && std::fmod(value, 1.0) > 1e-6)
    return invalid_quota(fmt::format("{}: wanted a whole number, found {}", key, value));
  return {};
}

}  // namespace millrace::broker
