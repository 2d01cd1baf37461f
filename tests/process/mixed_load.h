// MixedLoad: clients of every kind at work on one cluster while somebody kills its brokers, and the
// check of what they have to find in the end.
//
// Two producers write transactions over several partitions and abort some; one is idempotent; one
// copies its topic exactly once, with the offsets in the transactions; one writes a table that is
// compacted; a reader of committed records looks on. The anomalies that are looked for are those of
// Jepsen's Kafka tests: lost-write, duplicate, aborted-read, nonmonotonic-poll.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "base/result.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "client/properties.h"
#include "io/env.h"
#include "tests/simulation/transaction_ledger.h"

namespace millrace::process {

/// thread  create_topics(), start(), end() and check() are called in this order, from one thread;
///         the rest from any
class MixedLoad {
 public:
  /// properties  of every client: where the cluster is, and how soon to try again
  MixedLoad(io::Env& env, client::Properties properties, std::uint64_t seed);
  ~MixedLoad();
  MixedLoad(const MixedLoad&) = delete;
  MixedLoad& operator=(const MixedLoad&) = delete;

  /// replication_factor  -1 for the cluster's own
  Status create_topics(std::int16_t replication_factor);
  void start();
  /// Transactions that were committed.
  std::int64_t committed() const { return committed_; }
  /// Somebody could not work on, which no kill excuses.
  bool has_complaint() const { return has_complaint_; }
  /// Lets all come to their end, which takes a cluster that is there.
  void end();
  /// What is wrong, of what they said meanwhile and of what readers get now. May be called again,
  /// as after another start of the broker.
  std::vector<std::string> check();
  /// Whether compaction took something of the table, which check() has read.
  bool was_compacted() const { return was_compacted_; }

 private:
  using Ledger = simulation::TransactionLedger;
  using Logs = std::map<TopicPartition, Ledger::Log>;

  void note(const std::string& complaint);
  client::Properties of_producer(const std::string& transactional_id) const;
  client::Properties of_reader(std::string_view isolation) const;
  /// The first answer of a call about a transaction that is not "not over yet, call again".
  template <class Call>
  client::TransactionStatus insist(Call&& call);

  // ── Those who work ──

  void write_transactions(int writer);
  /// False when the producer can only be closed.
  bool write_one(client::Producer& producer, Random& random, int writer, std::uint64_t transaction);
  bool abort(client::Producer& producer);
  void write_numbers();
  void copy_numbers();
  void copy_in_one_life();
  /// False when the next life has to go on.
  bool copy(client::Producer& producer, const client::PolledRecords& polled);
  void write_table();
  void look_on();

  // ── What has to hold ──

  static client::PartitionList transfers();
  void tell_ledger(const std::function<void(Ledger&)>& tell) { ledger_.with(tell); }
  void collect(const client::PolledRecords& polled, Logs& logs);
  Result<std::map<TopicPartition, Offset>> ends(std::string_view isolation,
                                                const client::PartitionList& partitions);
  /// Everything that readers of committed records get once all transactions are over.
  Result<Logs> read_committed(const client::PartitionList& partitions);
  Status check_transfers();
  /// The values of a topic of one partition, which count up from 0.
  Result<std::int64_t> count_of_numbers(std::string_view topic);
  Status check_copies();
  Status check_table();

  io::Env& env_;
  const client::Properties properties_;
  const std::uint64_t seed_;
  std::vector<std::unique_ptr<io::Thread>> workers_;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> has_complaint_ = false;
  Guarded<std::vector<std::string>> complaints_;

  Guarded<Ledger> ledger_;
  Logs looked_on_;  // the reader's, until end()
  std::atomic<std::int64_t> committed_ = 0;
  std::atomic<std::int64_t> numbers_acked_ = 0;
  std::atomic<std::int64_t> rows_sent_ = 0;
  std::atomic<std::int64_t> rows_acked_ = 0;  // rows up to here are
  bool was_compacted_ = false;
};

}  // namespace millrace::process
