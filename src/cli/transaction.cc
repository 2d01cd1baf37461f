// millrace transaction list | describe | describe-producers | find-hanging | abort
//
// Fields are named as Kafka's own tool names its columns, in our way of writing.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/hanging_transactions.h"
#include "cli/topic_partitions.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

struct TransactionOptions {
  ClusterOptions cluster;
  std::vector<std::string> ids;
  std::vector<std::string> states;
  std::optional<std::string> longer_than;
  std::string older_than = "15m";
  std::vector<std::string> topics;  // TOPIC or TOPIC:PARTITION
  std::string topic;
  std::optional<std::int64_t> partition;
  std::optional<std::int64_t> start_offset;
  std::optional<std::int64_t> producer_id;
  std::optional<std::int64_t> producer_epoch;
  std::optional<std::int64_t> coordinator_epoch;
  std::string format = "text";
};
using SharedTransaction = std::shared_ptr<TransactionOptions>;

ExitCode list(const TransactionOptions& options, Console& console, io::Env& env) {
  client::TransactionFilter filter;
  filter.states = options.states;
  if (options.producer_id) filter.producer_ids = {ProducerId{*options.producer_id}};
  if (options.longer_than) {
    const auto longer_than = parse_duration("--longer-than", *options.longer_than);
    if (!longer_than.ok()) return report(console, longer_than.error());
    filter.longer_than = *longer_than;
  }
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto transactions = admin->list_transactions(filter);
  if (!transactions.ok()) return report(console, transactions.error());

  Value::List rows;
  for (const auto& each : *transactions) {
    rows.emplace_back(Value::Object{{"transactional_id", each.transactional_id},
                                    {"coordinator", each.coordinator.value()},
                                    {"producer_id", each.producer_id.value()},
                                    {"transaction_state", each.state}});
  }
  if (rows.empty()) console.note("no transactions\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

Value names_of(const std::vector<TopicPartition>& partitions) {
  Value::List names;
  for (const TopicPartition& each : partitions) names.emplace_back(fmt::to_string(each));
  return names;
}

Value::Object row_of(const client::TransactionDescription& each, Timestamp now) {
  std::optional<std::int64_t> started;
  std::optional<std::int64_t> duration;
  if (each.started) {
    started = each.started->value();
    duration = now.value() - *started;
  }
  return {{"coordinator_id", each.coordinator.value(), Detail::kWide},
          {"transactional_id", each.transactional_id},
          {"producer_id", each.producer_id.value()},
          {"producer_epoch", std::int32_t{each.producer_epoch.value()}},
          {"transaction_state", each.state},
          {"transaction_timeout_ms", each.timeout.count(), Detail::kWide},
          {"current_transaction_start_time_ms", started, Detail::kWide},
          {"transaction_duration_ms", duration},
          {"topic_partitions", names_of(each.partitions)}};
}

ExitCode describe(const TransactionOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->describe_transactions(options.ids);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List rows;
  for (const auto& [id, outcome] : *outcomes) {
    if (outcome.ok()) {
      rows.emplace_back(row_of(*outcome, env.clock().wall()));
    } else {
      code = report(console, outcome.error());
    }
  }
  if (!rows.empty()) console.print_rendered(render(rows, format_named(options.format)));
  return code;
}

/// Those of the topics; all of the cluster, also its own topics, when none is given.
Result<std::set<TopicPartition>> partitions_of(client::Admin& admin,
                                               const std::vector<std::string>& topics) {
  if (!topics.empty()) return partitions_named(admin, topics);
  const auto listed = admin.list_topics();
  if (!listed.ok()) return listed.error();
  std::set<TopicPartition> partitions;
  for (const auto& topic : *listed) {
    for (std::int32_t i = 0; i < topic.partition_count; ++i) {
      partitions.insert({topic.name, PartitionId{i}});
    }
  }
  return partitions;
}

Value::Object row_of(const TopicPartition& partition, const client::ProducerState& producer) {
  const auto& start = producer.transaction_start;
  return {{"topic", partition.topic},
          {"partition", partition.partition.value()},
          {"producer_id", producer.id.value()},
          {"producer_epoch", std::int32_t{producer.epoch.value()}},
          {"latest_coordinator_epoch", producer.coordinator_epoch},
          {"last_sequence", producer.last_sequence},
          {"last_timestamp", producer.last_timestamp.value()},
          {"current_transaction_start_offset", start ? Value(start->value()) : Value()}};
}

ExitCode describe_producers(const TransactionOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto partitions = partitions_of(*admin, options.topics);
  if (!partitions.ok()) return report(console, partitions.error());
  const auto outcomes = admin->describe_producers(*partitions);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List rows;
  for (const auto& [partition, producers] : *outcomes) {
    if (!producers.ok()) {
      code = report(console, producers.error());
      continue;
    }
    for (const auto& producer : *producers) rows.emplace_back(row_of(partition, producer));
  }
  if (rows.empty() && code == ExitCode::kDone) console.note("no producers\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return code;
}

Value::Object row_of(const OpenInPartition& open, Timestamp now) {
  using Minutes = std::chrono::minutes;
  return {{"topic", open.partition.topic},
          {"partition", open.partition.partition.value()},
          {"producer_id", open.producer.id.value()},
          {"producer_epoch", std::int32_t{open.producer.epoch.value()}},
          {"coordinator_epoch", open.producer.coordinator_epoch},
          {"start_offset", open.start().value()},
          {"last_timestamp", open.producer.last_timestamp.value()},
          {"duration_min", std::chrono::duration_cast<Minutes>(open.silent_for(now)).count()}};
}

ExitCode find_hanging(const TransactionOptions& options, Console& console, io::Env& env) {
  const auto older_than = parse_duration("--older-than", options.older_than);
  if (!older_than.ok()) return report(console, older_than.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto partitions = partitions_of(*admin, options.topics);
  if (!partitions.ok()) return report(console, partitions.error());
  const Timestamp now = env.clock().wall();
  const auto hanging = cli::find_hanging(*admin, *partitions, now, *older_than);
  if (!hanging.ok()) return report(console, hanging.error());

  Value::List rows;
  for (const auto& each : *hanging) rows.emplace_back(row_of(each, now));
  console.print_rendered(render(rows, format_named(options.format)));
  if (hanging->empty()) {
    console.note("no hanging transactions\n");
  } else {
    const auto& first = hanging->front();
    console.note(
        "to end the first: millrace transaction abort --topic {} --partition {} "
        "--start-offset {}\n",
        first.partition.topic, first.partition.partition, first.start());
  }
  return ExitCode::kDone;
}

Result<client::OpenTransaction> opened_at(client::Admin& admin, const TopicPartition& partition,
                                          Offset start) {
  const auto outcomes = admin.describe_producers({partition});
  if (!outcomes.ok()) return outcomes.error();
  const auto& producers = outcomes->at(partition);
  if (!producers.ok()) return producers.error();
  for (const auto& each : *producers) {
    if (each.transaction_start != start) continue;
    return client::OpenTransaction{partition, each.id, each.epoch, each.coordinator_epoch};
  }
  return Error{ErrorCode::kNotFound,
               fmt::format("wanted a transaction that is open in {} since offset {}, found none",
                           partition, start)};
}

/// That the producer has a transaction open there. Clusters that do not describe producers cannot
/// be asked.
Status check_open(client::Admin& admin, const client::OpenTransaction& transaction) {
  const auto outcomes = admin.describe_producers({transaction.partition});
  if (!outcomes.ok()) {
    return outcomes.error().code == ErrorCode::kUnsupported ? Status{} : Status{outcomes.error()};
  }
  const auto& producers = outcomes->at(transaction.partition);
  if (!producers.ok()) {
    return producers.error().code == ErrorCode::kUnsupported ? Status{} : Status{producers.error()};
  }
  for (const auto& each : *producers) {
    if (each.id == transaction.producer_id && each.transaction_start) return {};
  }
  return Error{ErrorCode::kNotFound,
               fmt::format("wanted a transaction of producer {} that is open in {}, found none",
                           transaction.producer_id, transaction.partition)};
}

/// What is named by its producer, for clusters that do not describe producers.
Result<client::OpenTransaction> named_by_producer(const TransactionOptions& options,
                                                  const TopicPartition& partition) {
  if (!options.producer_id || !options.producer_epoch || !options.coordinator_epoch) {
    return wrong_usage(
        "wanted --start-offset, or --producer-id, --producer-epoch and --coordinator-epoch");
  }
  return client::OpenTransaction{partition, ProducerId{*options.producer_id},
                                 ProducerEpoch{static_cast<std::int16_t>(*options.producer_epoch)},
                                 static_cast<std::int32_t>(*options.coordinator_epoch)};
}

ExitCode abort(const TransactionOptions& options, Console& console, io::Env& env) {
  if (options.topic.empty() || !options.partition) {
    return report(console, wrong_usage("wanted --topic and --partition"));
  }
  const TopicPartition partition{options.topic,
                                 PartitionId{static_cast<std::int32_t>(*options.partition)}};
  // Wrong usage is told before anything is asked.
  auto transaction = named_by_producer(options, partition);
  if (!options.start_offset && !transaction.ok()) return report(console, transaction.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  if (options.start_offset) {
    transaction = opened_at(*admin, partition, Offset{*options.start_offset});
    if (!transaction.ok()) return report(console, transaction.error());
  } else if (auto open = check_open(*admin, *transaction); !open.ok()) {
    return report(console, open.error());
  }
  const auto aborted = admin->abort_transaction(*transaction);
  if (!aborted.ok()) return report(console, aborted.error());
  console.print("aborted the transaction of producer {}, epoch {}, in {}\n",
                transaction->producer_id, transaction->producer_epoch, partition);
  return ExitCode::kDone;
}

using RunTransaction = ExitCode (*)(const TransactionOptions&, Console&, io::Env&);

Command add_command(Command& transaction, const SharedTransaction& options, io::Env& env,
                    RunTransaction run, const char* const (&texts)[3]) {
  Command command = transaction.add_command(texts[0], texts[1], texts[2]);
  command.action([options, &env, run](Console& console) { return run(*options, console, env); });
  add_cluster_options(command, options->cluster);
  return command;
}

void add_format(Command& command, const SharedTransaction& options) {
  command.choice("-f,--format", options->format, format_names(), "How to write it");
}

void add_abort(Command& transaction, const SharedTransaction& options, io::Env& env) {
  Command aborting =
      add_command(transaction, options, env, abort,
                  {"abort",
                   "End a hanging transaction in one partition: none of its records there is "
                   "committed",
                   "millrace transaction abort --topic clicks --partition 0 --start-offset 4711"});
  aborting.option("--topic TOPIC", options->topic, "The topic");
  aborting.option("-p,--partition", options->partition, "The partition", 0, INT32_MAX);
  aborting.option("--start-offset", options->start_offset,
                  "Where the transaction begins, as find-hanging says", 0, INT64_MAX);
  aborting.option("--producer-id", options->producer_id,
                  "Its producer, with both epochs, for clusters older than Kafka 3.0", 0,
                  INT64_MAX);
  aborting.option("--producer-epoch", options->producer_epoch, "The producer's epoch", 0,
                  INT16_MAX);
  aborting.option("--coordinator-epoch", options->coordinator_epoch,
                  "The epoch of the last coordinator that wrote for it; -1: none has", -1,
                  INT32_MAX);
  aborting.exclusive("--start-offset", "--producer-id");
}

}  // namespace

void add_transaction(Command root, io::Env& env) {
  Command transaction = root.add_command(
      "transaction", "List and describe transactions, find those that hang, and end them",
      "millrace transaction find-hanging");
  const auto options = std::make_shared<TransactionOptions>();

  Command listing = add_command(transaction, options, env, list,
                                {"list", "List the transactions of the cluster",
                                 "millrace transaction list --state Ongoing --longer-than 5m"});
  listing.option("--state STATE", options->states,
                 "Only in this state, such as Ongoing or PrepareCommit; may be repeated");
  listing.option("--longer-than DURATION", options->longer_than,
                 "Only those that began longer ago, such as 30s, 15m or 2h, and with --state "
                 "Ongoing those that have run for longer");
  listing.option("--producer-id", options->producer_id, "Only those of this producer", 0,
                 INT64_MAX);
  add_format(listing, options);

  Command describing =
      add_command(transaction, options, env, describe,
                  {"describe", "Show state, producer, age and partitions of transactions",
                   "millrace transaction describe till-7 --format wide"});
  describing.arguments("ID", options->ids, "Transactional ids");
  add_format(describing, options);

  Command producers =
      add_command(transaction, options, env, describe_producers,
                  {"describe-producers",
                   "Show the producers that partitions remember, and where the transaction "
                   "begins that one has open there",
                   "millrace transaction describe-producers clicks:0"});
  producers.arguments("TOPIC[:PARTITION]", options->topics, "Topics, or partitions of them");
  add_format(producers, options);

  Command finding =
      add_command(transaction, options, env, find_hanging,
                  {"find-hanging",
                   "Find transactions that are open in a partition and that no coordinator "
                   "has: nobody but you will end them",
                   "millrace transaction find-hanging --topic clicks --older-than 20m"});
  finding.option("--topic TOPIC[:PARTITION]", options->topics,
                 "Only in this topic or partition; may be repeated; without it everywhere");
  finding.option("--older-than DURATION", options->older_than,
                 "Only when the producer has written nothing for longer, such as 30s, 15m or 2h: "
                 "at least the longest transaction.timeout.ms in use");
  add_format(finding, options);

  add_abort(transaction, options, env);
}

}  // namespace millrace::cli
