// Whom a client quota is for, in part: the same in DescribeClientQuotas and AlterClientQuotas, in
// all their versions.
#pragma once

#include <optional>
#include <string>

#include "wire/field.h"

namespace millrace::wire {

struct QuotaEntityData {
  std::string entity_type;
  std::optional<std::string> entity_name = std::string{};

  bool operator==(const QuotaEntityData&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&QuotaEntityData::entity_type, Field{"entity_type"});
    visit(&QuotaEntityData::entity_name, Field{"entity_name"}.nullable());
  }
};

}  // namespace millrace::wire
