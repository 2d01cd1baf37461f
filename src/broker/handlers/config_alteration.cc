#include "broker/handlers/config_alteration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "broker/properties/group_property.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"
#include "wire/error_text.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;

using ConfigChanges = std::vector<ConfigChange>;

Error invalid_request(std::string text) {
  return make_error(KafkaError::kInvalidRequest, std::move(text));
}

Result<ConfigChanges> checked_changes(const WantedAlteration& wanted) {
  constexpr auto kLast = static_cast<std::int8_t>(ConfigOperation::kSubtract);
  ConfigChanges changes;
  std::set<std::string_view> names;
  std::vector<std::string_view> nulls;
  for (const WantedChange& each : wanted.changes) {
    if (!names.insert(each.name).second)
      return invalid_request(fmt::format("{} is named more than once", each.name));
    if (each.operation < 0 || each.operation > kLast)
      return invalid_request(fmt::format("{}: wanted an operation from 0 to {}, found {}",
                                         each.name, kLast, each.operation));
    const auto operation = static_cast<ConfigOperation>(each.operation);
    if (operation != ConfigOperation::kDelete && !each.value.has_value())
      nulls.push_back(each.name);
    changes.push_back({each.name, operation, each.value.value_or("")});
  }
  if (!nulls.empty())
    return invalid_request(fmt::format("{}: wanted a value, found null", fmt::join(nulls, ", ")));
  return changes;
}

Result<MetadataImage::Records> plan_for_topic(const MetadataImage& image, const std::string& name,
                                              const ConfigChanges& changes, AlterationBase base,
                                              const ConfigOverrides& defaults) {
  const TopicImage* const topic = image.find(name);
  const TopicConfigs current = topic == nullptr ? TopicConfigs{} : topic->configs;
  auto changed = plan_topic_configs(base == AlterationBase::kNothing ? TopicConfigs{} : current,
                                    changes, defaults);
  if (!changed.ok()) return std::move(changed).error();
  if (topic == nullptr)
    return make_error(KafkaError::kUnknownTopicOrPartition,
                      fmt::format("there is no topic '{}'", name));
  return MetadataImage::change_configs({ConfigResourceType::kTopic, name}, current, *changed);
}

Status alter_topic(const std::string& name, const ConfigChanges& changes, AlterationBase base,
                   SettingsCatalogue::Really really, BrokerState& state) {
  if (name.empty()) return invalid_request("wanted the name of a topic, found none");
  if (auto valid = check_topic_name(name); !valid.ok()) return valid;
  const auto settings = state.settings.settings();
  return state.settings.change(
      [&](const MetadataImage& image) {
        return plan_for_topic(image, name, changes, base, settings->topic_defaults);
      },
      really);
}

/// All of the broker that answers, or what holds for all of them.
Status alter_broker(const WantedAlteration& wanted, const ConfigChanges& changes,
                    AlterationBase base, SettingsCatalogue::Really really,
                    const RequestContext& context, BrokerState& state) {
  const std::string& name = wanted.resource_name;
  if (!name.empty() && name != fmt::to_string(context.node))
    return invalid_request(
        fmt::format("wanted broker {}, or none for all, found '{}'", context.node, name));
  if (turns_brokers(wanted)) {
    if (base == AlterationBase::kNothing)
      return make_error(KafkaError::kInvalidConfig,
                        fmt::format("{}: wanted IncrementalAlterConfigs", kStoppedBrokers));
    const auto turns = plan_turns(wanted, context, state);
    return turns.ok() ? Status{} : Status{turns.error()};
  }
  return state.settings.change(
      [&](const MetadataImage& image) -> Result<MetadataImage::Records> {
        const ConfigResource broker{ConfigResourceType::kBroker, name};
        const ConfigOverrides& current = image.settings().of(broker);
        auto changed =
            changed_configs(base == AlterationBase::kNothing ? ConfigOverrides{} : current, changes,
                            dynamic_broker_properties());
        if (!changed.ok()) return std::move(changed).error();
        return MetadataImage::change_configs(broker, current, *changed);
      },
      really);
}

