// How the change of one resource's configuration ended: the same in AlterConfigs and
// IncrementalAlterConfigs, in all their versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/field.h"

namespace millrace::wire {

struct AlterConfigsResourceResponse {
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::int8_t resource_type = 0;
  std::string resource_name;

  bool operator==(const AlterConfigsResourceResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = AlterConfigsResourceResponse;
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::resource_type, Field{"resource_type"});
    visit(&S::resource_name, Field{"resource_name"});
  }
};

}  // namespace millrace::wire
