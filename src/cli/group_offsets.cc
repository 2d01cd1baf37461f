// millrace group reset | undo | delete | delete-offsets: what changes what groups have committed.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/offset_reset.h"
#include "cli/topic_partitions.h"
#include "cli/undo_file.h"
#include "cli/value.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

struct GroupChangeOptions {
  ClusterOptions cluster;
  std::string group;
  std::vector<std::string> groups;
  std::vector<std::string> topics;  // TOPIC or TOPIC:PARTITION
  std::optional<std::string> to;
  std::optional<std::int64_t> by;
  std::optional<std::string> undo_file;
  std::string undo_from;
  bool dry_run = false;
  std::string format = "text";
};

Result<ResetTarget> target_of(const GroupChangeOptions& options) {
  if (options.to.has_value() == options.by.has_value()) {
    return wrong_usage("wanted --to earliest, latest, an offset or a time, or --by N records");
  }
  if (options.by) return ResetTarget{ShiftBy{*options.by}};
  auto position = parse_start_position("--to", *options.to);
  if (!position.ok()) return std::move(position).error();
  return ResetTarget{*position};
}

/// Offsets may be changed from outside only while nobody reads: a member would go on from where it
/// is and commit over them.
Status check_idle(client::Admin& admin, const std::string& group) {
  const auto outcomes = admin.describe_groups({group});
  if (!outcomes.ok()) return outcomes.error();
  const auto& described = outcomes->at(group);
  if (!described.ok()) {
    const bool is_new =
        wire::kafka_error_of(described.error()) == wire::KafkaError::kGroupIdNotFound;
    return is_new ? Status{} : Status{described.error()};
  }
  if (described->members.empty()) return {};
  return wire::make_error(
      wire::KafkaError::kNonEmptyGroup,
      fmt::format("wanted group {} without members, found it {} with {}: stop them first; "
                  "`millrace group describe {}` says where they are",
                  group, described->state, described->members.size(), group));
}

using LogOffsets = std::map<TopicPartition, Offset>;

/// The offset of every partition, or the first error.
Result<LogOffsets> log_offsets(client::Admin& admin, const std::set<TopicPartition>& partitions,
                               client::OffsetSpec spec) {
  std::map<TopicPartition, client::OffsetSpec> asked;
  for (const TopicPartition& each : partitions) asked.emplace(each, spec);
  const auto outcomes = admin.list_offsets(asked);
  if (!outcomes.ok()) return outcomes.error();
  LogOffsets offsets;
  for (const auto& [partition, found] : *outcomes) {
    if (!found.ok()) return found.error();
    offsets.emplace(partition, found->offset);
  }
  return offsets;
}

struct Step {
  TopicPartition partition;
  std::optional<OffsetAndMetadata> before;
  std::optional<OffsetAndMetadata> after;  // nothing: the commit is forgotten
  bool is_moved_into_log = false;
};

Result<std::vector<Step>> plan_reset(client::Admin& admin, const GroupChangeOptions& options,
                                     const ResetTarget& target) {
  const auto committed = admin.list_group_offsets(options.group);
  if (!committed.ok()) return committed.error();
  auto named = partitions_named(admin, options.topics);
  if (!named.ok()) return std::move(named).error();
  std::set<TopicPartition> partitions = std::move(named).value();
  if (options.topics.empty()) {
    for (const auto& [partition, offset] : *committed) partitions.insert(partition);
  }
  if (partitions.empty()) {
    return wrong_usage(fmt::format(
        "group {} has committed nothing: name what it is to read with --topic", options.group));
  }
  const auto starts = log_offsets(admin, partitions, client::OffsetSpec::earliest());
  if (!starts.ok()) return starts.error();
  const auto ends = log_offsets(admin, partitions, client::OffsetSpec::latest());
  if (!ends.ok()) return ends.error();
  LogOffsets at_time;
  const auto* const position = std::get_if<StartPosition>(&target);
  const auto* const time = position == nullptr ? nullptr : std::get_if<Timestamp>(position);
  if (time != nullptr) {
    auto found = log_offsets(admin, partitions, client::OffsetSpec::at(*time));
    if (!found.ok()) return std::move(found).error();
    at_time = std::move(found).value();
  }

  std::vector<Step> steps;
  for (const TopicPartition& each : partitions) {
    ResetBounds bounds{.start = starts->at(each), .end = ends->at(each)};
    Step step{each, {}, {}};
    if (const auto found = committed->find(each); found != committed->end()) {
      step.before = found->second;
      bounds.committed = found->second.offset;
    }
    if (time != nullptr && at_time.at(each) != kNoOffset) bounds.at_time = at_time.at(each);
    const auto reset = reset_offset(target, bounds);
    if (!reset.ok()) return Error(reset.error()).with_context(fmt::to_string(each));
    step.after = OffsetAndMetadata{.offset = reset->offset};
    step.is_moved_into_log = reset->is_moved_into_log;
    steps.push_back(std::move(step));
  }
  return steps;
}

