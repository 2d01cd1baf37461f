// millrace consume: records become lines.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/advertised_addresses.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/record_format.h"
#include "cli/start_position.h"
#include "cli/stop_signal.h"
#include "client/consumer.h"
#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

constexpr Millis kPollTimeout{100};  // how late a signal may be noticed

struct ConsumeOptions {
  ClusterOptions cluster;
  std::string topic;
  std::string from = "earliest";
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> partition;
  std::optional<std::string> group;
  std::string print = "value";
  std::string format = "text";
  bool read_committed = false;
  bool exit_at_end = false;
  bool raw = false;
};

/// What the options say, checked before anything is asked of a cluster.
struct Plan {
  StartPosition from;
  std::vector<RecordField> fields;
  client::Properties properties;
};

Result<Plan> make_plan(const ConsumeOptions& options) {
  auto from = parse_start_position("--from", options.from);
  if (!from.ok()) return std::move(from).error();
  auto fields = parse_record_fields(options.print);
  if (!fields.ok()) return std::move(fields).error();
  auto properties = client_properties(options.cluster);
  if (!properties.ok()) return std::move(properties).error();

  const auto* const end = std::get_if<LogEnd>(&*from);
  if (options.group && end == nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --from earliest or latest with --group (it says where a group without "
                 "committed offsets begins), found \"" +
                     options.from + "\""};
  }
  if (options.group) properties->set("group.id", *options.group);
  if (options.read_committed) properties->set("isolation.level", "read_committed");
  const auto set_default = [&](const char* name, const char* value) {
    if (!properties->contains(name)) properties->set(name, value);
  };
  set_default("auto.offset.reset",
              end != nullptr && *end == LogEnd::kLatest ? "latest" : "earliest");
  set_default("allow.auto.create.topics", "false");
  // So that partitions that are added are read soon.
  if (!options.group) set_default("metadata.max.age.ms", "5000");
  // What was written out is committed here, not what was fetched.
  set_default("enable.auto.commit", "false");
  if (auto status = client::check_properties(client::ClientKind::kConsumer, *properties);
      !status.ok()) {
    return std::move(status).error();
  }
  return Plan{*from, std::move(fields).value(), std::move(properties).value()};
}

Result<client::PartitionList> wanted_partitions(const ConsumeOptions& options,
                                                client::Consumer& consumer) {
  const auto count = consumer.partition_count(options.topic);
  if (!count.ok()) return count.error();
  if (options.partition) {
    if (*options.partition >= *count) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted --partition 0 to {} of {}, found {}", *count - 1,
                               options.topic, *options.partition)};
    }
    return client::PartitionList{
        {options.topic, PartitionId{static_cast<std::int32_t>(*options.partition)}}};
  }
  client::PartitionList partitions;
  for (std::int32_t id = 0; id < *count; ++id)
    partitions.push_back({options.topic, PartitionId{id}});
  return partitions;
}

Status seek_to_time(client::Consumer& consumer, const client::PartitionList& partitions,
                    Timestamp time, Console& console) {
  std::map<TopicPartition, Timestamp> times;
  for (const auto& partition : partitions) times.emplace(partition, time);
  const auto found = consumer.offsets_for_times(times);
  if (!found.ok()) return found.error();
  if (found->empty()) {
    console.note("no record is from {} or later; reading on from the end\n", to_iso_time(time));
  }
  for (const auto& partition : partitions) {
    const auto offset = found->find(partition);
    auto status = offset == found->end() ? consumer.seek_to_end({partition})
                                         : consumer.seek(partition, offset->second.offset);
    if (!status.ok()) return status;
  }
  return {};
}

/// errors  kInvalidArgument when a partition does not reach to the offset, or no longer has it
Status seek_to_offset(client::Consumer& consumer, const client::PartitionList& partitions,
                      Offset offset) {
  const auto begins = consumer.beginning_offsets(partitions);
  if (!begins.ok()) return begins.error();
  const auto ends = consumer.end_offsets(partitions);
  if (!ends.ok()) return ends.error();
  for (const auto& partition : partitions) {
    const Offset begin = begins->at(partition);
    const Offset end = ends->at(partition);
    if (offset < begin || offset > end) {
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("wanted --from {} to {} in {}, found {}", begin, end, partition, offset)};
    }
    if (auto status = consumer.seek(partition, offset); !status.ok()) return status;
  }
  return {};
}

/// Where reading begins without a group.
Status start_reading(const ConsumeOptions& options, const Plan& plan, client::Consumer& consumer,
                     Console& console) {
  const auto partitions = wanted_partitions(options, consumer);
  if (!partitions.ok()) return partitions.error();
  if (auto status = consumer.assign(*partitions); !status.ok()) return status;
  if (const auto* time = std::get_if<Timestamp>(&plan.from)) {
    return seek_to_time(consumer, *partitions, *time, console);
  }
  if (const auto* offset = std::get_if<Offset>(&plan.from)) {
    return seek_to_offset(consumer, *partitions, *offset);
  }
  return std::get<LogEnd>(plan.from) == LogEnd::kEarliest ? consumer.seek_to_beginning(*partitions)
                                                          : consumer.seek_to_end(*partitions);
}

