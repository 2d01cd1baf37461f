#include "tests/simulation/simulation.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/admin.h"
#include "client/consumer.h"
#include "tests/simulation/broker_host.h"
#include "tests/simulation/consumer_actor.h"
#include "tests/simulation/nemesis.h"
#include "tests/simulation/pipeline_actor.h"
#include "tests/simulation/producer_actor.h"
#include "tests/simulation/seeded_faults.h"
#include "tests/simulation/stream_actor.h"
#include "tests/simulation/table_actor.h"
#include "tests/simulation/transaction_actor.h"
#include "wire/error_codes.h"

namespace millrace::simulation {
namespace {

constexpr Millis kPatience{240'000};

/// Runs on a thread of its own, which everybody else in the run is made by.
class Director {
 public:
  Director(RunState& run, SeededFaults* faults) : run_(run), faults_(faults), broker_(run) {}

  /// How the counts of windows were held against the reference.
  Comparison comparison() const { return comparison_; }
  std::uint64_t compacted_away() const { return compacted_away_; }

  void direct() {
    broker_.start();
    if (!make_topics()) return;
    for (int number = 0; number < run_.scenario.producers; ++number) {
      producers_.push_back(std::make_unique<ProducerActor>(run_, number));
    }
    for (int number = 0; number < run_.scenario.consumers; ++number) {
      consumers_.push_back(
          std::make_unique<ConsumerActor>(run_, fmt::format("consumer-{}", number)));
      living_.push_back(consumers_.back().get());
    }
    if (run_.scenario.stream_threads > 0) {
      streams_.emplace(run_);
      streams_->start();
    }
    for (int number = 0; number < run_.scenario.transactional_producers; ++number) {
      transactions_.push_back(std::make_unique<TransactionActor>(run_, number));
    }
    if (!transactions_.empty()) committed_reader_.emplace(run_);
    for (int number = 0; number < run_.scenario.pipelines; ++number) {
      pipelines_.push_back(std::make_unique<PipelineActor>(run_, number));
    }
    for (int number = 0; number < run_.scenario.table_writers; ++number) {
      table_writers_.push_back(std::make_unique<TableActor>(run_, number));
    }
    Nemesis(run_, {broker_, consumers_, living_, streams_ ? &*streams_ : nullptr, faults_}).rage();
    if (faults_ != nullptr) faults_->stop();
    come_to_rest();
    if (!run_.has_failed()) judge();
    broker_.stop_cleanly();
  }

 private:
  io::Env& env() { return run_.world.host("director"); }
  client::Properties properties() const {
    return {{"bootstrap.servers", run_.bootstrap()}, {"request.timeout.ms", "5000"}};
  }

  bool make_topics() {
    auto admin = client::Admin::create(properties(), &env());
    if (!admin.ok()) return fail(admin.error().to_string());
    std::vector<client::NewTopic> topics;
    for (const char* const name : {kInputTopic, kCountTopic, kTransferTopic, kCopyTopic}) {
      topics.push_back({.name = name,
                        .partitions = run_.scenario.partitions,
                        .configs = {{"retention.ms", "-1"}}});
    }
    topics.front().configs["segment.bytes"] = std::to_string(run_.scenario.segment_bytes);
    topics.push_back(table());
    const auto made = admin->create_topics(topics);
    if (!made.ok()) return fail(made.error().to_string());
    for (const auto& [name, outcome] : *made) {
      if (outcome.ok() || is_repeated(outcome.error())) continue;
      return fail(name + ": " + outcome.error().to_string());
    }
    return true;
  }

  /// A request whose answer was lost is sent again, and finds what it has made: nobody else makes
  /// topics here.
  static bool is_repeated(const Error& error) {
    return wire::kafka_error_of(error) == wire::KafkaError::kTopicAlreadyExists;
  }

  client::NewTopic table() const {
    const bool may_delete = run_.is_sabotaged_by(Sabotage::kTableLosesItsStart);
    return {.name = kTableTopic,
            .partitions = run_.scenario.partitions,
            .configs = {{"retention.ms", "-1"},
                        {"cleanup.policy", may_delete ? "compact,delete" : "compact"},
                        {"segment.bytes", "4096"},
                        {"min.cleanable.dirty.ratio", "0.01"},
                        {"delete.retention.ms", "2000"}}};
  }

  bool fail(const std::string& what) {
    run_.history.violated(what);
    return false;
  }

  void come_to_rest() {
    run_.stops_producing = true;
    for (const auto& producer : producers_) producer->join();
    for (const auto& producer : transactions_) producer->join();
    for (const auto& writer : table_writers_) writer->join();
    run_.history.did("all producers are done");
    if (!run_.has_failed()) wait_for_group(kGroup);
    if (!run_.has_failed() && !pipelines_.empty()) wait_for_group(kPipelineGroup);
    if (!run_.has_failed()) wait_for_transactions(kTransferTopic);
    run_.stops_consuming = true;
    if (committed_reader_) committed_reader_->join();
    for (const auto& pipeline : pipelines_) pipeline->join();
    if (!run_.has_failed() && !pipelines_.empty()) wait_for_transactions(kCopyTopic);
    for (const auto& consumer : consumers_) consumer->join();
    if (streams_ && !run_.has_failed()) streams_->finish();
  }

  /// Until the group has committed all there is.
  void wait_for_group(const std::string& group) {
    auto admin = client::Admin::create(properties(), &env());
    if (!admin.ok()) return run_.history.violated(admin.error().to_string());
    const MonotonicTime deadline = run_.world.scheduler().now() + kPatience;
    std::string missing;
    while (run_.world.scheduler().now() < deadline && !run_.has_failed()) {
      missing = what_group_misses(*admin, group);
      if (missing.empty()) return;
      run_.sleep(std::chrono::seconds{1});
    }
    if (!run_.has_failed()) {
      run_.history.violated("group " + group + " does not come to rest: " + missing);
    }
  }

  Result<client::Consumer> make_reader(const char* isolation) {
    client::Properties reading = properties();
    reading.set("isolation.level", isolation);
    return client::Consumer::create(reading, {}, &env());
  }

  /// Until no transaction is open: those of producers that died end by their time-out.
  void wait_for_transactions(const char* topic) {
    auto all = make_reader("read_uncommitted");
    auto committed = make_reader("read_committed");
    if (!all.ok() || !committed.ok()) return run_.history.violated("the judge cannot begin");
    const MonotonicTime deadline = run_.world.scheduler().now() + kPatience;
    std::string open;
    while (run_.world.scheduler().now() < deadline) {
      open = open_transaction(topic, *all, *committed);
      if (open.empty()) return;
      run_.sleep(std::chrono::seconds{1});
    }
    run_.history.violated("a transaction does not end: " + open);
  }

  std::string open_transaction(const char* topic, client::Consumer& all,
                               client::Consumer& committed) {
    const auto partitions = run_.partitions_of(topic);
    const auto ends = all.end_offsets({partitions.begin(), partitions.end()});
    const auto stable = committed.end_offsets({partitions.begin(), partitions.end()});
    if (!ends.ok()) return ends.error().to_string();
    if (!stable.ok()) return stable.error().to_string();
    for (const auto& [partition, end] : *ends) {
      const Offset last_stable = stable->at(partition);
      if (last_stable < end)
        return fmt::format("{} is stable to {} of {}", partition, last_stable, end);
    }
    return {};
  }

  std::string what_group_misses(client::Admin& admin, const std::string& group) {
    const auto committed = admin.list_group_offsets(group);
    if (!committed.ok()) return committed.error().to_string();
    std::map<TopicPartition, client::OffsetSpec> latest;
    for (const auto& partition : run_.input_partitions()) {
      latest.emplace(partition, client::OffsetSpec::latest());
    }
    const auto ends = admin.list_offsets(latest);
    if (!ends.ok()) return ends.error().to_string();
    for (const auto& [partition, end] : *ends) {
      if (!end.ok()) return end.error().to_string();
      const auto found = committed->find(partition);
      const Offset reached = found == committed->end() ? Offset{0} : found->second.offset;
      if (found != committed->end() && group == kGroup)
        run_.report(run_.group.check_committed(partition, reached));
      if (reached < end->offset) {
        return fmt::format("{} is committed to {} of {}", partition, reached, end->offset);
      }
    }
    return {};
  }

  void judge() {
    WindowCounts reference;
    read_all(kInputTopic, [&](const TopicPartition&, const RecordView& record) {
      count_reference(reference, record);
    });
    for (const TopicPartition& partition : run_.input_partitions()) {
      run_.report(run_.ledger.check_log(partition, logs_[partition]));
    }
    if (committed_reader_ && !run_.has_failed()) judge_transactions();
    if (!pipelines_.empty() && !run_.has_failed()) judge_copies();
    if (!table_writers_.empty() && !run_.has_failed()) judge_table();
    if (!streams_ || run_.has_failed()) return;
    CountsSeen seen;
    read_all(kCountTopic,
             [&](const TopicPartition&, const RecordView& record) { seen.take(record); });
    if (run_.may_read_what_is_lost()) return;
    compare_counts(reference, run_.scenario.may_have_zombies() ? seen.largest : seen.latest);
  }

  void judge_transactions() {
    std::map<TopicPartition, TransactionLedger::Log> visible;
    read_all(kTransferTopic, [&](const TopicPartition& partition, const RecordView& record) {
      visible[partition].emplace_back(record.offset, std::string(record.value.value_or("")));
    });
    if (run_.has_failed()) return;
    run_.report(run_.transactions.check(visible));
    if (run_.has_failed() || run_.may_read_what_is_lost()) return;
    run_.report(TransactionLedger::check_read(committed_reader_->read(), visible));
  }

  /// Each partition of the copies holds what its original holds, once and in its order.
  void judge_copies() {
    read_all(kCopyTopic, [](const TopicPartition&, const RecordView&) {});
    if (run_.has_failed() || run_.may_read_what_is_lost()) return;
    for (const TopicPartition& original : run_.input_partitions()) {
      const auto& wanted = logs_[original];
      const auto& copies = logs_[{kCopyTopic, original.partition}];
      for (std::size_t i = 0; i < std::max(wanted.size(), copies.size()); ++i) {
        const std::string from = i < wanted.size() ? wanted[i].value : "nothing";
        const std::string to = i < copies.size() ? copies[i].value : "nothing";
        if (from == to) continue;
        return run_.history.violated(
            fmt::format("record {} of {} is {}, its copy is {}", i, original, from, to));
      }
    }
  }

  void judge_table() {
    if (run_.is_sabotaged_by(Sabotage::kTableLosesItsStart)) lose_tables_start();
    std::map<TopicPartition, std::vector<TableLedger::Record>> left;
    std::uint64_t left_count = 0;
    read_all(kTableTopic, [&](const TopicPartition& partition, const RecordView& record) {
      TableLedger::Record& one = left[partition].emplace_back();
      one.offset = record.offset;
      one.key = record.key.value_or("");
      if (record.value) one.value = *record.value;
      ++left_count;
    });
    if (run_.has_failed()) return;
    for (const TopicPartition& partition : run_.partitions_of(kTableTopic)) {
      run_.report(run_.table.check_log(partition, left[partition]));
    }
    const std::uint64_t written = run_.table.acknowledged_count();
    compacted_away_ = written - std::min<std::uint64_t>(written, left_count);
  }

  /// As a pass of compaction would that forgot all keys but the last record's.
  void lose_tables_start() {
    auto admin = client::Admin::create(properties(), &env());
    auto reader = make_reader("read_uncommitted");
    if (!admin.ok() || !reader.ok()) return run_.history.violated("the table stays whole");
    const auto partitions = run_.partitions_of(kTableTopic);
    const auto ends = reader->end_offsets({partitions.begin(), partitions.end()});
    if (!ends.ok()) return run_.history.violated(ends.error().to_string());
    std::map<TopicPartition, Offset> before;
    for (const auto& [partition, end] : *ends) before[partition] = end + -1;
    (void)admin->delete_records(before);
  }

  void compare_counts(const WindowCounts& reference, const WindowCounts& counted) {
    const bool is_exact = streams_->is_exact() && !run_.scenario.may_fail_commits();
    comparison_ = is_exact ? Comparison::kEqual : Comparison::kAtLeast;
    for (const auto& [window, expected] : reference) {
      const auto found = counted.find(window);
      const std::int64_t count = found == counted.end() ? 0 : found->second;
      if (count == expected || (!is_exact && count > expected)) continue;
      run_.history.violated(fmt::format("{} in the window from {}: counted {}, wanted {}",
                                        window.first, window.second, count, expected));
    }
  }

  void read_all(const std::string& topic,
                const std::function<void(const TopicPartition&, const RecordView&)>& visit) {
    auto consumer = make_reader("read_committed");
    if (!consumer.ok()) return run_.history.violated(consumer.error().to_string());
    client::PartitionList partitions;
    for (std::int32_t id = 0; id < run_.scenario.partitions; ++id) {
      partitions.push_back({topic, PartitionId{id}});
    }
    const auto ends = consumer->end_offsets(partitions);
    if (!ends.ok()) return run_.history.violated(ends.error().to_string());
    (void)consumer->assign(partitions);
    (void)consumer->seek_to_beginning(partitions);
    const MonotonicTime deadline = run_.world.scheduler().now() + kPatience;
    std::map<TopicPartition, Offset> reached;
    const auto is_done = [&] {
      for (const auto& [partition, end] : *ends) {
        if (end > Offset{0} && reached[partition] < end) return false;
      }
      return true;
    };
    while (!is_done()) {
      if (run_.world.scheduler().now() >= deadline) {
        return run_.history.violated(topic + " cannot be read to its end");
      }
      const auto polled = consumer->poll(Millis{200});
      if (!polled.ok()) {
        run_.history.saw("the judge cannot read: " + polled.error().to_string());
        continue;
      }
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) {
          logs_[part.partition].push_back({record.offset, std::string(record.value.value_or(""))});
          visit(part.partition, record);
        }
        reached[part.partition] = part.next_offset;
      }
    }
  }

