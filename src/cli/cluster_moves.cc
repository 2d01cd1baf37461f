#include "cli/cluster_moves.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/topic_partitions.h"
#include "cli/value.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

struct MoveOptions {
  ClusterOptions cluster;
  std::vector<std::string> partitions;  // TOPIC or TOPIC:PARTITION
  bool is_unclean = false;
  bool is_cancel = false;
  std::optional<std::string> to;
  std::string format = "text";
};

/// "2,3,1"
Result<std::vector<BrokerId>> parse_brokers(std::string_view text) {
  std::vector<BrokerId> brokers;
  while (true) {
    const std::string_view word = text.substr(0, text.find(','));
    std::int32_t id = 0;
    const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (failure != std::errc{} || stop != word.data() + word.size() || id < 0)
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--to: wanted ids of brokers such as 2,3,1, found \"{}\"", word)};
    brokers.emplace_back(id);
    if (word.size() == text.size()) return brokers;
    text.remove_prefix(word.size() + 1);
  }
}

ExitCode elect(const MoveOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  std::optional<std::set<TopicPartition>> partitions;
  if (!options.partitions.empty()) {
    auto named = partitions_named(*admin, options.partitions);
    if (!named.ok()) return report(console, named.error());
    partitions = std::move(named).value();
  }
  const auto type =
      options.is_unclean ? client::ElectionType::kUnclean : client::ElectionType::kPreferred;
  const auto outcomes = admin->elect_leaders(type, partitions);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  for (const auto& [partition, outcome] : *outcomes) {
    if (outcome.ok()) {
      console.print("elected a leader of {}\n", partition);
    } else if (wire::kafka_error_of(outcome.error()) == wire::KafkaError::kElectionNotNeeded) {
      console.print("{} has the leader that was asked for\n", partition);
    } else {
      code = report(console, outcome.error());
    }
  }
  if (outcomes->empty()) console.note("no partition needed an election\n");
  return code;
}

ExitCode reassign(const MoveOptions& options, Console& console, io::Env& env) {
  if (options.is_cancel == options.to.has_value())
    return report(console, Error{ErrorCode::kInvalidArgument,
                                 "wanted --to with the brokers that are to have replicas, or "
                                 "--cancel, and not both"});
  std::optional<std::vector<BrokerId>> replicas;
  if (options.to) {
    auto brokers = parse_brokers(*options.to);
    if (!brokers.ok()) return report(console, brokers.error());
    replicas = std::move(brokers).value();
  }
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto partitions = partitions_named(*admin, options.partitions);
  if (!partitions.ok()) return report(console, partitions.error());
  std::map<TopicPartition, std::optional<std::vector<BrokerId>>> wanted;
  for (const auto& partition : *partitions) wanted.emplace(partition, replicas);
  const auto outcomes = admin->alter_partition_reassignments(wanted);
  if (!outcomes.ok()) return report(console, outcomes.error());
  for (const auto& [partition, outcome] : *outcomes) {
    if (!outcome.ok()) continue;
    if (options.to)
      console.print("reassigned {} to {}\n", partition, *options.to);
    else
      console.print("cancelled the reassignment of {}\n", partition);
  }
  return report_outcomes(console, *outcomes);
}

Value ids_of(const std::vector<BrokerId>& brokers) {
  Value::List ids;
  for (const BrokerId broker : brokers) ids.emplace_back(broker.value());
  return ids;
}

ExitCode list_reassignments(const MoveOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto ongoing = admin->list_partition_reassignments();
  if (!ongoing.ok()) return report(console, ongoing.error());
  Value::List rows;
  for (const auto& [partition, each] : *ongoing) {
    rows.emplace_back(Value::Object{{"topic", partition.topic},
                                    {"partition", partition.partition.value()},
                                    {"replicas", ids_of(each.replicas)},
                                    {"adding", ids_of(each.adding)},
                                    {"removing", ids_of(each.removing)}});
  }
  if (rows.empty()) console.note("no replicas are on their way\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

}  // namespace

void add_cluster_moves(Command& cluster, io::Env& env) {
  const auto election = std::make_shared<MoveOptions>();
  Command elect_command = cluster.add_command(
      "elect", "Elect the first replica of each partition as its leader, where it is in sync",
      "millrace cluster elect clicks:0");
  elect_command.optional_arguments("TOPIC", election->partitions,
                                   "TOPIC or TOPIC:PARTITION; all that need it when none is named");
  elect_command.flag("--unclean", election->is_unclean,
                     "Where nobody leads, take any replica that runs: what it lacks is lost");
  add_cluster_options(elect_command, election->cluster);
  elect_command.action(
      [election, &env](Console& console) { return elect(*election, console, env); });

  const auto move = std::make_shared<MoveOptions>();
  Command reassign_command =
      cluster.add_command("reassign", "Move replicas of partitions to other brokers",
                          "millrace cluster reassign clicks:0 --to 2,3");
  reassign_command.arguments("TOPIC", move->partitions, "TOPIC or TOPIC:PARTITION");
  reassign_command.option("--to IDS", move->to, "Brokers, the one that is to lead first");
  reassign_command.flag("--cancel", move->is_cancel, "Take back what is on its way");
  add_cluster_options(reassign_command, move->cluster);
  reassign_command.action([move, &env](Console& console) { return reassign(*move, console, env); });

  const auto listing = std::make_shared<MoveOptions>();
  Command list_command = cluster.add_command("reassignments", "Show replicas that are on their way",
                                             "millrace cluster reassignments");
  add_cluster_options(list_command, listing->cluster);
  list_command.choice("-f,--format", listing->format, format_names(), "How to write it");
  list_command.action(
      [listing, &env](Console& console) { return list_reassignments(*listing, console, env); });
}

}  // namespace millrace::cli