Status alter_group(const std::string& name, const ConfigChanges& changes, AlterationBase base,
                   SettingsCatalogue::Really really, BrokerState& state) {
  if (name.empty()) return invalid_request("wanted the id of a group, found none");
  return state.settings.change(
      [&](const MetadataImage& image) -> Result<MetadataImage::Records> {
        const ConfigResource group{ConfigResourceType::kGroup, name};
        const ConfigOverrides& current = image.settings().of(group);
        auto changed = plan_group_configs(
            base == AlterationBase::kNothing ? ConfigOverrides{} : current, changes);
        if (!changed.ok()) return std::move(changed).error();
        return MetadataImage::change_configs(group, current, *changed);
      },
      really);
}

Status alter_loggers(const ConfigChanges& changes) {
  if (changes.empty()) return {};
  return make_error(KafkaError::kInvalidConfig,
                    fmt::format("there is no logger '{}' here", changes.front().name));
}

Status alter_one(const WantedAlteration& wanted, AlterationBase base,
                 SettingsCatalogue::Really really, const RequestContext& context,
                 BrokerState& state) {
  const auto changes = checked_changes(wanted);
  if (!changes.ok()) return changes.error();
  switch (static_cast<ConfigResourceType>(wanted.resource_type)) {
    case ConfigResourceType::kTopic:
      return alter_topic(wanted.resource_name, *changes, base, really, state);
    case ConfigResourceType::kBroker:
      return alter_broker(wanted, *changes, base, really, context, state);
    case ConfigResourceType::kGroup:
      return alter_group(wanted.resource_name, *changes, base, really, state);
    case ConfigResourceType::kBrokerLogger:
      if (base == AlterationBase::kWhatIsSet) return alter_loggers(*changes);
      [[fallthrough]];
    default:
      return invalid_request(fmt::format("resource type {} has no configuration that changes here",
                                         wanted.resource_type));
  }
}

}  // namespace

bool turns_brokers(const WantedAlteration& wanted) {
  return static_cast<ConfigResourceType>(wanted.resource_type) == ConfigResourceType::kBroker &&
         std::any_of(wanted.changes.begin(), wanted.changes.end(),
                     [](const WantedChange& each) { return each.name == kStoppedBrokers; });
}

Result<NodeTurns> plan_turns(const WantedAlteration& wanted, const RequestContext& context,
                             const BrokerState& state) {
  if (wanted.changes.size() > 1)
    return invalid_request(fmt::format(
        "{}: wanted in a change of its own, as it is no setting that could be taken back, found {}",
        kStoppedBrokers, wanted.changes.size()));
  const auto changes = checked_changes(wanted);
  if (!changes.ok()) return changes.error();
  const auto nodes = state.nodes.list();
  const ConfigOverrides current{{std::string(kStoppedBrokers), stopped_brokers(*nodes)}};
  const auto changed = changed_configs(current, *changes, dynamic_broker_properties());
  if (!changed.ok()) return changed.error();
  const auto list = changed->find(kStoppedBrokers);
  return turns_to(*nodes, list == changed->end() ? std::string_view() : list->second, context.node);
}

std::vector<wire::AlterConfigsResourceResponse> alter_configs(
    const std::vector<WantedAlteration>& wanted, AlterationBase base,
    SettingsCatalogue::Really really, const RequestContext& context, BrokerState& state) {
  std::map<std::pair<std::int8_t, std::string>, int> mentions;
  for (const auto& each : wanted) ++mentions[{each.resource_type, each.resource_name}];

  std::vector<wire::AlterConfigsResourceResponse> answers;
  for (const auto& each : wanted) {
    const Status status = mentions[{each.resource_type, each.resource_name}] > 1
                              ? invalid_request("the request names this resource more than once")
                              : alter_one(each, base, really, context, state);
    auto& answer = answers.emplace_back();
    answer.resource_type = each.resource_type;
    answer.resource_name = each.resource_name;
    answer.error_message.reset();
    if (status.ok()) continue;
    answer.error_code = code_of(wire::kafka_error_of(status.error()));
    answer.error_message = wire::bare_text(status.error());
  }
  return answers;
}

}  // namespace millrace::broker