  RunState& run_;
  Comparison comparison_ = Comparison::kNone;
  std::uint64_t compacted_away_ = 0;
  SeededFaults* faults_;
  BrokerHost broker_;
  std::vector<std::unique_ptr<ProducerActor>> producers_;
  std::vector<std::unique_ptr<ConsumerActor>> consumers_;
  std::vector<ConsumerActor*> living_;
  std::optional<StreamActor> streams_;
  std::vector<std::unique_ptr<TransactionActor>> transactions_;
  std::optional<CommittedReader> committed_reader_;
  std::vector<std::unique_ptr<PipelineActor>> pipelines_;
  std::vector<std::unique_ptr<TableActor>> table_writers_;
  std::map<TopicPartition, std::vector<Ledger::LogRecord>> logs_;
};

}  // namespace

Outcome simulate(std::uint64_t seed) {
  Random random(seed);
  return simulate(seed, Scenario::from(random));
}

Outcome simulate(std::uint64_t seed, Sabotage sabotage) {
  Random random(seed);
  Scenario scenario = Scenario::from(random);
  if (sabotage != Sabotage::kNone) scenario.break_on_purpose(sabotage);
  return simulate(seed, scenario);
}

Outcome simulate(std::uint64_t seed, const Scenario& scenario) {
  sim::SimWorld world(seed);
  world.scheduler().clock().set_reading_cost(scenario.reading_cost);
  History history(world.scheduler().clock());
  RunState run{.world = world, .scenario = scenario, .history = history};
  std::optional<SeededFaults> faults;
  if (scenario.strikes_fault_points || scenario.cuts_power || scenario.loses_answers ||
      scenario.keeps_no_assignment_epochs) {
    faults.emplace(Random(seed + 1), scenario.strikes_fault_points
                                         ? SeededFaults::Strikes::kRarely
                                         : SeededFaults::Strikes::kWhenHeld);
  }
  if (scenario.keeps_no_assignment_epochs) {
    faults->hold("a commit counts in the latest member epoch only");
  }
  const MonotonicTime start = world.scheduler().now();
  Comparison counts = Comparison::kNone;
  std::uint64_t compacted_away = 0;
  {
    Director director(run, faults ? &*faults : nullptr);
    world.host("director").start_thread("director", [&] { director.direct(); })->join();
    counts = director.comparison();
    compacted_away = director.compacted_away();
  }
  const std::chrono::duration<double> passed = world.scheduler().now() - start;
  return {.violation = history.violation(),
          .scenario = scenario.to_string(),
          .history = history.shortened(),
          .fingerprint = world.scheduler().fingerprint(),
          .acknowledged = run.ledger.acknowledged_count(),
          .compacted_away = compacted_away,
          .counts = counts,
          .virtual_seconds = passed.count()};
}

}  // namespace millrace::simulation
