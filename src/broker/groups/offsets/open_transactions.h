// OpenTransactions: offsets that were committed in transactions which have not ended. They are in
// the log, and count or vanish with the marker of their transaction.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/groups/offsets/offsets_store.h"
#include "model/ids.h"

namespace millrace::broker {

/// A producer's transaction in one partition of `__consumer_offsets`: each partition that takes
/// part has a marker of its own.
struct TransactionPart {
  PartitionId partition;
  ProducerId producer;

  auto operator<=>(const TransactionPart&) const = default;
};

/// Whose offset, and of what.
struct OffsetKey {
  std::string group;
  std::string topic;
  std::int32_t partition = 0;

  auto operator<=>(const OffsetKey&) const = default;
};

/// Pure, and changed only by what is in the log, in its order.
/// Invariants
///   by_offset_ and offsets_of_ say the same; neither holds an empty map or set.
/// source  Kafka's OffsetMetadataManager
class OpenTransactions {
 public:
  /// An offset that a transaction committed; of several for one key the last one counts.
  void add(const TransactionPart& part, const OffsetKey& key, CommittedOffset offset);
  /// An offset of `key` came into the log that counts already: what is pending is older, and is not
  /// to count any more when its transaction commits.
  void outdate(const OffsetKey& key);
  /// A tombstone of `key` came into the log.
  void forget(const OffsetKey& key);

  struct Ended {
    OffsetKey key;
    CommittedOffset offset;
  };
  /// Takes the transaction out. Returns what counts from now on if it was committed; what others
  /// have pending and wrote earlier is outdated by that.
  std::vector<Ended> commit(const TransactionPart& part);
  void abort(const TransactionPart& part);

  bool holds(const OffsetKey& key) const { return by_offset_.contains(key); }
  bool holds_group(std::string_view group) const;
  std::vector<OffsetKey> keys_of_group(std::string_view group) const;
  std::set<std::string> groups() const;
  std::vector<TransactionPart> parts() const;

 private:
  struct Pending {
    CommittedOffset offset;
    std::uint64_t order = 0;  // in which they came
    bool is_outdated = false;
  };
  using Writers = std::map<TransactionPart, Pending>;
  using ByOffset = std::map<OffsetKey, Writers>;

  ByOffset::const_iterator first_of_group(std::string_view group) const;
  /// Takes out the transaction's offsets.
  std::vector<std::pair<OffsetKey, Pending>> take(const TransactionPart& part);

  ByOffset by_offset_;
  std::map<TransactionPart, std::set<OffsetKey>> offsets_of_;
  std::uint64_t last_order_ = 0;
};

}  // namespace millrace::broker
