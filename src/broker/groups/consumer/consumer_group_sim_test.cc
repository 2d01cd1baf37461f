// Members of a consumer group that sleep, die, come back and change their minds, over a log that is
// slow and fails now and then, while topics come, grow and go; under a seed. After every step no
// partition has two owners, among what the coordinator knows and among what its members do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "broker/groups/consumer/consumer_actor.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

constexpr int kActors = 5;

class ConsumerGroupSim {
 public:
  ConsumerGroupSim(std::uint64_t seed, double append_failure)
      : append_failure_(append_failure), world_({}, seed), random_(seed) {
    world_.make_topic("t0", 5);
    world_.make_topic("t1", 3);
    world_.holds_appends = true;
    for (int i = 0; i < kActors; ++i) actors_.push_back(new_actor(i));
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      change_topics();
      for (std::size_t j = 0; j < actors_.size(); ++j) act(j);
      if (random_.chance(0.7)) let_log_answer();
      world_.advance(Millis{static_cast<std::int64_t>(random_.below(4'000))});
      if (random_.chance(0.005)) crash();
      check();
    }
  }

  /// Without further ado everybody has what it is to have, and the log says what the memory does.
  void end() {
    world_.acknowledge_all();
    append_failure_ = 0;
    for (Asleep& actor : actors_) receive(actor);
    for (int round = 0; round < 12; ++round) {
      for (std::size_t j = 0; j < actors_.size(); ++j) {
        beat(actors_[j]);
        world_.acknowledge_all();
        receive(actors_[j]);
      }
      // Those who are nobody's any more go in the meantime.
      if (round == 0) stay_for_a_session();
      check();
    }
    const ConsumerGroup& group = *world_.consumer_group();
    EXPECT_EQ(group.state(), ConsumerGroupState::kStable);
    EXPECT_EQ(group.members().size(), actors_.size());
    std::map<TopicIdPartition, int> owners;
    for (const Asleep& actor : actors_) {
      for (const TopicIdPartition& partition : actor.actor.owned) ++owners[partition];
    }
    for (const auto& [name, topic] : world_.topics().by_name()) {
      for (std::int32_t i = 0; i < topic.partition_count; ++i) {
        EXPECT_EQ((owners[{topic.id, i}]), 1) << name << "-" << i;
      }
    }
    EXPECT_EQ(picture_of(world_.replayed()->state()), picture_of(world_.state()));
  }

  int moves = 0;  // of partitions to a member
  int fenced = 0;

 private:
  struct Asleep {
    ConsumerActor actor;
    MonotonicTime until{};
    int lives = 0;
  };

  Asleep new_actor(int index) {
    ConsumerActor actor{world_, fmt::format("m{}.0", index), {"t0", "t1"}};
    if (index % 3 == 0) actor.instance = fmt::format("i{}", index);
    if (index == 1) {
      actor.topics = {};
      actor.regex = "t.*";
    }
    actor.rebalance_timeout_ms = 20'000;
    return {std::move(actor), {}, 0};
  }

  void act(std::size_t index) {
    Asleep& each = actors_[index];
    if (world_.now().monotonic < each.until) return;
    receive(each);
    ConsumerActor& actor = each.actor;
    if (actor.waits_for != kNoRequest) {
      // Its answer is late, or was lost: it asks again, and says everything.
      if (!random_.chance(0.2)) return;
      actor.waits_for = kNoRequest;
      actor.has_news = true;
    }
    if (random_.chance(0.01)) {
      each.until =
          world_.now().monotonic + Millis{static_cast<std::int64_t>(random_.below(90'000))};
      if (random_.chance(0.5)) be_born_again(index);
      return;
    }
    if (random_.chance(0.01)) return leave(index);
    if (random_.chance(0.02) && actor.regex->empty()) {
      actor.topics = random_.chance(0.3) ? std::vector<std::string>{"t0"}
                                         : std::vector<std::string>{"t0", "t1", "t2"};
      actor.has_news = true;
    }
    beat(each);
  }

  void beat(Asleep& each) {
    if (!each.actor.regex) each.actor.regex = "";
    each.actor.send();
  }

  void receive(Asleep& each) {
    ConsumerActor& actor = each.actor;
    if (actor.waits_for == kNoRequest || !world_.is_answered(actor.waits_for)) return;
    const std::size_t before = actor.owned.size();
    const KafkaError error = actor.receive();
    if (error == KafkaError::kNone && actor.owned.size() > before) ++moves;
    if (error == KafkaError::kFencedMemberEpoch) ++fenced;
  }

  /// A process that starts again: another member id, and nothing that it remembers.
  void be_born_again(std::size_t index) {
    Asleep& each = actors_[index];
    each.actor.id = fmt::format("m{}.{}", index, ++each.lives);
    each.actor.epoch = 0;
    each.actor.owned.clear();
    each.actor.waits_for = kNoRequest;
    each.actor.has_news = true;
  }

  void leave(std::size_t index) {
    ConsumerActor& actor = actors_[index].actor;
    const std::int32_t epoch = actor.instance && random_.chance(0.7) ? -2 : -1;
    world_.beat({.member = actor.id, .epoch = epoch, .instance = actor.instance});
    be_born_again(index);
  }

  void stay_for_a_session() {
    for (int i = 0; i < 10; ++i) {
      world_.advance(Millis{5'000});
      for (Asleep& each : actors_) {
        beat(each);
        world_.acknowledge_all();
        receive(each);
      }
    }
  }

  void change_topics() {
    if (!random_.chance(0.01)) return;
    const std::string name = fmt::format("t{}", random_.below(3));
    const GroupTopics::Topic* const known = world_.topics().find(name);
    if (known != nullptr && random_.chance(0.4)) {
      world_.delete_topic(name);
    } else {
      const std::int32_t count = known == nullptr ? 0 : known->partition_count;
      world_.make_topic(name, count + 1 + static_cast<std::int32_t>(random_.below(3)));
    }
  }

  void let_log_answer() {
    for (std::size_t left = world_.held_appends(); left > 0; --left) {
      world_.acknowledge(random_.chance(append_failure_) ? KafkaError::kNotEnoughReplicas
                                                         : KafkaError::kNone);
    }
  }

  /// The broker starts again from its log; those who wait for an answer never get it.
  void crash() {
    for (Asleep& each : actors_) {
      receive(each);
      if (each.actor.waits_for == kNoRequest) continue;
      each.actor.waits_for = kNoRequest;
      each.actor.has_news = true;
    }
    world_.restart();
  }

  void check() {
    const ConsumerGroup* const group = world_.consumer_group();
    if (group == nullptr) return;
    // The coordinator's own view, counted anew.
    std::map<TopicIdPartition, std::string> owners;
    for (const auto& [id, member] : group->members()) {
      EXPECT_LE(member.epoch, group->assignment_epoch());
      for (const auto* const partitions : {&member.assigned, &member.to_revoke}) {
        for (const auto& [partition, epoch] : *partitions) {
          const bool is_first = owners.emplace(partition, id).second;
          EXPECT_TRUE(is_first) << "partition " << partition.partition << " has two owners";
        }
      }
    }
    EXPECT_LE(group->assignment_epoch(), group->epoch());
    if (append_failure_ > 0) return;
    // What a member of the group thinks that it owns, the coordinator does too.
    for (const Asleep& each : actors_) {
      const ConsumerMember* const member = group->find(each.actor.id);
      if (member == nullptr || member->epoch == kStaticLeaveEpoch) continue;
      for (const TopicIdPartition& partition : each.actor.owned) {
        const auto found = owners.find(partition);
        EXPECT_TRUE(found != owners.end() && found->second == each.actor.id)
            << each.actor.id << " owns what it was not given";
      }
    }
  }

  double append_failure_;
  GroupWorld world_;
  Random random_;
  std::deque<Asleep> actors_;
};

TEST(ConsumerGroupSimulation, NoPartitionEverHasTwoOwners) {
  int moves = 0;
  int fenced = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ConsumerGroupSim sim(seed, 0);
    sim.run(400);
    if (!testing::Test::HasFailure()) sim.end();
    moves += sim.moves;
    fenced += sim.fenced;
    if (testing::Test::HasFailure()) break;
  }
  // The simulation must get somewhere to mean anything.
  EXPECT_GT(moves, 60 * 10);
  EXPECT_GT(fenced, 10);
}

TEST(ConsumerGroupSimulation, ALogThatFailsNowAndThenCostsNothingButTime) {
  int moves = 0;
  for (std::uint64_t seed = 101; seed <= 140; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ConsumerGroupSim sim(seed, 0.1);
    sim.run(400);
    if (!testing::Test::HasFailure()) sim.end();
    moves += sim.moves;
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(moves, 40 * 10);
}

}  // namespace
}  // namespace millrace::broker
