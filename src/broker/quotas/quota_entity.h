// Whom quotas are for, and what they are. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/messages/quota_entity_data.h"

namespace millrace::broker {

inline constexpr std::string_view kQuotaUser = "user";
inline constexpr std::string_view kQuotaClientId = "client-id";
inline constexpr std::string_view kQuotaIp = "ip";

/// By type, the name; none stands for whom no other quota names.
using QuotaEntity = std::map<std::string, std::optional<std::string>, std::less<>>;
/// By key: "producer_byte_rate".
using QuotaValues = std::map<std::string, double, std::less<>>;
using ClientQuotas = std::map<QuotaEntity, QuotaValues>;

/// errors  INVALID_REQUEST: none, an unknown type, one twice, an empty name, an address beside
///         others
Result<QuotaEntity> quota_entity_of(std::span<const wire::QuotaEntityData> data);
/// errors  INVALID_REQUEST: a key that the entity does not have, or a value that is none
Status check_quota(const QuotaEntity& entity, std::string_view key, double value);

}  // namespace millrace::broker
