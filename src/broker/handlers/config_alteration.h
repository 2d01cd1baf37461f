// What AlterConfigs and IncrementalAlterConfigs have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker_state.h"
#include "broker/nodes/stopped_brokers.h"
#include "broker/session/request_context.h"
#include "broker/topics/settings_catalogue.h"
#include "wire/messages/alter_configs_resource_response.h"

namespace millrace::broker {

/// As a request has it: nothing is checked.
struct WantedChange {
  std::string name;
  std::int8_t operation = 0;
  std::optional<std::string> value;
};
struct WantedAlteration {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<WantedChange> changes;
};

/// What the changes begin with.
enum class AlterationBase : std::uint8_t {
  kWhatIsSet,
  kNothing  // what the changes do not name is not set any more
};

/// Whether that is to stop or start brokers, which is more than a setting: see plan_turns().
bool turns_brokers(const WantedAlteration& wanted);
/// errors  INVALID_REQUEST: something else is wanted as well; those of changed_configs and turns_to
Result<NodeTurns> plan_turns(const WantedAlteration& wanted, const RequestContext& context,
                             const BrokerState& state);

/// Changes each resource by itself: all that is wanted of it, or nothing. Answers in order. What
/// turns brokers is checked, and left to the caller.
std::vector<wire::AlterConfigsResourceResponse> alter_configs(
    const std::vector<WantedAlteration>& wanted, AlterationBase base,
    SettingsCatalogue::Really really, const RequestContext& context, BrokerState& state);

}  // namespace millrace::broker
