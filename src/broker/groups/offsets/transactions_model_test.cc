// Commits, transactional commits, markers, removals, logs that answer late or refuse, and restarts,
// in any order over many seeds, against a model that writes down the log and reads it naively.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "broker/groups/group_world.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;
using wire::TransactionResult;

/// What came into the log, one thing after another.
struct Event {
  enum class Kind { kCommit, kTransactional, kMarker, kForget };
  Kind kind;
  PartitionId part;  // of the log
  std::int64_t producer = -1;
  TransactionResult result = TransactionResult::kAbort;
  OffsetKey key = {};
  std::int64_t offset = -1;
};

/// An offset counts when it is plain, or when the next marker of its producer in its part is a
/// commit; of all that count at a key the last in the log does, unless it was forgotten behind it.
class Model {
 public:
  void add(const Event& event) { log_.push_back(event); }

  std::int64_t committed(const OffsetKey& key) const {
    std::int64_t offset = -1;
    for (std::size_t i = 0; i < log_.size(); ++i) {
      const Event& event = log_[i];
      if (event.kind == Event::Kind::kMarker || event.key != key) continue;
      if (event.kind == Event::Kind::kForget) offset = -1;
      if (event.kind == Event::Kind::kCommit) offset = event.offset;
      if (event.kind != Event::Kind::kTransactional) continue;
      const Event* const marker = end_of(i);
      if (marker != nullptr && marker->result == TransactionResult::kCommit) offset = event.offset;
    }
    return offset;
  }
  bool is_pending(const OffsetKey& key) const {
    bool is_pending = false;
    for (std::size_t i = 0; i < log_.size(); ++i) {
      if (log_[i].kind == Event::Kind::kMarker || log_[i].key != key) continue;
      if (log_[i].kind == Event::Kind::kForget) is_pending = false;
      if (log_[i].kind == Event::Kind::kTransactional && end_of(i) == nullptr) is_pending = true;
    }
    return is_pending;
  }

 private:
  /// Null while the transaction is open.
  const Event* end_of(std::size_t at) const {
    for (std::size_t i = at + 1; i < log_.size(); ++i) {
      if (log_[i].kind == Event::Kind::kMarker && log_[i].part == log_[at].part &&
          log_[i].producer == log_[at].producer) {
        return &log_[i];
      }
    }
    return nullptr;
  }

  std::vector<Event> log_;
};

class TransactionsSim {
 public:
  explicit TransactionsSim(std::uint64_t seed) : random_(seed), world_({}, seed) {
    world_.holds_appends = true;
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      check();
    }
  }
  int commits() const { return commits_; }

 private:
  std::string pick_group() { return random_.chance(0.5) ? "a" : "b"; }
  std::int64_t pick_producer() { return static_cast<std::int64_t>(random_.below(3)) + 1; }
  std::string pick_topic() { return random_.chance(0.8) ? "t" : "u"; }
  std::int32_t pick_partition() { return static_cast<std::int32_t>(random_.below(2)); }

  void step() {
    const auto choice = random_.below(100);
    if (choice < 20) return commit();
    if (choice < 50) return commit_in_transaction();
    if (choice < 65) return end_transaction();
    if (choice < 67) return delete_group();
    if (choice < 69) return delete_topic();
    if (choice < 71) return restart();
    acknowledge();
  }

  void commit() {
    const OffsetKey key{pick_group(), pick_topic(), pick_partition()};
    world_.commit(
        {.group = key.group, .topic = key.topic, .partition = key.partition, .offset = ++offset_});
    held_.push_back({{Event::Kind::kCommit, world_.partition_of(key.group), -1, {}, key, offset_}});
  }
  void commit_in_transaction() {
    const OffsetKey key{pick_group(), pick_topic(), pick_partition()};
    const std::int64_t producer = pick_producer();
    world_.commit_in_transaction({.producer = producer,
                                  .group = key.group,
                                  .topic = key.topic,
                                  .partition = key.partition,
                                  .offset = ++offset_});
    held_.push_back({{Event::Kind::kTransactional,
                      world_.partition_of(key.group),
                      producer,
                      {},
                      key,
                      offset_}});
  }
  void end_transaction() {
    const PartitionId part = world_.partition_of(pick_group());
    const std::int64_t producer = pick_producer();
    const auto result =
        random_.chance(0.6) ? TransactionResult::kCommit : TransactionResult::kAbort;
    world_.end_transaction_in(part, producer, result);
    held_.push_back({{Event::Kind::kMarker, part, producer, result}});
  }
  void delete_group() {
    world_.delete_groups({pick_group()});
    hold_removals();
  }
  void delete_topic() {
    world_.delete_topic("u");
    hold_removals();
  }
  /// What the coordinator wants forgotten, read from its own records.
  void hold_removals() {
    for (std::size_t i = held_.size(); i < world_.held_appends(); ++i) {
      std::vector<Event> events;
      for (const LogRecord& record : world_.held()[i].records) {
        const auto entry = read_log_record(record.key, std::nullopt);
        const auto* const offset = std::get_if<LoggedOffset>(&entry.value());
        if (offset == nullptr) continue;
        events.push_back({Event::Kind::kForget,
                          {},
                          -1,
                          {},
                          {offset->group_id, offset->change.topic, offset->change.partition}});
      }
      held_.push_back(std::move(events));
    }
  }
  void restart() {
    const bool is_settled = held_.empty();
    const std::string before = picture_of(world_.state());
    world_.restart();
    held_.clear();
    // A group that is being removed is out of the table before its tombstones are in the log.
    if (is_settled) {
      EXPECT_EQ(picture_of(world_.state()), before);
    }
  }
  void acknowledge() {
    if (held_.empty()) return;
    const bool is_good = !random_.chance(0.1);
    if (is_good) {
      for (const Event& event : held_.front()) model_.add(event);
    }
    held_.erase(held_.begin());
    world_.acknowledge(is_good ? KafkaError::kNone : KafkaError::kNotEnoughReplicas);
  }

  void check() {
    ASSERT_EQ(held_.size(), world_.held_appends());
    for (const std::string group : {"a", "b"}) {
      for (const std::string topic : {"t", "u"}) {
        for (std::int32_t partition = 0; partition < 2; ++partition) {
          const OffsetKey key{group, topic, partition};
          const std::int64_t committed = world_.committed(group, topic, partition);
          ASSERT_EQ(committed, model_.committed(key)) << group << " " << topic << partition;
          ASSERT_EQ(world_.state().open_transactions.holds(key), model_.is_pending(key))
              << group << " " << topic << partition;
          commits_ += committed >= 0 ? 1 : 0;
        }
      }
    }
  }

  Random random_;
  GroupWorld world_;
  Model model_;
  std::vector<std::vector<Event>> held_;  // one for each append that the world holds
  std::int64_t offset_ = 0;
  int commits_ = 0;
};

TEST(TransactionsModel, AgreesWithTheCoordinatorOverManySeeds) {
  int commits = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    TransactionsSim sim(seed);
    sim.run(200);
    commits += sim.commits();
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(commits, 200 * 200) << "it must get somewhere to mean anything";
}

}  // namespace
}  // namespace millrace::broker
