// Members that join, work, leave, die and come back, on virtual time, over many seeds. The broker's
// log answers late; the clients behave as Kafka's do, and now and then as zombies do.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

constexpr std::int32_t kPartitions = 6;
constexpr Millis kStepMax{100};

/// What differs from one world to the next.
struct Conditions {
  std::int32_t session_timeout_ms;
  std::int32_t rebalance_timeout_ms;
  Millis append_delay_max;
  double append_failure = 0;
};

/// Sessions outlast rebalances or not, and the log is quick or slow.
Conditions conditions_of(std::uint64_t seed) {
  const bool is_patient = seed % 2 == 0;
  return {.session_timeout_ms = is_patient ? 4'000 : 1'000,
          .rebalance_timeout_ms = is_patient ? 1'000 : 3'000,
          .append_delay_max = Millis{seed % 3 == 0 ? 1'000 : 100}};
}

/// What a consumer knows of itself.
struct Consumer {
  enum class Doing { kOut, kJoining, kSyncing, kWorking };

  std::string client;
  std::optional<std::string> instance;
  Doing doing = Doing::kOut;
  std::string member;
  std::int32_t generation = -1;
  RequestToken waits_for = kNoRequest;
  MonotonicTime asked_at{};
  MonotonicTime silent_until{};                    // dead or asleep: it does nothing
  std::map<std::int32_t, std::int64_t> positions;  // of its partitions
  std::string leader;
  std::vector<std::string> members_to_assign;
};

class GroupSim {
 public:
  GroupSim(std::uint64_t seed, const Conditions& conditions)
      : conditions_(conditions),
        world_({.session_timeout_min = Millis{1'000}}, seed),
        random_(seed) {
    world_.holds_appends = true;
    for (int i = 0; i < 3; ++i) {
      Consumer consumer;
      consumer.client = fmt::format("c{}", i);
      if (random_.chance(0.3)) consumer.instance = fmt::format("i{}", i);
      consumers_.push_back(std::move(consumer));
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      for (Consumer& consumer : consumers_) act(consumer);
      world_.advance(Millis{static_cast<std::int64_t>(
          random_.below(static_cast<std::uint64_t>(kStepMax.count()) + 1))});
      let_log_answer();
      check();
    }
  }

  /// Everybody dies; then the log must tell the same story as the memory.
  void end() {
    world_.acknowledge_all();
    world_.advance(
        Millis{conditions_.session_timeout_ms * 3 + conditions_.rebalance_timeout_ms * 3});
    world_.acknowledge_all();
    for (const Consumer& consumer : consumers_) {
      EXPECT_TRUE(consumer.waits_for == kNoRequest || world_.is_answered(consumer.waits_for));
    }
    for (const Commit& commit : commits_) EXPECT_TRUE(world_.is_answered(commit.token));
    const auto replayed = world_.replayed();
    if (conditions_.append_failure == 0) {
      EXPECT_EQ(picture_of(replayed->state()), picture_of(world_.state()));
      EXPECT_TRUE(world_.group() == nullptr || world_.group()->is_in(GroupState::kEmpty));
    }
    EXPECT_EQ(replayed->state().offsets, world_.state().offsets);
  }

  int generations() const { return highest_generation_; }
  int good_commits() const { return good_commits_; }

 private:
  struct Commit {
    RequestToken token;
    bool was_allowed;  // by what the group knew when it was asked
  };

  bool happens(double chance) { return random_.chance(chance); }

  // ---- the consumers ----

  void act(Consumer& consumer) {
    if (world_.now().monotonic < consumer.silent_until) return;
    if (happens(0.01)) {
      // It dies, or sleeps for long, and comes back with or without its memory.
      consumer.silent_until =
          world_.now().monotonic + Millis{static_cast<std::int64_t>(random_.below(4'000))};
      if (happens(0.5)) forget(consumer);
      return;
    }
    switch (consumer.doing) {
      case Consumer::Doing::kOut:
        return join(consumer);
      case Consumer::Doing::kJoining:
        if (world_.is_answered(consumer.waits_for)) joined(consumer);
        return;
      case Consumer::Doing::kSyncing:
        if (world_.is_answered(consumer.waits_for)) synced(consumer);
        return;
      case Consumer::Doing::kWorking:
        return work(consumer);
    }
  }

  void forget(Consumer& consumer) {
    consumer.doing = Consumer::Doing::kOut;
    consumer.member.clear();
    consumer.waits_for = kNoRequest;
    consumer.positions.clear();
  }

  void join(Consumer& consumer) {
    consumer.positions.clear();
    consumer.waits_for = world_.join({.member = consumer.member,
                                      .instance = consumer.instance,
                                      .protocols = {{"range", "sub"}},
                                      .session_timeout_ms = conditions_.session_timeout_ms,
                                      .rebalance_timeout_ms = conditions_.rebalance_timeout_ms,
                                      .client = consumer.client});
    consumer.asked_at = world_.now().monotonic;
    consumer.doing = Consumer::Doing::kJoining;
  }

  void joined(Consumer& consumer) {
    const auto& response = world_.joined(consumer.waits_for);
    const auto error = static_cast<KafkaError>(response.error_code);
    consumer.waits_for = kNoRequest;
    if (error != KafkaError::kNone) {
      consumer.member = error == KafkaError::kMemberIdRequired ? response.member_id : "";
      consumer.doing = Consumer::Doing::kOut;
      return;
    }
    EXPECT_GE(response.generation_id, 0);
    consumer.member = response.member_id;
    consumer.generation = response.generation_id;
    GroupWorld::Sync sync{.member = consumer.member,
                          .generation = consumer.generation,
                          .instance = consumer.instance};
    if (response.leader == consumer.member && !response.skip_assignment) {
      sync.assignments = assign(response.members);
    }
    consumer.waits_for = world_.sync(sync);
    consumer.asked_at = world_.now().monotonic;
    consumer.doing = Consumer::Doing::kSyncing;
  }

  std::vector<std::pair<std::string, std::string>> assign(
      const std::vector<wire::JoinGroupResponse::JoinGroupResponseMember>& members) {
    std::vector<std::pair<std::string, std::string>> parts;
    for (const auto& member : members) parts.emplace_back(member.member_id, "");
    for (std::int32_t i = 0; i < kPartitions && !parts.empty(); ++i) {
      parts[random_.below(parts.size())].second += static_cast<char>('0' + i);
    }
    return parts;
  }

  void synced(Consumer& consumer) {
    const auto& response = world_.synced(consumer.waits_for);
    consumer.waits_for = kNoRequest;
    if (response.error_code != 0) return lost(consumer, response.error_code);

    consumer.doing = Consumer::Doing::kWorking;
    for (const char digit : response.assignment) {
      const std::int32_t partition = digit - '0';
      // A static member takes over from its former self, under the same name.
      const std::string owner = consumer.instance.value_or(consumer.member);
      const auto owned = owners_.emplace(std::pair{consumer.generation, partition}, owner);
      EXPECT_EQ(owned.first->second, owner)
          << "two owners of partition " << partition << " in " << consumer.generation;
      consumer.positions[partition] = -1;  // to be fetched
    }
  }

  void lost(Consumer& consumer, std::int16_t error_code) {
    const auto error = static_cast<KafkaError>(error_code);
    if (error != KafkaError::kRebalanceInProgress) consumer.member.clear();
    consumer.doing = Consumer::Doing::kOut;
  }

  void work(Consumer& consumer) {
    if (consumer.waits_for != kNoRequest) {  // an OffsetFetch
      if (!world_.is_answered(consumer.waits_for)) return;
      fetched(consumer);
    }
    const auto beat = world_.heartbeat_error(
        world_.heartbeat(consumer.member, consumer.generation, consumer.instance));
    if (happens(0.3)) commit(consumer);  // zombies, too, before they know
    if (beat != KafkaError::kNone) return lost(consumer, code_of(beat));
    if (happens(0.02)) return leave(consumer);
    for (const auto& [partition, position] : consumer.positions) {
      if (position < 0) return fetch(consumer);
    }
  }

  void leave(Consumer& consumer) {
    world_.leave({{.member = consumer.member, .instance = consumer.instance}});
    forget(consumer);
  }

  void fetch(Consumer& consumer) {
    wire::OffsetFetchRequest request;
    request.group_id = "g";
    request.require_stable = true;
    request.topics.emplace();
    auto& topic = request.topics->emplace_back();
    topic.name = "t";
    for (const auto& [partition, position] : consumer.positions) {
      topic.partition_indexes.push_back(partition);
    }
    consumer.waits_for = world_.fetch(request, 7);
    consumer.asked_at = world_.now().monotonic;
  }

  void fetched(Consumer& consumer) {
    const auto& response = world_.answer<wire::OffsetFetchResponse>(consumer.waits_for);
    consumer.waits_for = kNoRequest;
    for (const auto& partition : response.topics.at(0).partitions) {
      consumer.positions[partition.partition_index] =
          std::max<std::int64_t>(partition.committed_offset, 0);
    }
  }

  void commit(Consumer& consumer) {
    for (auto& [partition, position] : consumer.positions) {
      if (position < 0) continue;
      position += static_cast<std::int64_t>(random_.below(10));
      const Group* const group = world_.group();
      const bool is_allowed = group != nullptr && group->generation() == consumer.generation &&
                              group->members().contains(consumer.member) &&
                              !group->is_in(GroupState::kCompletingRebalance);
      commits_.push_back({world_.commit({.member = consumer.member,
                                         .generation = consumer.generation,
                                         .partition = partition,
                                         .offset = position,
                                         .instance = consumer.instance}),
                          is_allowed});
    }
  }

  // ---- the log and the invariants ----

  /// A flush covers all that was appended before it, and comes within append_delay_max.
  void let_log_answer() {
    const MonotonicTime now = world_.now().monotonic;
    if (world_.held_appends() == 0) flushed_at_ = now;
    if (flushed_at_ + conditions_.append_delay_max > now && happens(0.9)) return;
    flushed_at_ = now;
    for (std::size_t left = world_.held_appends(); left > 0; --left) {
      world_.acknowledge(happens(conditions_.append_failure) ? KafkaError::kNotEnoughReplicas
                                                             : KafkaError::kNone);
    }
  }

  void check() {
    for (const Consumer& consumer : consumers_) {
      if (consumer.waits_for == kNoRequest || world_.is_answered(consumer.waits_for)) continue;
      const Millis limit =
          Millis{conditions_.rebalance_timeout_ms} + 3 * (conditions_.append_delay_max + kStepMax);
      EXPECT_LE(world_.now().monotonic - consumer.asked_at, limit) << "a request is forgotten";
    }
    for (auto commit = commits_.begin(); commit != commits_.end();) {
      if (!world_.is_answered(commit->token)) {
        ++commit;
        continue;
      }
      const bool is_good = world_.commit_error(commit->token) == KafkaError::kNone;
      EXPECT_TRUE(!is_good || commit->was_allowed) << "a fenced member committed";
      good_commits_ += is_good ? 1 : 0;
      commit = commits_.erase(commit);
    }
    if (const Group* const group = world_.group()) {
      EXPECT_GE(group->generation(), highest_generation_);
      highest_generation_ = std::max(highest_generation_, group->generation());
    }
    for (std::int32_t i = 0; i < kPartitions; ++i) {
      const std::int64_t committed = world_.committed("g", "t", i);
      const auto before = committed_.emplace(i, committed).first;
      EXPECT_GE(committed, before->second) << "partition " << i << " went back";
      before->second = committed;
    }
  }

  const Conditions conditions_;
  GroupWorld world_;
  Random random_;
  std::vector<Consumer> consumers_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::string> owners_;
  std::vector<Commit> commits_;
  std::map<std::int32_t, std::int64_t> committed_;
  std::int32_t highest_generation_ = 0;
  int good_commits_ = 0;
  MonotonicTime flushed_at_{};
};

TEST(GroupSimulation, KeepsItsPromisesOverManySeeds) {
  int generations = 0;
  int commits = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    GroupSim sim(seed, conditions_of(seed));
    sim.run(600);
    sim.end();
    generations += sim.generations();
    commits += sim.good_commits();
    if (testing::Test::HasFailure()) break;
  }
  // The simulation must get somewhere to mean anything.
  EXPECT_GT(generations, 200 * 10);
  EXPECT_GT(commits, 200 * 100);
}

TEST(GroupSimulation, KeepsItsPromisesWhenTheLogFailsNowAndThen) {
  int commits = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Conditions conditions = conditions_of(seed);
    conditions.append_failure = 0.1;
    GroupSim sim(seed, conditions);
    sim.run(600);
    sim.end();
    commits += sim.good_commits();
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(commits, 100 * 100);
}

}  // namespace
}  // namespace millrace::broker
