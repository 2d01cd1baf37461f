#include "broker/groups/offsets/open_transactions.h"

#include <utility>

namespace millrace::broker {

void OpenTransactions::add(const TransactionPart& part, const OffsetKey& key,
                           CommittedOffset offset) {
  by_offset_[key].insert_or_assign(part, Pending{std::move(offset), ++last_order_, false});
  offsets_of_[part].insert(key);
}

void OpenTransactions::outdate(const OffsetKey& key) {
  const auto found = by_offset_.find(key);
  if (found == by_offset_.end()) return;
  for (auto& [part, pending] : found->second) pending.is_outdated = true;
}

void OpenTransactions::forget(const OffsetKey& key) {
  const auto found = by_offset_.extract(key);
  if (found.empty()) return;
  for (const auto& [part, pending] : found.mapped()) {
    const auto offsets = offsets_of_.find(part);
    offsets->second.erase(key);
    if (offsets->second.empty()) offsets_of_.erase(offsets);
  }
}

std::vector<std::pair<OffsetKey, OpenTransactions::Pending>> OpenTransactions::take(
    const TransactionPart& part) {
  std::vector<std::pair<OffsetKey, Pending>> taken;
  const auto offsets = offsets_of_.extract(part);
  if (offsets.empty()) return taken;
  for (const OffsetKey& key : offsets.mapped()) {
    const auto writers = by_offset_.find(key);
    taken.emplace_back(key, std::move(writers->second.extract(part).mapped()));
    if (writers->second.empty()) by_offset_.erase(writers);
  }
  return taken;
}

std::vector<OpenTransactions::Ended> OpenTransactions::commit(const TransactionPart& part) {
  std::vector<Ended> ended;
  for (auto& [key, pending] : take(part)) {
    if (pending.is_outdated) continue;
    if (const auto others = by_offset_.find(key); others != by_offset_.end()) {
      for (auto& [other, theirs] : others->second) {
        theirs.is_outdated = theirs.is_outdated || theirs.order < pending.order;
      }
    }
    ended.push_back({std::move(key), std::move(pending.offset)});
  }
  return ended;
}

void OpenTransactions::abort(const TransactionPart& part) {
  (void)take(part);
}

OpenTransactions::ByOffset::const_iterator OpenTransactions::first_of_group(
    std::string_view group) const {
  return by_offset_.lower_bound({std::string(group), {}, INT32_MIN});
}

bool OpenTransactions::holds_group(std::string_view group) const {
  const auto first = first_of_group(group);
  return first != by_offset_.end() && first->first.group == group;
}

std::vector<OffsetKey> OpenTransactions::keys_of_group(std::string_view group) const {
  std::vector<OffsetKey> keys;
  for (auto each = first_of_group(group); each != by_offset_.end() && each->first.group == group;
       ++each) {
    keys.push_back(each->first);
  }
  return keys;
}

std::vector<TransactionPart> OpenTransactions::parts() const {
  std::vector<TransactionPart> parts;
  for (const auto& [part, keys] : offsets_of_) parts.push_back(part);
  return parts;
}

std::set<std::string> OpenTransactions::groups() const {
  std::set<std::string> groups;
  for (const auto& [key, writers] : by_offset_) groups.insert(key.group);
  return groups;
}

}  // namespace millrace::broker
