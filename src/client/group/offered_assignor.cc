#include "client/group/offered_assignor.h"

#include <algorithm>
#include <utility>

#include "base/fence.h"

namespace millrace::client {

Result<OfferedAssignors> offer(const std::vector<std::shared_ptr<Assignor>>& assignors) {
  OfferedAssignors offered;
  for (const auto& assignor : assignors) {
    if (assignor == nullptr) {
      return Error{ErrorCode::kInvalidArgument, "wanted assignors, found a null pointer"};
    }
    auto asked = fenced("an assignor that was asked for its name and protocol", [&] {
      return OfferedAssignor{std::string(assignor->name()), assignor->protocol(), assignor};
    });
    if (!asked.ok()) return std::move(asked).error();
    if (asked->name.empty()) {
      return Error{ErrorCode::kInvalidArgument, "wanted an assignor with a name, found none"};
    }
    offered.push_back(std::move(asked).value());
  }
  return offered;
}

RebalanceProtocol common_protocol(const OfferedAssignors& assignors) {
  const bool all = std::all_of(assignors.begin(), assignors.end(), [](const auto& each) {
    return each.protocol == RebalanceProtocol::kCooperative;
  });
  return all ? RebalanceProtocol::kCooperative : RebalanceProtocol::kEager;
}

}  // namespace millrace::client
