// ClusterSettings: what was set while the cluster ran, beside its topics, as the metadata log has
// it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "broker/properties/config_overrides.h"
#include "broker/properties/features.h"
#include "broker/quotas/quota_entity.h"
#include "broker/topics/config_resource.h"

namespace millrace::broker {

struct ClusterSettings {
  using ByName = std::map<std::string, ConfigOverrides, std::less<>>;

  /// By broker id; under no name what holds for all of them.
  ByName brokers;
  ByName groups;
  ClientQuotas quotas;
  FeatureLevels features;
  /// Rises with every change of a feature.
  std::int64_t features_epoch = 0;

  /// What is set of the resource; empty for kinds that are not kept here.
  const ConfigOverrides& of(const ConfigResource& resource) const {
    static const ConfigOverrides kNothing;
    const ByName* const all = of_type(*this, resource.type);
    if (all == nullptr) return kNothing;
    const auto found = all->find(resource.name);
    return found == all->end() ? kNothing : found->second;
  }

  /// Null for kinds that are not kept here.
  template <class Settings>
  static auto of_type(Settings& settings, ConfigResourceType type) -> decltype(&settings.brokers) {
    switch (type) {
      case ConfigResourceType::kBroker:
        return &settings.brokers;
      case ConfigResourceType::kGroup:
        return &settings.groups;
      default:
        return nullptr;
    }
  }
};

}  // namespace millrace::broker
