// Turn: one input of the coordinator on its way through the rules. The files beside this one (join,
// sync, heartbeat, leave, …) are functions on a Turn; together they are the coordinator.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/saturating.h"
#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/consumer/group_topics.h"
#include "broker/groups/coordinator/group_config.h"
#include "broker/groups/coordinator/group_effects.h"
#include "broker/groups/coordinator/group_state.h"
#include "broker/groups/coordinator/group_timers.h"
#include "broker/groups/offsets/offsets_store.h"
#include "broker/groups/offsets/open_transactions.h"
#include "broker/groups/offsets/pending_append.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// What a record's string can hold, less what makes a member id out of a name.
inline constexpr std::size_t kNameBytesMax = 32'000;

using Groups = std::map<std::string, std::unique_ptr<Group>, std::less<>>;
using ConsumerGroups = std::map<std::string, std::unique_ptr<ConsumerGroup>, std::less<>>;

/// Everything the coordinator remembers between inputs.
/// Invariant: no name is in `groups`, which are the classic ones, and in `consumer_groups`.
struct CoordinatorState {
  GroupConfig config;
  Random random;
  Groups groups;
  ConsumerGroups consumer_groups;
  std::shared_ptr<const GroupTopics> topics;  // as of the last input that told them; never null
  OffsetsStore offsets;
  GroupTimers timers;
  OpenTransactions open_transactions;
  std::map<AppendId, PendingAppend> appends;
  std::uint64_t last_append_id = 0;
  std::map<RequestToken, PendingDeletion> deletions;
  std::vector<WaitingFetch> waiting_fetches;
};

struct Turn {
  CoordinatorState& state;
  const Instant now;
  GroupEffects& effects;

  /// Null when there is no such classic group.
  Group* find_group(std::string_view group_id);
  Group& find_or_create_group(const std::string& group_id);
  /// Null when there is no such group of KIP-848.
  ConsumerGroup* find_consumer_group(std::string_view group_id);
  /// There must be none of either kind.
  ConsumerGroup& make_consumer_group(const std::string& group_id);
  /// Has a group, of whatever kind, to keep offsets by.
  void ensure_group(const std::string& group_id);

  void answer(RequestToken token, GroupResponse response) {
    effects.replies.push_back({token, std::move(response)});
  }
  /// Asks for the records to be appended; `outcome` says what follows.
  /// producer  whose transaction they belong to, if to one
  void append(const std::string& group_id, std::vector<LogRecord> records, AppendOutcome outcome,
              const std::optional<TransactionalProducer>& producer = std::nullopt);
  /// The same for a marker.
  void append(const LogMarker& marker, AppendOutcome outcome);

  void set_timer(TimerKey key, Millis delay) {
    state.timers.set(key, deadline_after(now.monotonic, delay));
  }
  /// The member must be heard of again within its session time-out, or within `timeout`.
  void expect_heartbeat(const Group& group, const Member& member);
  void expect_heartbeat_within(const Group& group, const Member& member, Millis timeout);
};

}  // namespace millrace::broker
