#include <utility>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "wire/messages/update_features.h"

namespace millrace::client {

Result<void> Admin::update_features(const std::map<std::string, FeatureUpdate>& updates,
                                    Validate validate) {
  using Response = wire::UpdateFeaturesResponse;
  wire::UpdateFeaturesRequest request;
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  request.validate_only = validate == Validate::kOnly;
  for (const auto& [name, update] : updates)
    request.feature_updates.push_back({.feature = name,
                                       .max_version_level = update.level,
                                       .upgrade_type = static_cast<std::int8_t>(update.kind)});
  auto answer = core().ask<wire::UpdateFeaturesRequest, Response>(
      Target::controller(), std::move(request), [](const Response& each) {
        const auto code = static_cast<wire::KafkaError>(each.error_code);
        return wire::error_class(code) == wire::ErrorClass::kFindController
                   ? code
                   : wire::KafkaError::kNone;
      });
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0)
    return admin_error(answer->error_code, "update features", answer->error_message);
  for (const auto& each : answer->results) {
    if (each.error_code != 0)
      return admin_error(each.error_code, "update feature " + each.feature, each.error_message);
  }
  return {};
}

}  // namespace millrace::client
