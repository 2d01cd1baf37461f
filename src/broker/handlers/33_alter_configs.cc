// AlterConfigs, versions 0–2.
//   Says all that is to be set of a resource: what it does not name is deleted. Programs that want
//   to change one property use IncrementalAlterConfigs.
//   Each resource has its own outcome; one that is named twice is refused.
//   validate_only answers as if changed, and changes nothing.
// Version notes: v2 is flexible.
#include <utility>

#include "broker/handlers/config_alteration.h"
#include "broker/handlers/handlers.h"
#include "wire/messages/alter_configs.h"

namespace millrace::broker {

wire::AlterConfigsResponse handle_alter_configs(wire::AlterConfigsRequest request,
                                                const RequestContext& context, BrokerState& state) {
  std::vector<WantedAlteration> wanted;
  for (auto& resource : request.resources) {
    auto& each = wanted.emplace_back();
    each.resource_type = resource.resource_type;
    each.resource_name = std::move(resource.resource_name);
    for (auto& config : resource.configs)
      each.changes.push_back({.name = std::move(config.name), .value = std::move(config.value)});
  }
  using enum SettingsCatalogue::Really;
  wire::AlterConfigsResponse response;
  response.responses = alter_configs(wanted, AlterationBase::kNothing,
                                     request.validate_only ? kOnlyCheck : kChange, context, state);
  return response;
}

}  // namespace millrace::broker
