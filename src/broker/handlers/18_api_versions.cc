// ApiVersions, versions 0–4.
//   Lists what has a handler. The response's header is always the oldest, so that any client can
//   read it; a version that we do not know is answered in version 0 (KIP-511).
//   Names of client software that could not be a metric's tag are refused.
//   Features that change what clients do are named with their levels; one of level 0 is not in use.
// Version notes: v3 is flexible and carries features. Before v4 a supported level of 0 may not be
// told: older clients refuse the answer (KAFKA-17011).
#include <algorithm>
#include <string_view>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/messages/api_versions.h"

namespace millrace::broker {

namespace {

using wire::ApiVersionsResponse;
using wire::KafkaError;

constexpr std::int16_t kFirstVersionWithSoftware = 3;

constexpr std::int16_t kFirstVersionWithLevelZero = 4;

/// KIP-584: what is there, and what clients may rely on.
void list_features(ApiVersionsResponse& response, const SettingsInForce& settings,
                   std::int16_t api_version) {
  for (const Feature& feature : supported_features()) {
    const std::string name(feature.name);
    const std::int16_t level = feature_level(settings.set.features, settings.config, feature.name);
    if (feature.min > 0 || api_version >= kFirstVersionWithLevelZero)
      response.supported_features.push_back({name, feature.min, feature.max});
    if (level > 0) response.finalized_features.push_back({name, level, level});
  }
  response.finalized_features_epoch = settings.set.features_epoch;
}

ApiVersionsResponse list_apis(const HandlerTable& handlers) {
  ApiVersionsResponse response;
  for (const auto& [key, entry] : handlers.entries())
    response.api_keys.push_back(
        {static_cast<std::int16_t>(key), entry.advertised.min, entry.advertised.max});
  response.finalized_features_epoch = 0;
  return response;
}

bool is_alphanumeric(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

/// Letters and digits, with '-' and '.' inside.
bool is_software_name(std::string_view name) {
  return !name.empty() && is_alphanumeric(name.front()) && is_alphanumeric(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return is_alphanumeric(letter) || letter == '-' || letter == '.';
         });
}

}  // namespace

ApiVersionsResponse handle_api_versions(wire::ApiVersionsRequest request,
                                        const RequestContext& context, BrokerState& state) {
  const bool is_valid = context.api_version < kFirstVersionWithSoftware ||
                        (is_software_name(request.client_software_name) &&
                         is_software_name(request.client_software_version));
  if (!is_valid) {
    ApiVersionsResponse response;
    response.error_code = code_of(KafkaError::kInvalidRequest);
    return response;
  }
  if (context.api_version >= kFirstVersionWithSoftware) {
    context.connection->software_name = std::move(request.client_software_name);
    context.connection->software_version = std::move(request.client_software_version);
  }
  auto response = list_apis(*state.handlers);
  list_features(response, *state.settings.settings(), context.api_version);
  return response;
}

Delivery unsupported_api_versions(std::int32_t correlation_id, const HandlerTable& handlers) {
  ApiVersionsResponse response = list_apis(handlers);
  response.error_code = code_of(KafkaError::kUnsupportedVersion);
  auto encoded = wire::encode_response(ApiVersionsResponse::kApiKey, 0, correlation_id, response);
  if (!encoded.ok()) return CloseConnection{encoded.error().to_string()};
  return reply_bytes(std::move(encoded).value(), {});
}

}  // namespace millrace::broker
