#include "broker/fetching/replica_selection.h"

#include <algorithm>

namespace millrace::broker {

std::optional<BrokerId> replica_in_rack(const Placement& placement, const NodeList& nodes,
                                        std::string_view rack) {
  if (rack.empty()) return std::nullopt;
  std::optional<BrokerId> nearest;
  for (const BrokerId replica : placement.in_sync) {
    const Node* const node = find_node(nodes, replica);
    if (node == nullptr || !node->is_running || node->rack != rack) continue;
    if (replica == placement.leadership.leader) return std::nullopt;
    nearest = std::max(nearest.value_or(replica), replica);
  }
  return nearest;
}

}  // namespace millrace::broker
