// DescribeClientQuotas, versions 0–1.
//   Says the quotas of the entities that meet every component of the filter; strict leaves out
//   those that have further components. No component means all.
// Version notes: v1 is flexible.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/error_codes.h"
#include "wire/error_text.h"
#include "wire/messages/describe_client_quotas.h"

namespace millrace::broker {

namespace {

using QuotaComponent = wire::DescribeClientQuotasRequest::ComponentData;

/// Numbers as on the wire.
enum class QuotaMatchType : std::int8_t { kExact = 0, kDefault = 1, kAny = 2 };

/// By type: the name that is wanted, none for the default, or whatever there is.
struct QuotaFilter {
  QuotaEntity names;
  std::map<std::string, bool, std::less<>> any;

  bool takes(const QuotaEntity& entity, bool is_strict) const {
    if (is_strict && entity.size() != names.size() + any.size()) return false;
    for (const auto& [type, name] : names) {
      const auto found = entity.find(type);
      if (found == entity.end() || found->second != name) return false;
    }
    for (const auto& [type, wanted] : any) {
      if (!entity.contains(type)) return false;
    }
    return true;
  }
};

Error invalid_filter(std::string text) {
  return wire::make_error(wire::KafkaError::kInvalidRequest, std::move(text));
}

Result<QuotaFilter> filter_of(const std::vector<QuotaComponent>& components) {
  QuotaFilter filter;
  for (const auto& [type, match_type, name] : components) {
    if (type.empty()) return invalid_filter("a component has no entity type");
    if (filter.names.contains(type) || filter.any.contains(type))
      return invalid_filter(fmt::format("the filter has {} twice", type));
    if (type != kQuotaUser && type != kQuotaClientId && type != kQuotaIp)
      return wire::make_error(wire::KafkaError::kUnsupportedVersion,
                              fmt::format("there is no entity type '{}'", type));
    const auto how = static_cast<QuotaMatchType>(match_type);
    const bool wants_name = how == QuotaMatchType::kExact;
    if (how != QuotaMatchType::kExact && how != QuotaMatchType::kDefault &&
        how != QuotaMatchType::kAny)
      return invalid_filter(fmt::format("match type: wanted 0, 1 or 2, found {}", match_type));
    if (wants_name != name.has_value())
      return invalid_filter(fmt::format("{}: match type {} wants {} name", type, match_type,
                                        wants_name ? "a" : "no"));
    if (how == QuotaMatchType::kAny)
      filter.any[type] = true;
    else
      filter.names[type] = name;
  }
  const auto has = [&](std::string_view type) {
    return filter.names.contains(type) || filter.any.contains(type);
  };
  if (has(kQuotaIp) && (has(kQuotaUser) || has(kQuotaClientId)))
    return invalid_filter("an ip stands alone, found it beside others");
  return filter;
}

}  // namespace

wire::DescribeClientQuotasResponse handle_describe_client_quotas(
    wire::DescribeClientQuotasRequest request, const RequestContext&, BrokerState& state) {
  wire::DescribeClientQuotasResponse response;
  response.error_message.reset();
  const auto filter = filter_of(request.components);
  if (!filter.ok()) {
    response.error_code = code_of(wire::kafka_error_of(filter.error()));
    response.error_message = wire::bare_text(filter.error());
    response.entries.reset();
    return response;
  }
  const auto settings = state.settings.settings();
  for (const auto& [entity, values] : settings->set.quotas) {
    if (!filter->takes(entity, request.strict)) continue;
    auto& entry = response.entries->emplace_back();
    for (const auto& [type, name] : entity) entry.entity.push_back({type, name});
    for (const auto& [key, value] : values) entry.values.push_back({key, value});
  }
  return response;
}

}  // namespace millrace::broker
