#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "wire/messages/describe_configs.h"

namespace millrace::client {

Result<Outcomes<ConfigResource, std::vector<ConfigEntry>>> Admin::describe_configs(
    const std::vector<ConfigResource>& resources) {
  Outcomes<ConfigResource, std::vector<ConfigEntry>> outcomes;
  for (const ConfigResource& resource : resources) {
    wire::DescribeConfigsRequest request;
    request.resources.push_back({.resource_type = static_cast<std::int8_t>(resource.kind),
                                 .resource_name = resource.name,
                                 .configuration_keys = std::nullopt});
    Target target = Target::any();
    if (resource.kind == ConfigResourceKind::kBroker) {
      const auto brokers = core().broker_ids();
      if (!brokers.ok()) return brokers.error();
      for (const BrokerId id : *brokers) {
        if (fmt::to_string(id.value()) == resource.name) target = Target::of(id);
      }
    }
    auto answer = core().ask<wire::DescribeConfigsRequest, wire::DescribeConfigsResponse>(
        target, std::move(request));
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& result : answer->results) {
      if (result.error_code != 0) {
        outcomes.emplace(resource,
                         admin_error(result.error_code, "configuration of " + resource.name,
                                     result.error_message));
        continue;
      }
      constexpr std::int8_t kDefaultSource = 5;
      std::vector<ConfigEntry> entries;
      for (const auto& each : result.configs) {
        entries.push_back({each.name, each.value, each.config_source == kDefaultSource,
                           each.read_only, each.is_sensitive, each.config_source});
      }
      outcomes.emplace(resource, std::move(entries));
    }
  }
  return outcomes;
}

}  // namespace millrace::client
