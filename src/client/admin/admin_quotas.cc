#include <utility>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/describe_client_quotas.h"

namespace millrace::client {
namespace {

QuotaEntity quota_entity(const std::vector<wire::QuotaEntityData>& data) {
  QuotaEntity entity;
  for (const auto& [type, name] : data) entity[type] = name;
  return entity;
}

/// "user alice, client-id <default>"
std::string quota_entity_text(const QuotaEntity& entity) {
  std::string text;
  for (const auto& [type, name] : entity)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", type, name.value_or("<default>"));
  return text;
}

}  // namespace

Result<std::map<QuotaEntity, QuotaValues>> Admin::describe_client_quotas(
    const QuotaFilter& filter) {
  wire::DescribeClientQuotasRequest request;
  request.strict = filter.is_strict;
  for (const auto& [type, component] : filter.components) {
    auto& wanted = request.components.emplace_back();
    wanted.entity_type = type;
    wanted.match_type = static_cast<std::int8_t>(component.match);
    wanted.match.reset();
    if (component.match == QuotaFilter::Match::kName) wanted.match = component.name;
  }
  auto answer = core().ask<wire::DescribeClientQuotasRequest, wire::DescribeClientQuotasResponse>(
      Target::any(), std::move(request));
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0)
    return admin_error(answer->error_code, "describe quotas", answer->error_message);
  std::map<QuotaEntity, QuotaValues> quotas;
  if (!answer->entries) return quotas;
  for (const auto& entry : *answer->entries) {
    QuotaValues& values = quotas[quota_entity(entry.entity)];
    for (const auto& [key, value] : entry.values) values[key] = value;
  }
  return quotas;
}

Result<Outcomes<QuotaEntity, void>> Admin::alter_client_quotas(
    const std::map<QuotaEntity, QuotaChanges>& changes, Validate validate) {
  wire::AlterClientQuotasRequest request;
  request.validate_only = validate == Validate::kOnly;
  for (const auto& [entity, of_entity] : changes) {
    auto& wanted = request.entries.emplace_back();
    for (const auto& [type, name] : entity) wanted.entity.push_back({type, name});
    for (const auto& [key, value] : of_entity)
      wanted.ops.push_back({key, value.value_or(0), !value.has_value()});
  }
  auto answer = core().ask<wire::AlterClientQuotasRequest, wire::AlterClientQuotasResponse>(
      Target::any(), std::move(request));
  if (!answer.ok()) return std::move(answer).error();
  Outcomes<QuotaEntity, void> outcomes;
  for (const auto& entry : answer->entries) {
    const QuotaEntity entity = quota_entity(entry.entity);
    outcomes.emplace(
        entity, admin_outcome(entry.error_code, "change quotas of " + quota_entity_text(entity),
                              entry.error_message));
  }
  return outcomes;
}

}  // namespace millrace::client
