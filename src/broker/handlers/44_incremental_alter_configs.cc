// IncrementalAlterConfigs, versions 0–1.
//   Sets, deletes, appends to or subtracts from single properties, and leaves the others as they
//   are. Of one resource all of it is done, or nothing.
//   Each resource has its own outcome; one that is named twice is refused.
//   validate_only answers as if changed, and changes nothing.
// Version notes: v1 is flexible.
#include <utility>

#include "broker/handlers/config_alteration.h"
#include "broker/handlers/handlers.h"
#include "wire/messages/incremental_alter_configs.h"

namespace millrace::broker {

wire::IncrementalAlterConfigsResponse handle_incremental_alter_configs(
    wire::IncrementalAlterConfigsRequest request, const RequestContext& context,
    BrokerState& state) {
  std::vector<WantedAlteration> wanted;
  for (auto& resource : request.resources) {
    auto& each = wanted.emplace_back();
    each.resource_type = resource.resource_type;
    each.resource_name = std::move(resource.resource_name);
    for (auto& config : resource.configs)
      each.changes.push_back(
          {std::move(config.name), config.config_operation, std::move(config.value)});
  }
  using enum SettingsCatalogue::Really;
  wire::IncrementalAlterConfigsResponse response;
  response.responses = alter_configs(wanted, AlterationBase::kWhatIsSet,
                                     request.validate_only ? kOnlyCheck : kChange, context, state);
  return response;
}

}  // namespace millrace::broker
