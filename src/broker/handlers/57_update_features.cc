// UpdateFeatures, versions 0–2.
//   Sets the levels of features: of all that are named, or of none.
//   validate_only answers as if set, and sets nothing.
// Version notes: before v1 a downgrade is allowed by a flag; before v2 each feature has an outcome,
// from then on there is one for all.
#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/error_codes.h"
#include "wire/error_text.h"
#include "wire/messages/update_features.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kFirstVersionWithUpgradeType = 1;
constexpr std::int16_t kFirstVersionWithOneOutcome = 2;

Result<MetadataImage::Records> plan_features(const wire::UpdateFeaturesRequest& request,
                                             std::int16_t api_version, const MetadataImage& image,
                                             const BrokerConfig& config) {
  MetadataImage::Records records;
  std::set<std::string_view> names;
  for (const auto& update : request.feature_updates) {
    if (!names.insert(update.feature).second)
      return wire::make_error(wire::KafkaError::kInvalidRequest,
                              fmt::format("{} is named more than once", update.feature));
    const auto downgrade = static_cast<std::int8_t>(FeatureUpgrade::kSafeDowngrade);
    const std::int8_t how = api_version >= kFirstVersionWithUpgradeType ? update.upgrade_type
                            : update.allow_downgrade                    ? downgrade
                                                                        : std::int8_t{1};
    const std::int16_t current = feature_level(image.settings().features, config, update.feature);
    auto status = check_feature_update(update.feature, current, update.max_version_level, how);
    if (!status.ok()) return std::move(status).error();
    if (update.max_version_level != current)
      records.emplace_back(wire::FeatureLevelRecord{update.feature, update.max_version_level});
  }
  return records;
}

}  // namespace

wire::UpdateFeaturesResponse handle_update_features(wire::UpdateFeaturesRequest request,
                                                    const RequestContext& context,
                                                    BrokerState& state) {
  using enum SettingsCatalogue::Really;
  const Status status = state.settings.change(
      [&](const MetadataImage& image) {
        return plan_features(request, context.api_version, image, state.config);
      },
      request.validate_only ? kOnlyCheck : kChange);

  wire::UpdateFeaturesResponse response;
  response.error_message.reset();
  if (!status.ok()) {
    response.error_code = code_of(wire::kafka_error_of(status.error()));
    response.error_message = wire::bare_text(status.error());
    return response;
  }
  if (context.api_version >= kFirstVersionWithOneOutcome) return response;
  for (auto& update : request.feature_updates)
    response.results.push_back({std::move(update.feature), 0, std::nullopt});
  return response;
}

}  // namespace millrace::broker
