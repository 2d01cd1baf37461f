// millrace consume: records become lines.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/advertised_addresses.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/end_watch.h"
#include "cli/escapes.h"
#include "cli/reading_start.h"
#include "cli/record_format.h"
#include "cli/record_printer.h"
#include "cli/stop_signal.h"
#include "cli/written_offsets.h"
#include "client/consumer.h"

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
  std::optional<std::string> print;
  std::string format = "text";
  std::optional<std::string> key_separator;
  std::optional<std::string> delimiter;
  bool null = false;
  bool read_committed = false;
  bool exit_at_end = false;
  bool raw = false;
};

/// What the options say, checked before anything is asked of a cluster.
struct Plan {
  ReadingStart from;
  RecordFormat format;
  client::Properties properties;
};

/// What there is of -K, -D and -Z, and what --format says.
Result<RecordFormat> record_template(const ConsumeOptions& options) {
  const Nulls nulls = options.null ? Nulls::kSpelledOut : Nulls::kNothing;
  if (options.format != "text") {
    auto parsed = RecordTemplate::parse(options.format, nulls);
    if (!parsed.ok()) return std::move(parsed).error();
    return RecordFormat{std::move(parsed).value()};
  }
  std::optional<std::string> separator;
  if (options.key_separator) {
    auto text = unescaped("--key-separator", *options.key_separator);
    if (!text.ok()) return std::move(text).error();
    separator = std::move(text).value();
  }
  auto delimiter = unescaped("--delimiter", options.delimiter.value_or("\\n"));
  if (!delimiter.ok()) return std::move(delimiter).error();
  return RecordFormat{RecordTemplate::delimited(separator, std::move(delimiter).value(), nulls)};
}

Result<RecordFormat> record_format(const ConsumeOptions& options) {
  const bool is_template = options.format.find_first_of("%\\") != std::string::npos;
  if (options.format != "text" && options.format != "json" && !is_template) {
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --format text, json or a format string such as '%k: %s\\n', found \"" +
                     options.format + "\""};
  }
  const bool is_delimited = options.key_separator || options.delimiter;
  if (options.format != "text" && (is_delimited || options.print || options.raw)) {
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --print, --raw, --key-separator and --delimiter with --format text only, "
                 "found \"" +
                     options.format + "\", which says all of it itself"};
  }
  if (options.null && !is_template && !is_delimited) {
    return Error{ErrorCode::kInvalidArgument,
                 "wanted --null with a format string, --key-separator or --delimiter (text and "
                 "json write null always), found none of them"};
  }
  if (options.format == "json") return RecordFormat{JsonLines{}};
  if (is_template || is_delimited) return record_template(options);
  auto fields = parse_record_fields(options.print.value_or("value"));
  if (!fields.ok()) return std::move(fields).error();
  return RecordFormat{TextFields{std::move(fields).value(),
                                 options.raw ? KeysAndHeaders::kRaw : KeysAndHeaders::kPrintable}};
}

Result<Plan> make_plan(const ConsumeOptions& options) {
  auto from = parse_reading_start(options.from);
  if (!from.ok()) return std::move(from).error();
  auto format = record_format(options);
  if (!format.ok()) return std::move(format).error();
  auto properties = client_properties(options.cluster);
  if (!properties.ok()) return std::move(properties).error();

  const auto* const position = std::get_if<StartPosition>(&*from);
  const auto* const end = position != nullptr ? std::get_if<LogEnd>(position) : nullptr;
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
  return Plan{*from, std::move(format).value(), std::move(properties).value()};
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
  RecordPrinter printer(plan.format, options.count.value_or(INT64_MAX), console);
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
  if (!options.group) {
    const auto partitions = wanted_partitions(options, *consumer);
    status = partitions.ok() ? start_reading(*consumer, *partitions, plan->from, console)
                             : Status(partitions.error());
  }
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
                                     "millrace consume clicks --from earliest --print key,value\n"
                                     "  millrace consume clicks -o -5 -e -f '%p %o %T %k: %s\\n'\n"
                                     "  millrace consume clicks --group billing --format json");
  consume.argument("TOPIC", options->topic, "Topic to read");
  consume.option("-o,--from POSITION", options->from,
                 "earliest (beginning), latest (end), an offset, -N for the last N of each "
                 "partition, a UTC time (2015-05-17T10:05:03Z) or @MILLISECONDS");
  consume.option("-n,-c,--count", options->count, "Stop after this many records", 0, INT64_MAX);
  consume.option("-p,--partition", options->partition, "Only this partition", 0, INT32_MAX);
  consume.option("-g,-G,--group GROUP", options->group,
                 "Read as a member of this group, and commit what was written out");
  consume.exclusive("--partition", "--group");
  consume.flag("--read-committed", options->read_committed,
               "Leave out records of transactions that are open or were aborted");
  consume.flag("-e,--exit-at-end", options->exit_at_end,
               "Stop at what was the end of the topic when reading began");
  consume.option("-f,--format FORMAT", options->format,
                 "text is what --print says; json is one object a line with every field; anything "
                 "else is a format string, see below");
  consume.option("--print PARTS", options->print,
                 "For text: some of topic,partition,offset,timestamp,key,value,headers; tabs "
                 "between them (default: value)");
  consume.flag(
      "--raw", options->raw,
      "Write keys and headers as they are; without it their control characters are written "
      "out, as \\n or \\x1b. Values are always as they are, and all of a format string");
  consume.option("-K,--key-separator SEPARATOR", options->key_separator,
                 "Write key, this, value; the same as -f '%kSEPARATOR%s\\n'");
  consume.option("-D,--delimiter TEXT", options->delimiter,
                 "Write this behind each record instead of a line end");
  consume.flag("-Z,--null", options->null,
               "Write NULL for a null key or value, with -f, -K or -D; without it nothing");
  consume.explain([] { return std::string(help_on_record_templates()); });
  add_cluster_options(consume, options->cluster);
  consume.action([options, &env](Console& console) { return run_consume(*options, console, env); });
}

}  // namespace millrace::cli