Value offset_value(const std::optional<OffsetAndMetadata>& committed) {
  return committed ? Value(committed->offset.value()) : Value();
}

void show(const std::vector<Step>& steps, const GroupChangeOptions& options, Console& console) {
  Value::List rows;
  for (const Step& each : steps) {
    rows.emplace_back(Value::Object{{"topic", each.partition.topic},
                                    {"partition", each.partition.partition.value()},
                                    {"before", offset_value(each.before)},
                                    {"after", offset_value(each.after)}});
    if (each.is_moved_into_log) {
      console.note("{}: what was asked for is outside of the log, which {} is an end of\n",
                   fmt::to_string(each.partition), each.after->offset.value());
    }
  }
  console.print_rendered(render(rows, format_named(options.format)));
}

/// Commits and forgets, and says of each partition where that failed.
ExitCode carry_out(client::Admin& admin, const std::string& group, const std::vector<Step>& steps,
                   Console& console) {
  client::OffsetsToCommit set;
  std::set<TopicPartition> forgotten;
  for (const Step& each : steps) {
    if (each.after) {
      set.emplace(each.partition, *each.after);
    } else if (each.before) {
      forgotten.insert(each.partition);
    }
  }
  const auto altered = admin.alter_group_offsets(group, set);
  if (!altered.ok()) return report(console, altered.error());
  const ExitCode code = report_outcomes(console, *altered);
  const auto deleted = admin.delete_group_offsets(group, forgotten);
  if (!deleted.ok()) return report(console, deleted.error());
  const ExitCode second = report_outcomes(console, *deleted);
  return code == ExitCode::kDone ? second : code;
}

/// Before anything is changed, and over no file that is there.
Status write_undo(const std::string& path, const std::string& group, const std::vector<Step>& steps,
                  io::Env& env) {
  Undo undo{group, {}};
  for (const Step& each : steps) undo.entries.push_back({each.partition, each.before});
  auto file = env.files().open(path, io::OpenMode::kCreateNew);
  if (!file.ok()) return std::move(file).error().with_context("undo file " + path);
  if (Status status = (*file)->append(to_undo_text(undo)); !status.ok()) return status;
  return (*file)->sync();
}

ExitCode reset(const GroupChangeOptions& options, Console& console, io::Env& env) {
  const auto target = target_of(options);
  if (!target.ok()) return report(console, target.error());
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  if (auto idle = check_idle(*admin, options.group); !idle.ok()) {
    return report(console, idle.error());
  }
  const auto steps = plan_reset(*admin, options, *target);
  if (!steps.ok()) return report(console, steps.error());
  if (options.dry_run) {
    show(*steps, options, console);
    return ExitCode::kDone;
  }
  const std::string path =
      options.undo_file.value_or(undo_file_name(options.group, env.clock().wall()));
  if (auto written = write_undo(path, options.group, *steps, env); !written.ok()) {
    return report(console, written.error());
  }
  const ExitCode code = carry_out(*admin, options.group, *steps, console);
  if (code == ExitCode::kDone) show(*steps, options, console);
  console.note("to take it back: millrace group undo {}\n", path);
  return code;
}

