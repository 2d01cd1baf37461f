#include "broker/groups/coordinator/group_config.h"

namespace millrace::broker {

std::string_view migration_policy_name(MigrationPolicy policy) {
  switch (policy) {
    case MigrationPolicy::kDisabled:
      return "disabled";
    case MigrationPolicy::kUpgrade:
      return "upgrade";
    case MigrationPolicy::kDowngrade:
      return "downgrade";
    case MigrationPolicy::kBidirectional:
      return "bidirectional";
  }
  return "unknown";
}

}  // namespace millrace::broker