/// Where each partition ended when this first looked, and whether everything before is read.
class EndWatch {
 public:
  Result<bool> reached(client::Consumer& consumer) {
    const auto assigned = consumer.assignment();
    client::PartitionList unknown;
    for (const auto& partition : assigned) {
      if (!ends_.contains(partition)) unknown.push_back(partition);
    }
    if (!unknown.empty()) {
      const auto ends = consumer.end_offsets(unknown);
      if (!ends.ok()) return ends.error();
      ends_.insert(ends->begin(), ends->end());
    }
    for (const auto& partition : assigned) {
      const auto position = consumer.position(partition);
      if (!position.ok()) return position.error();
      if (*position < ends_[partition]) return false;
    }
    return !assigned.empty();
  }

 private:
  std::map<TopicPartition, Offset> ends_;
};

/// Writes records out until it has been enough, and remembers what to commit.
class RecordPrinter {
 public:
  RecordPrinter(const ConsumeOptions& options, const Plan& plan, Console& console)
      : left_(options.count.value_or(INT64_MAX)),
        as_json_(options.format == "json"),
        keys_(options.raw ? KeysAndHeaders::kRaw : KeysAndHeaders::kPrintable),
        fields_(plan.fields),
        console_(console) {}

  bool enough() const { return left_ <= 0; }

  /// errors  kIo: the output takes no more; nothing of `polled` counts as written then, though some
  ///         of it may have gone out
  Status write(const client::PolledRecords& polled) {
    out_.clear();
    client::OffsetsToCommit ends;
    for (const auto& part : polled) {
      for (const RecordView& record : part.records) {
        if (left_ <= 0) break;
        --left_;
        if (as_json_) {
          append_as_json(part.partition, record, out_);
        } else {
          append_as_text(part.partition, record, fields_, keys_, out_);
        }
        ends[part.partition] = {.offset = record.offset + 1, .leader_epoch = part.leader_epoch};
      }
      // Behind the last record there may be something that is not for readers.
      if (left_ > 0) {
        ends[part.partition] = {.offset = part.next_offset, .leader_epoch = part.leader_epoch};
      }
    }
    errno = 0;
    if (!Console::write(console_.out, out_) || !Console::flush(console_.out)) {
      // Interrupted: a stop was asked for while nobody took the output.
      is_closed_ = errno == EPIPE || errno == EINTR;
      return Error{ErrorCode::kIo,
                   fmt::format("wanted to write records out, found: {}", std::strerror(errno))};
    }
    for (auto& [partition, end] : ends) written_[partition] = end;
    return {};
  }

  /// Whoever read the output has gone, or was not there when a stop was asked for: it is enough.
  bool is_closed() const { return is_closed_; }

  client::OffsetsToCommit take_written() { return std::exchange(written_, {}); }

 private:
  std::int64_t left_;
  bool as_json_;
  KeysAndHeaders keys_;
  const std::vector<RecordField>& fields_;
  Console& console_;
  std::string out_;
  bool is_closed_ = false;
  client::OffsetsToCommit written_;
};

/// Commits what was written out, also over rebalances. A group that goes on without this member is
/// no failure: the member joins again, and what was not committed comes again.
class WrittenOffsets {
 public:
  WrittenOffsets(client::Consumer& consumer, Console& console)
      : consumer_(consumer), console_(console) {}

  void add(const client::OffsetsToCommit& offsets) {
    for (const auto& [partition, offset] : offsets) uncommitted_[partition] = offset;
  }
  Status commit() {
    drop_what_others_have();
    if (uncommitted_.empty()) return {};
    auto status = consumer_.commit_sync(uncommitted_);
    if (!status.ok() && wire::needs_rejoin(status.error())) {
      console_.note("millrace: {}; joining the group again\n", status.error().message);
      return {};
    }
    if (status.ok()) uncommitted_.clear();
    return status;
  }
  /// At the end, when the last commit met a rebalance: goes through with it and commits then.
  Status commit_at_last() {
    for (int tries = 0; tries < kLastCommitsMax; ++tries) {
      drop_what_others_have();
      if (uncommitted_.empty()) return {};
      consumer_.pause(consumer_.assignment());
      if (const auto polled = consumer_.poll(kPollTimeout); !polled.ok()) return polled.error();
      if (auto status = commit(); !status.ok()) return status;
    }
    return {};
  }

 private:
  static constexpr int kLastCommitsMax = 20;

  void drop_what_others_have() {
    const auto mine = consumer_.assignment();
    std::erase_if(uncommitted_, [&](const auto& entry) {
      return std::find(mine.begin(), mine.end(), entry.first) == mine.end();
    });
  }

  client::Consumer& consumer_;
  Console& console_;
  client::OffsetsToCommit uncommitted_;
};

/// Finds partitions that a topic has got since reading began; they are read from their start.
class PartitionWatch {
 public:
  PartitionWatch(const std::string& topic, client::Consumer& consumer, const Clock& clock)
      : topic_(topic), consumer_(consumer), clock_(clock) {}

