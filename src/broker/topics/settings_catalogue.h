// SettingsCatalogue: what is set of the cluster while it runs, beside the topics themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "broker/properties/settings_in_force.h"
#include "broker/topics/metadata_image.h"

namespace millrace::broker {

class SettingsCatalogue {
 public:
  virtual ~SettingsCatalogue() = default;

  /// What holds now. Cheap; hold it for one request, not longer.     thread  any
  virtual std::shared_ptr<const SettingsInForce> settings() const = 0;

  /// Says what to write, seeing all that holds; no records change nothing.
  using Plan = std::function<Result<MetadataImage::Records>(const MetadataImage&)>;
  enum class Really : std::uint8_t { kChange, kOnlyCheck };

  /// Plans a change while nobody else changes anything, writes it down and puts it into force.
  /// errors  those of the plan; kIo, kDiskFull: nothing was changed
  /// thread  any; one at a time        cost  one write and one flush
  virtual Status change(const Plan& plan, Really really) = 0;
};

}  // namespace millrace::broker
