#include "broker/broker_config.h"

#include <fmt/format.h>

namespace millrace::broker {

std::string_view fsync_policy_name(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kGroup:
      return "group";
    case FsyncPolicy::kNever:
      return "never";
    case FsyncPolicy::kAlways:
      return "always";
  }
  return "unknown";
}

Result<FsyncPolicy> parse_fsync_policy(std::string_view text) {
  for (const auto policy : {FsyncPolicy::kGroup, FsyncPolicy::kNever, FsyncPolicy::kAlways}) {
    if (text == fsync_policy_name(policy)) return policy;
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("wanted group, never or always, found '{}'", text)};
}

}  // namespace millrace::broker