  Status look() {
    const MonotonicTime now = clock_.monotonic();
    if (now < next_look_) return {};
    next_look_ = now + kLookInterval;
    auto partitions = consumer_.assignment();
    client::PartitionList added;
    const auto count = consumer_.known_partition_count(topic_);
    for (std::int32_t id = 0; id < count.value_or(0); ++id) {
      const TopicPartition partition{topic_, PartitionId{id}};
      const bool is_known =
          std::find(partitions.begin(), partitions.end(), partition) != partitions.end();
      if (!is_known) added.push_back(partition);
    }
    if (added.empty()) return {};
    partitions.insert(partitions.end(), added.begin(), added.end());
    if (auto status = consumer_.assign(partitions); !status.ok()) return status;
    return consumer_.seek_to_beginning(added);
  }

 private:
  static constexpr Millis kLookInterval{1000};

  const std::string& topic_;
  client::Consumer& consumer_;
  const Clock& clock_;
  MonotonicTime next_look_{};
};

Status read_records(const ConsumeOptions& options, const Plan& plan, Console& console,
                    client::Consumer& consumer, const StopSignal& stop, const Clock& clock) {
  RecordPrinter printer(options, plan, console);
  WrittenOffsets written(consumer, console);
  PartitionWatch partitions(options.topic, consumer, clock);
  const bool takes_new_partitions = !options.group && !options.partition && !options.exit_at_end;
  EndWatch end;
  while (!printer.enough() && !stop.requested()) {
    if (takes_new_partitions) {
      if (auto status = partitions.look(); !status.ok()) return status;
    }
    const auto polled = consumer.poll(kPollTimeout);
    if (!polled.ok()) return polled.error();
    if (auto status = printer.write(*polled); !status.ok()) {
      return printer.is_closed() ? Status{} : status;
    }
    if (options.group) {
      written.add(printer.take_written());
      if (auto status = written.commit(); !status.ok()) return status;
    }
    if (!options.exit_at_end) continue;
    const auto reached = end.reached(consumer);
    if (!reached.ok()) return reached.error();
    if (*reached) break;
  }
  return written.commit_at_last();
}

ExitCode run_consume(const ConsumeOptions& options, Console& console, io::Env& env) {
  const auto plan = make_plan(options);
  if (!plan.ok()) return report(console, plan.error());
  if (const auto status = check_reachable(plan->properties, console, env); !status.ok()) {
    return report(console, status.error());
  }
  if (const auto status = check_topic_exists(options.topic, plan->properties, env); !status.ok()) {
    return report(console, status.error());
  }
  client::ConsumerOptions consumer_options;
  consumer_options.listener.on_lost = [&](std::span<const TopicPartition>) {
    console.note("millrace: group {} has gone on without this member; joining it again\n",
                 *options.group);
  };
  consumer_options.outages = outage_notes(console);
  auto consumer = client::Consumer::create(plan->properties, std::move(consumer_options), &env);
  if (!consumer.ok()) return report(console, consumer.error());
  Status status;
  if (!options.group) status = start_reading(options, *plan, *consumer, console);
  // Before there is a member to leave behind; what came before ends with the process.
  const StopSignal stop(SecondInterrupt::kEndsProcess);
  if (options.group) status = consumer->subscribe({options.topic});
  if (status.ok()) {
    status = read_records(options, *plan, console, *consumer, stop, env.clock());
  }
  const Status closed = consumer->close();
  if (!status.ok()) return report(console, status.error());
  if (!closed.ok()) return report(console, closed.error());
  return ExitCode::kDone;
}

}  // namespace

void add_consume(Command root, io::Env& env) {
  const auto options = std::make_shared<ConsumeOptions>();
  Command consume = root.add_command("consume", "Write each record of a topic as a line",
                                     "millrace consume clicks --from earliest --print key,value");
  consume.argument("TOPIC", options->topic, "Topic to read");
  consume.option("--from POSITION", options->from,
                 "earliest, latest, an offset, a UTC time (2015-05-17T10:05:03Z) or @MILLISECONDS");
  consume.option("-n,--count", options->count, "Stop after this many records", 0, INT64_MAX);
  consume.option("-p,--partition", options->partition, "Only this partition", 0, INT32_MAX);
  consume.option("-g,--group GROUP", options->group,
                 "Read as a member of this group, and commit what was written out");
  consume.exclusive("--partition", "--group");
  consume.flag("--read-committed", options->read_committed,
               "Leave out records of transactions that are open or were aborted");
  consume.flag("-e,--exit-at-end", options->exit_at_end,
               "Stop at what was the end of the topic when reading began");
  consume.option("--print PARTS", options->print,
                 "Some of topic,partition,offset,timestamp,key,value,headers; tabs between them");
  consume.flag(
      "--raw", options->raw,
      "Write keys and headers as they are; without it their control characters are written "
      "out, as \\n or \\x1b. Values are always as they are");
  consume.choice("-f,--format", options->format, {"text", "json"},
                 "text is what --print says; json is one object a line with every field");
  add_cluster_options(consume, options->cluster);
  consume.action([options, &env](Console& console) { return run_consume(*options, console, env); });
}

}  // namespace millrace::cli
