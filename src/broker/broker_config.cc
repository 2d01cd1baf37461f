#include "broker/broker_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

Status check_advertised(const io::Endpoint& endpoint) {
  constexpr std::array<std::string_view, 3> kEverywhere{"0.0.0.0", "::", "*"};
  const bool is_everywhere =
      std::find(kEverywhere.begin(), kEverywhere.end(), endpoint.host) != kEverywhere.end();
  if (!is_everywhere && endpoint.port != 0 && !endpoint.host.empty()) return {};
  return Error{
      ErrorCode::kInvalidArgument,
      fmt::format(
          "wanted the HOST:PORT that clients are to connect to, such as broker.example.org:9092, "
          "found {}, which is {}",
          endpoint.to_string(),
          is_everywhere ? "every address and none" : "no port that one could connect to")};
}

}  // namespace millrace::broker
