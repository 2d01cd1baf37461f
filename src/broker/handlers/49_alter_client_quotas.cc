// AlterClientQuotas, versions 0–1.
//   Sets and removes quotas of an entity: all that is wanted of it, or nothing. Removing what is
//   not set is fine.
//   Each entity has its own outcome; one that is named twice is refused.
//   validate_only answers as if changed, and changes nothing.
// Version notes: v1 is flexible.
#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/error_codes.h"
#include "wire/error_text.h"
#include "wire/messages/alter_client_quotas.h"

namespace millrace::broker {

namespace {

using QuotaChange = wire::AlterClientQuotasRequest::EntryData;

Result<QuotaValues> changed_quotas(const QuotaEntity& entity, QuotaValues values,
                                   const QuotaChange& change) {
  std::set<std::string_view> keys;
  for (const auto& op : change.ops) {
    if (!keys.insert(op.key).second)
      return wire::make_error(wire::KafkaError::kInvalidRequest,
                              fmt::format("{} is named more than once", op.key));
    if (op.remove) {
      values.erase(op.key);
      continue;
    }
    if (auto status = check_quota(entity, op.key, op.value); !status.ok())
      return std::move(status).error();
    values[op.key] = op.value;
  }
  return values;
}

Status alter_quotas(const QuotaEntity& entity, const QuotaChange& change, bool validate_only,
                    BrokerState& state) {
  using enum SettingsCatalogue::Really;
  return state.settings.change(
      [&](const MetadataImage& image) -> Result<MetadataImage::Records> {
        const auto& all = image.settings().quotas;
        const auto found = all.find(entity);
        const QuotaValues current = found == all.end() ? QuotaValues{} : found->second;
        const auto changed = changed_quotas(entity, current, change);
        if (!changed.ok()) return changed.error();
        return MetadataImage::change_quotas(entity, current, *changed);
      },
      validate_only ? kOnlyCheck : kChange);
}

}  // namespace

wire::AlterClientQuotasResponse handle_alter_client_quotas(wire::AlterClientQuotasRequest request,
                                                           const RequestContext&,
                                                           BrokerState& state) {
  std::map<QuotaEntity, int> mentions;
  for (const auto& change : request.entries) {
    if (const auto entity = quota_entity_of(change.entity); entity.ok()) ++mentions[*entity];
  }
  wire::AlterClientQuotasResponse response;
  for (auto& change : request.entries) {
    const auto entity = quota_entity_of(change.entity);
    Status status = !entity.ok() ? Status(entity.error())
                    : mentions[*entity] > 1
                        ? wire::make_error(wire::KafkaError::kInvalidRequest,
                                           "the request names this entity more than once")
                        : alter_quotas(*entity, change, request.validate_only, state);
    auto& answer = response.entries.emplace_back();
    answer.entity = std::move(change.entity);
    answer.error_message.reset();
    if (status.ok()) continue;
    answer.error_code = code_of(wire::kafka_error_of(status.error()));
    answer.error_message = wire::bare_text(status.error());
  }
  return response;
}

}  // namespace millrace::broker
