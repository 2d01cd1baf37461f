// ConsumerActor: a member of the group, which processes, commits, stalls and dies.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "client/consumer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

class ConsumerActor {
 public:
  /// name  of its host, too: each life of a consumer has one of its own
  ConsumerActor(RunState& run, std::string name);
  ConsumerActor(const ConsumerActor&) = delete;
  ConsumerActor& operator=(const ConsumerActor&) = delete;

  const std::string& name() const { return name_; }
  void join() { thread_->join(); }
  /// It makes no call for so long: beyond max.poll.interval.ms it is expelled.
  void stall(Millis duration) { stall_ = duration; }
  /// Its process dies. What it does from here on is a ghost's, and counts for nothing.
  void crash();

 private:
  void live();
  bool may_go_on() const { return !is_ghost_ && !run_.stops_consuming && !run_.has_failed(); }
  void consume(client::Consumer& consumer);
  void process(client::Consumer& consumer, const client::PolledRecords& polled);
  bool skips_first(bool begins) const;
  std::string_view value_of(const RecordView& record) const;
  void commit(client::Consumer& consumer);
  void give_up_slowly();
  client::RebalanceListener listener();

  RunState& run_;
  const std::string name_;
  client::Consumer* consumer_ = nullptr;  // while it lives
  bool is_ghost_ = false;
  Millis stall_{0};
  std::set<TopicPartition> fresh_;              // owned, and nothing read of them yet
  std::map<TopicPartition, Offset> processed_;  // since they were assigned
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::simulation