ExitCode undo(const GroupChangeOptions& options, Console& console, io::Env& env) {
  const auto text = env.files().read_all(options.undo_from);
  if (!text.ok()) return report(console, Error(text.error()).with_context(options.undo_from));
  const auto undo = parse_undo_text(*text);
  if (!undo.ok()) return report(console, Error(undo.error()).with_context(options.undo_from));
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  if (auto idle = check_idle(*admin, undo->group); !idle.ok()) return report(console, idle.error());
  const auto committed = admin->list_group_offsets(undo->group);
  if (!committed.ok()) return report(console, committed.error());

  std::vector<Step> steps;
  for (const auto& [partition, was] : undo->entries) {
    Step step{partition, {}, was};
    if (const auto found = committed->find(partition); found != committed->end()) {
      step.before = found->second;
    }
    steps.push_back(std::move(step));
  }
  const ExitCode code =
      options.dry_run ? ExitCode::kDone : carry_out(*admin, undo->group, steps, console);
  if (code == ExitCode::kDone) show(steps, options, console);
  return code;
}

ExitCode remove(const GroupChangeOptions& options, Console& console, io::Env& env) {
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto outcomes = admin->delete_groups(options.groups);
  if (!outcomes.ok()) return report(console, outcomes.error());
  for (const auto& [group, outcome] : *outcomes) {
    if (outcome.ok()) console.print("deleted group {}\n", group);
  }
  return report_outcomes(console, *outcomes);
}

ExitCode remove_offsets(const GroupChangeOptions& options, Console& console, io::Env& env) {
  if (options.topics.empty()) {
    return report(console, wrong_usage("wanted --topic TOPIC or TOPIC:PARTITION"));
  }
  auto admin = connect_admin(options.cluster, console, env);
  if (!admin.ok()) return report(console, admin.error());
  const auto partitions = partitions_named(*admin, options.topics);
  if (!partitions.ok()) return report(console, partitions.error());
  const auto outcomes = admin->delete_group_offsets(options.group, *partitions);
  if (!outcomes.ok()) return report(console, outcomes.error());
  return report_outcomes(console, *outcomes);
}

using SharedChange = std::shared_ptr<GroupChangeOptions>;
using Run = ExitCode (*)(const GroupChangeOptions&, Console&, io::Env&);

Command add(Command group, const SharedChange& options, io::Env& env, Run run,
            const std::string& name, const std::string& purpose, const std::string& example) {
  Command command = group.add_command(name, purpose, example);
  add_cluster_options(command, options->cluster);
  command.action([options, run, &env](Console& console) { return run(*options, console, env); });
  return command;
}

}  // namespace

void add_group_changes(Command group, io::Env& env) {
  const auto options = std::make_shared<GroupChangeOptions>();

  Command resetting =
      add(group, options, env, reset, "reset",
          "Set what a group without members has committed, and write a file that takes it back",
          "millrace group reset billing --to 2026-12-01T10:00:00Z --dry-run");
  resetting.argument("GROUP", options->group, "The group; one that is not known is made");
  resetting.option("--topic TOPIC[:PARTITION]", options->topics,
                   "Only there; may be repeated; without it wherever the group has committed");
  resetting.option("--to WHERE", options->to,
                   "earliest, latest, an offset, a UTC time such as 2026-12-01T10:00:00Z, or "
                   "@MILLISECONDS");
  resetting.option("--by", options->by, "On by so many records, back by as many when negative",
                   INT64_MIN, INT64_MAX);
  resetting.option("--undo-file FILE", options->undo_file,
                   "Where what was committed is written; without it a new file in this folder");
  resetting.flag("--dry-run", options->dry_run, "Only show what would change");
  resetting.choice("-f,--format", options->format, format_names(), "How to write it");

  Command undoing =
      add(group, options, env, undo, "undo", "Set what a group had committed before it was reset",
          "millrace group undo billing-2026-12-01T10-05-03.undo.json");
  undoing.argument("FILE", options->undo_from, "What group reset has written");
  undoing.flag("--dry-run", options->dry_run, "Only show what would change");
  undoing.choice("-f,--format", options->format, format_names(), "How to write it");

  Command deleting = add(group, options, env, remove, "delete",
                         "Delete groups without members, and all that they have committed",
                         "millrace group delete billing");
  deleting.arguments("GROUP", options->groups, "Names of the groups");

  Command forgetting = add(group, options, env, remove_offsets, "delete-offsets",
                           "Forget what a group has committed in topics that nobody in it reads",
                           "millrace group delete-offsets billing --topic clicks");
  forgetting.argument("GROUP", options->group, "The group");
  forgetting.option("--topic TOPIC[:PARTITION]", options->topics, "Where; may be repeated");
}

}  // namespace millrace::cli
