// OfferedAssignor: an assignor as a member offers it to its group, with what it says of itself,
// which is asked once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/assignor.h"

namespace millrace::client {

struct OfferedAssignor {
  std::string name;
  RebalanceProtocol protocol;
  std::shared_ptr<Assignor> assignor;
};
/// Most wanted first.
using OfferedAssignors = std::vector<OfferedAssignor>;

/// errors  kInvalidArgument when one is null or has no name; kThrown when one throws
Result<OfferedAssignors> offer(const std::vector<std::shared_ptr<Assignor>>& assignors);

/// The way all of them can work: cooperative only when each of them is able to.
RebalanceProtocol common_protocol(const OfferedAssignors& assignors);

}  // namespace millrace::client
