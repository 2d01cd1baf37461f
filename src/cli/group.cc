// millrace group list | describe
#include <map>
#include <memory>
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
  const auto admin = connect_admin(options.cluster, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto groups = (*admin)->list_groups();
  if (!groups.ok()) return report(console, groups.error());

  Value::List rows;
  for (const auto& group : *groups) {
    rows.emplace_back(Value::Object{{"group", group.group_id},
                                    {"state", group.state},
                                    {"protocol", group.protocol_type},
                                    {"type", group.group_type, Detail::kWide}});
  }
  if (rows.empty()) console.note("no groups\n");
  console.print("{}", render(rows, format_named(options.format)));
  return ExitCode::kDone;
}

using Committed = std::map<TopicPartition, client::CommittedOffset>;
using Owners = std::map<TopicPartition, const client::GroupMemberDescription*>;

Owners owners_of(const client::GroupDescription& group) {
  Owners owners;
  for (const auto& member : group.members) {
    for (const auto& partition : member.assignment) owners[partition] = &member;
  }
  return owners;
}

/// Every partition that was committed or is assigned, with where it ends.
Result<client::Outcomes<TopicPartition, client::ListedOffset>> ends_of(client::Admin& admin,
                                                                       const Committed& committed,
                                                                       const Owners& owners) {
  std::map<TopicPartition, client::OffsetSpec> asked;
  for (const auto& [partition, offset] : committed) {
    asked.emplace(partition, client::OffsetSpec::latest());
  }
  for (const auto& [partition, owner] : owners) {
    asked.emplace(partition, client::OffsetSpec::latest());
  }
  if (asked.empty()) return client::Outcomes<TopicPartition, client::ListedOffset>{};
  return admin.list_offsets(asked);
}

Value::Object offset_row(const TopicPartition& partition,
                         const Result<client::ListedOffset>& end_outcome,
                         const client::CommittedOffset* commit,
                         const client::GroupMemberDescription* owner) {
  Value committed;
  Value end;
  Value lag;
  if (commit != nullptr) committed = commit->offset.value();
  if (end_outcome.ok()) end = end_outcome->offset.value();
  if (commit != nullptr && end_outcome.ok()) lag = end_outcome->offset - commit->offset;
  return {{"topic", partition.topic},
          {"partition", partition.partition.value()},
          {"committed", committed},
          {"end", end},
          {"lag", lag},
          {"client", owner == nullptr ? Value() : Value(owner->client_id)},
          {"host", owner == nullptr ? Value() : Value(owner->client_host), Detail::kWide},
          {"member", owner == nullptr ? Value() : Value(owner->member_id), Detail::kWide}};
}

Value::List member_rows(const client::GroupDescription& group) {
  Value::List rows;
  for (const auto& member : group.members) {
    rows.emplace_back(
        Value::Object{{"member", member.member_id},
                      {"instance", member.group_instance_id},
                      {"client", member.client_id},
                      {"host", member.client_host},
                      {"partitions", static_cast<std::int64_t>(member.assignment.size())}});
  }
  return rows;
}

Result<Value> describe_one(client::Admin& admin, const client::GroupDescription& group) {
  const auto committed = admin.list_group_offsets(group.group_id);
  if (!committed.ok()) return committed.error();
  const Owners owners = owners_of(group);
  const auto ends = ends_of(admin, *committed, owners);
  if (!ends.ok()) return ends.error();

  Value::List offsets;
  std::int64_t lag_total = 0;
  for (const auto& [partition, end] : *ends) {
    const auto commit = committed->find(partition);
    const auto owner = owners.find(partition);
    const bool has_commit = commit != committed->end();
    if (has_commit && end.ok()) lag_total += end->offset - commit->second.offset;
    offsets.emplace_back(offset_row(partition, end, has_commit ? &commit->second : nullptr,
                                    owner == owners.end() ? nullptr : owner->second));
  }
  return Value(Value::Object{{"group", group.group_id},
                             {"state", group.state},
                             {"protocol", group.protocol_type, Detail::kWide},
                             {"assignor", group.assignor},
                             {"coordinator", group.coordinator.value()},
                             {"lag", lag_total},
                             {"offsets", offsets},
                             {"members", member_rows(group)}});
}

ExitCode describe(const GroupOptions& options, Console& console, io::Env& env) {
  const auto admin = connect_admin(options.cluster, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = (*admin)->describe_groups(options.names);
  if (!outcomes.ok()) return report(console, outcomes.error());

  ExitCode code = ExitCode::kDone;
  Value::List groups;
  for (const auto& [name, outcome] : *outcomes) {
    if (!outcome.ok()) {
      code = report(console, outcome.error());
      continue;
    }
    auto described = describe_one(**admin, *outcome);
    if (described.ok()) {
      groups.push_back(std::move(described).value());
    } else {
      code = report(console, described.error());
    }
  }
  if (!groups.empty()) console.print("{}", render(groups, format_named(options.format)));
  return code;
}

}  // namespace

void add_group(Command root, io::Env& env) {
  const auto options = std::make_shared<GroupOptions>();
  Command group =
      root.add_command("group", "List and describe consumer groups", "millrace group list");

  Command listing =
      group.add_command("list", "List the groups of the cluster", "millrace group list");
  add_cluster_options(listing, options->cluster);
  listing.choice("-f,--format", options->format, format_names(), "How to write it");
  listing.action([options, &env](Console& console) { return list(*options, console, env); });

  Command describing =
      group.add_command("describe", "Show members, committed offsets and lag of groups",
                        "millrace group describe billing --format wide");
  describing.arguments("GROUP", options->names, "Names of the groups");
  add_cluster_options(describing, options->cluster);
  describing.choice("-f,--format", options->format, format_names(), "How to write it");
  describing.action([options, &env](Console& console) { return describe(*options, console, env); });
}

}  // namespace millrace::cli
