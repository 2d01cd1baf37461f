// millrace group list | describe; what changes groups is in group_offsets.cc.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

struct GroupOptions {
  ClusterOptions cluster;
  std::vector<std::string> names;
  std::string format = "text";
};

ExitCode list(const GroupOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto groups = admin->list_groups();
  if (!groups.ok()) return report(console, groups.error());

  Value::List rows;
  for (const auto& group : *groups) {
    rows.emplace_back(Value::Object{{"group", group.group_id},
                                    {"state", group.state},
                                    {"protocol", group.protocol_type},
                                    {"type", group.group_type, Detail::kWide}});
  }
  if (rows.empty()) console.note("no groups\n");
  console.print_rendered(render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

using Committed = client::CommittedOffsets;
using Owners = std::map<TopicPartition, const client::GroupMemberDescription*>;

Owners owners_of(const client::GroupDescription& group) {
  Owners owners;
  for (const auto& member : group.members) {
    for (const auto& partition : member.assignment) owners[partition] = &member;
  }
  return owners;
}

/// Every partition of the topics that the group has to do with: those it has committed in and those
/// it is assigned. A topic that is gone has only what is remembered of it.
Result<std::set<TopicPartition>> partitions_of(client::Admin& admin, const Committed& committed,
                                               const Owners& owners) {
  std::set<TopicPartition> partitions;
  for (const auto& [partition, offset] : committed) partitions.insert(partition);
  for (const auto& [partition, owner] : owners) partitions.insert(partition);
  std::set<std::string> topics;
  for (const auto& partition : partitions) topics.insert(partition.topic);
  if (topics.empty()) return partitions;

  const auto outcomes = admin.describe_topics({topics.begin(), topics.end()});
  if (!outcomes.ok()) return outcomes.error();
  for (const auto& [name, topic] : *outcomes) {
    if (!topic.ok()) continue;
    for (const auto& partition : topic->partitions) partitions.insert({name, partition.partition});
  }
  return partitions;
}

using Offsets = client::Outcomes<TopicPartition, client::ListedOffset>;

Result<Offsets> offsets_at(client::Admin& admin, const std::set<TopicPartition>& partitions,
                           client::OffsetSpec spec) {
  std::map<TopicPartition, client::OffsetSpec> asked;
  for (const auto& partition : partitions) asked.emplace(partition, spec);
  if (asked.empty()) return Offsets{};
  return admin.list_offsets(asked);
}

/// What is known of one partition; nothing where nobody said.
struct Progress {
  std::optional<Offset> committed = {};
  std::optional<Offset> start = {};
  std::optional<Offset> end = {};

  /// What the group has not read. Without a commit that is all there is: where a consumer would
  /// begin is its own setting, and records that nobody has seen are better counted than not.
  std::optional<std::int64_t> lag() const {
    const auto& from = committed ? committed : start;
    if (!from || !end) return std::nullopt;
    return *end - *from;
  }
};

std::optional<Offset> offset_in(const Offsets& offsets, const TopicPartition& partition) {
  const auto found = offsets.find(partition);
  if (found == offsets.end() || !found->second.ok()) return std::nullopt;
  return found->second->offset;
}

Value number(const std::optional<Offset>& offset) {
  return offset ? Value(offset->value()) : Value();
}

Value::Object offset_row(const TopicPartition& partition, const Progress& progress,
                         const client::GroupMemberDescription* owner) {
  return {{"topic", partition.topic},
          {"partition", partition.partition.value()},
          {"committed", number(progress.committed)},
          {"end", number(progress.end)},
          {"lag", progress.lag()},
          {"client", owner == nullptr ? Value() : Value(owner->client_id)},
          {"host", owner == nullptr ? Value() : Value(owner->client_host), Detail::kWide},
          {"member", owner == nullptr ? Value() : Value(owner->member_id), Detail::kWide}};
}

/// Only consumer groups have epochs; a member that went away for a while has -2.
Value epoch(std::int32_t number) {
  return number == -1 ? Value() : Value(std::int64_t{number});
}

/// How many partitions the member is to have.
Value target_size(const client::GroupDescription& group,
                  const client::GroupMemberDescription& member) {
  if (group.epoch == -1) return {};
  return Value(static_cast<std::int64_t>(member.target.size()));
}

Value::List member_rows(const client::GroupDescription& group) {
  Value::List rows;
  for (const auto& member : group.members) {
    rows.emplace_back(
        Value::Object{{"member", member.member_id},
                      {"instance", member.group_instance_id},
                      {"client", member.client_id},
                      {"host", member.client_host},
                      {"partitions", static_cast<std::int64_t>(member.assignment.size())},
                      {"target", target_size(group, member), Detail::kWide},
                      {"epoch", epoch(member.epoch), Detail::kWide}});
  }
  return rows;
}

Result<Value> describe_one(client::Admin& admin, const client::GroupDescription& group) {
  const auto committed = admin.list_group_offsets(group.group_id);
  if (!committed.ok()) return committed.error();
  const Owners owners = owners_of(group);
  const auto partitions = partitions_of(admin, *committed, owners);
  if (!partitions.ok()) return partitions.error();
  const auto starts = offsets_at(admin, *partitions, client::OffsetSpec::earliest());
  if (!starts.ok()) return starts.error();
  const auto ends = offsets_at(admin, *partitions, client::OffsetSpec::latest());
  if (!ends.ok()) return ends.error();

  Value::List offsets;
  std::int64_t lag_total = 0;
  for (const auto& partition : *partitions) {
    Progress progress{.start = offset_in(*starts, partition), .end = offset_in(*ends, partition)};
    const auto commit = committed->find(partition);
    if (commit != committed->end()) progress.committed = commit->second.offset;
    const auto owner = owners.find(partition);
    lag_total += progress.lag().value_or(0);
    offsets.emplace_back(
        offset_row(partition, progress, owner == owners.end() ? nullptr : owner->second));
  }
  return Value(Value::Object{{"group", group.group_id},
                             {"state", group.state},
                             {"type", group.group_type},
                             {"protocol", group.protocol_type, Detail::kWide},
                             {"assignor", group.assignor},
                             {"epoch", epoch(group.epoch), Detail::kWide},
                             {"assignment_epoch", epoch(group.assignment_epoch), Detail::kWide},
                             {"coordinator", group.coordinator.value()},
                             {"lag", lag_total},
                             {"offsets", offsets},
                             {"members", member_rows(group)}});
}

ExitCode describe(const GroupOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->describe_groups(options.names);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List groups;
  for (const auto& [name, outcome] : *outcomes) {
    if (!outcome.ok()) {
      code = report(console, outcome.error());
      continue;
    }
    auto described = describe_one(*admin, *outcome);
    if (described.ok()) {
      groups.push_back(std::move(described).value());
    } else {
      code = report(console, described.error());
    }
  }
  if (!groups.empty()) console.print_rendered(render(groups, format_named(options.format)));
  return code;
}

}  // namespace

void add_group(Command root, io::Env& env) {
  const auto options = std::make_shared<GroupOptions>();
  Command group = root.add_command("group", "List, describe, reset and delete consumer groups",
                                   "millrace group list");

  Command listing =
      group.add_command("list", "List the groups of the cluster", "millrace group list");
  add_cluster_options(listing, options->cluster);
  listing.choice("-f,--format", options->format, format_names(), "How to write it");
  listing.action([options, &env](Console& console) { return list(*options, console, env); });

  Command describing =
      group.add_command("describe",
                        "Show members, committed offsets and lag of groups; where nothing is "
                        "committed, all that is there is lag",
                        "millrace group describe billing --format wide");
  describing.arguments("GROUP", options->names, "Names of the groups");
  add_cluster_options(describing, options->cluster);
  describing.choice("-f,--format", options->format, format_names(), "How to write it");
  describing.action([options, &env](Console& console) { return describe(*options, console, env); });

  add_group_changes(group, env);
}

}  // namespace millrace::cli
