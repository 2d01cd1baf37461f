// millrace produce: lines become records.
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/advertised_addresses.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/delimited_reader.h"
#include "cli/descriptor_stream.h"
#include "cli/escapes.h"
#include "cli/line_fates.h"
#include "cli/line_transactions.h"
#include "cli/record_input.h"
#include "cli/start_position.h"
#include "cli/stop_signal.h"
#include "client/producer.h"
#include "io/unique_fd.h"

namespace millrace::cli {
namespace {

struct ProduceOptions {
  ClusterOptions cluster;
  std::string topic;
  std::optional<std::string> file;
  std::string format = "text";
  std::optional<std::string> key_separator;
  std::optional<std::string> key;
  std::optional<std::string> tombstone;
  bool empty_is_null = false;
  std::string delimiter = "\\n";
  std::optional<std::string> timestamp;
  std::optional<std::string> compression;
  std::optional<std::int64_t> partition;
  std::optional<std::string> transactional_id;
  std::int64_t transaction_records = 1000;
  std::vector<std::string> headers;
  bool quiet = false;
};

/// --header name=value, as views into the options; without "=" the value is null.
Result<std::vector<HeaderView>> parse_headers(const std::vector<std::string>& texts) {
  std::vector<HeaderView> headers;
  for (const std::string_view text : texts) {
    const std::size_t equals = text.find('=');
    if (text.empty() || equals == 0) {
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("wanted --header name=value, or name for a null value, found \"{}\"", text)};
    }
    HeaderView header{text.substr(0, equals), std::nullopt};
    if (equals != std::string_view::npos) header.value = text.substr(equals + 1);
    headers.push_back(header);
  }
  return headers;
}

Result<client::Properties> producer_properties(const ProduceOptions& options) {
  auto properties = client_properties(options.cluster);
  if (!properties.ok()) return properties;
  if (options.compression) properties->set("compression.type", *options.compression);
  if (options.transactional_id) properties->set("transactional.id", *options.transactional_id);
  if (auto status = client::check_properties(client::ClientKind::kProducer, *properties);
      !status.ok()) {
    return std::move(status).error();
  }
  return properties;
}

Result<RecordInput> text_input(const ProduceOptions& options) {
  TextLines text{.key = options.key, .nulls = {options.tombstone, options.empty_is_null}};
  if (options.key_separator) {
    auto separator = unescaped("--key-separator", *options.key_separator);
    if (!separator.ok()) return std::move(separator).error();
    if (separator->empty()) return wrong_usage("wanted a --key-separator, found an empty one");
    text.key_separator = std::move(separator).value();
  }
  return RecordInput(std::move(text));
}

/// How a line becomes a record.
Result<RecordInput> record_input(const ProduceOptions& options, const std::string& delimiter) {
  if (options.format == "text") return text_input(options);
  if (options.key_separator || options.key) {
    return wrong_usage("wanted --key-separator and --key with --format text only, found \"" +
                       options.format + "\", which says itself what is the key");
  }
  if (options.format == "json") {
    if (options.tombstone || options.empty_is_null) {
      return wrong_usage(
          "wanted --tombstone and --empty-as-null for lines that cannot say null, found --format "
          "json, which can");
    }
    return RecordInput(JsonRecordReader());
  }
  if (options.format.find('%') == std::string::npos) {
    return wrong_usage("wanted --format text, json or a format string such as '%k: %s', found \"" +
                       options.format + "\"");
  }
  const auto made = RecordTemplate::parse(options.format, Nulls::kNothing);
  if (!made.ok()) return made.error();
  auto reader = RecordTemplateReader::create(*made, delimiter);
  if (!reader.ok()) return std::move(reader).error();
  return RecordInput(
      TemplateLines{std::move(reader).value(), {options.tombstone, options.empty_is_null}});
}

/// What every record has unless its line says otherwise.
struct Common {
  std::vector<HeaderView> headers = {};
  std::optional<PartitionId> partition = {};
  Timestamp timestamp = kNoTimestamp;
};

Result<Common> common_to_records(const ProduceOptions& options) {
  auto headers = parse_headers(options.headers);
  if (!headers.ok()) return std::move(headers).error();
  Common common{.headers = std::move(headers).value()};
  if (options.partition) {
    common.partition = PartitionId{static_cast<std::int32_t>(*options.partition)};
  }
  if (!options.timestamp) return common;
  const auto position = parse_start_position("--timestamp", *options.timestamp);
  const auto* const time = position.ok() ? std::get_if<Timestamp>(&*position) : nullptr;
  if (time == nullptr) {
    return wrong_usage(
        fmt::format("wanted --timestamp as a UTC time such as 2015-05-17T10:05:03Z or "
                    "@MILLISECONDS, found \"{}\"",
                    *options.timestamp));
  }
  common.timestamp = *time;
  return common;
}

/// Whether an error of send() is about its line alone, so that the next one may do better.
bool is_about_the_line(const Error& error) {
  return error.code == ErrorCode::kTooLarge;
}

/// What lines are sent with.
struct Sending {
  const ProduceOptions& options;
  std::FILE* from;
  const std::string& delimiter;
  RecordInput& input;
  const Common& common;
  const StopSignal& stop;
  LineFates& fates;
  LineTransactions* transactions = nullptr;  // null: none
};

/// headers  keeps those of the line and the common ones, where there are both
void add_common(const Common& common, client::ProducerRecord& record,
                std::vector<HeaderView>& headers) {
  if (common.partition) record.partition = common.partition;
  if (record.timestamp == kNoTimestamp) record.timestamp = common.timestamp;
  if (common.headers.empty()) return;
  if (record.headers.empty()) {
    record.headers = common.headers;
    return;
  }
  headers.assign(record.headers.begin(), record.headers.end());
  headers.insert(headers.end(), common.headers.begin(), common.headers.end());
  record.headers = headers;
}

/// errors  what ends it before the end of the input; a line that was refused does not
Status send_lines(const Sending& sending, client::Producer& producer) {
  const ProduceOptions& options = sending.options;
  LineFates& fates = sending.fates;
  const client::TopicHandle topic = producer.topic(options.topic);
  DelimitedReader lines(sending.from, sending.delimiter);
  std::vector<HeaderView> headers;  // reused
  std::uint64_t number = 0;
  while (const auto line = lines.next()) {
    ++number;
    const auto read = sending.input.read(*line);
    if (!read.ok()) return Error{read.error()}.with_context(fmt::format("line {}", number));
    client::ProducerRecord record = *read;
    add_common(sending.common, record, headers);
    auto sent =
        producer.send(topic, record, [&fates, number](const Result<client::RecordMetadata>& fate) {
          if (fate.ok()) return fates.count_written();
          fates.count_refused(number, fate.error());
        });
    if (sent.ok()) {
      if (sending.transactions == nullptr) continue;
      if (auto status = sending.transactions->line_sent(); !status.ok()) return status;
      continue;
    }
    fates.count_refused(number, sent.error());
    fates.say_refused();
    if (is_about_the_line(sent.error())) continue;
    Error last = sent.error();
    last.message = "no further line was read";
    return last;
  }
  if (std::ferror(sending.from) != 0 && !sending.stop.requested()) {
    return Error{ErrorCode::kIo, fmt::format("wanted line {} of the input, found: {}", number + 1,
                                             std::strerror(errno))};
  }
  return {};
}

/// What stands at the end: how many lines were written, and how many were not.
void sum_up(const ProduceOptions& options, std::uint64_t written, std::uint64_t refused,
            Console& console) {
  if (options.quiet) return;
  const auto properties = client_properties(options.cluster);
  const std::string* const acks = properties.ok() ? properties->find("acks") : nullptr;
  if (acks != nullptr && *acks == "0") {
    console.note("sent {} records to {}; with acks=0 nobody says whether they were written\n",
                 written, options.topic);
  } else if (refused == 0) {
    console.note("produced {} records to {}\n", written, options.topic);
  } else {
    console.note("produced {} records to {}; not written: {}\n", written, options.topic, refused);
  }
}

/// Sends the lines in transactions. A line that is refused keeps the others of its transaction from
/// being written too, and so does a signal: the input was not read to its end.
ExitCode produce_transactions(Sending sending, client::Producer& producer, Console& console) {
  const ProduceOptions& options = sending.options;
  LineFates& fates = sending.fates;
  LineTransactions transactions(producer,
                                options.transaction_records == 0
                                    ? UINT64_MAX
                                    : static_cast<std::uint64_t>(options.transaction_records));
  sending.transactions = &transactions;
  Status status = transactions.begin();
  if (status.ok()) {
    status = send_lines(sending, producer);
    const bool is_whole = status.ok() && fates.refused() == 0 && !sending.stop.requested();
    using End = LineTransactions::End;
    const Status ended = transactions.finish(is_whole ? End::kCommit : End::kAbort);
    if (status.ok()) status = ended;
  }
  (void)producer.close();
  const std::uint64_t committed = transactions.committed();
  const std::uint64_t acknowledged = fates.written();
  const std::uint64_t aborted = acknowledged > committed ? acknowledged - committed : 0;
  ExitCode code = fates.refused() == 0 && aborted == 0 ? ExitCode::kDone : ExitCode::kFailed;
  if (!status.ok()) code = report(console, status.error());
  sum_up(options, committed, fates.refused() + aborted, console);
  return code;
}

/// Where the lines come from: the file, or standard input.
class Input {
 public:
  explicit Input(Console& console) : stream_(console.in) {}

  /// errors  kIo
  Status open(const std::string& path) {
    fd_ = io::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_.is_open()) {
      return Error{ErrorCode::kIo,
                   fmt::format("wanted to read {}, found: {}", path, std::strerror(errno))};
    }
    file_ = open_descriptor_stream(fd_.get(), StreamUse::kRead);
    stream_ = file_.get();
    return {};
  }

  std::FILE* stream() const { return stream_; }

 private:
  io::UniqueFd fd_;
  OwnedStream file_;  // reads fd_
  std::FILE* stream_;
};

ExitCode run_produce(const ProduceOptions& options, Console& console, io::Env& env) {
  const auto properties = producer_properties(options);
  if (!properties.ok()) return report(console, properties.error());
  const auto common = common_to_records(options);
  if (!common.ok()) return report(console, common.error());
  const auto delimiter = unescaped("--delimiter", options.delimiter);
  if (!delimiter.ok()) return report(console, delimiter.error());
  if (delimiter->empty()) {
    return report(console, wrong_usage("wanted a --delimiter, found an empty one"));
  }
  auto records = record_input(options, *delimiter);
  if (!records.ok()) return report(console, records.error());
  Input input(console);
  if (options.file) {
    if (const auto status = input.open(*options.file); !status.ok())
      return report(console, status.error());
  }
  if (const auto status = check_reachable(*properties, console, env); !status.ok()) {
    return report(console, status.error());
  }
  LineFates fates(console);
  auto producer =
      client::Producer::create(*properties,
                               {.on_delivery = [&fates](const auto&) { fates.say_refused(); },
                                .outages = outage_notes(console)},
                               &env);
  if (!producer.ok()) return report(console, producer.error());

  // Until the last line that was read has its fate. A second Ctrl-C is for those who cannot wait
  // for a cluster that does not answer.
  const StopSignal stop(SecondInterrupt::kEndsProcess);
  const Sending sending{options, input.stream(), *delimiter, *records, *common, stop, fates};
  if (properties->contains("transactional.id")) {
    return produce_transactions(sending, *producer, console);
  }
  const Status sent = send_lines(sending, *producer);
  const Status flushed = producer->flush();
  const Status closed = producer->close();
  ExitCode code = fates.refused() == 0 ? ExitCode::kDone : ExitCode::kFailed;
  if (!sent.ok()) code = report(console, sent.error());
  for (const Status* const status : {&flushed, &closed}) {
    // A delivery that failed was said with its line.
    if (!status->ok() && fates.refused() == 0) code = report(console, status->error());
  }
  sum_up(options, fates.written(), fates.refused(), console);
  return code;
}

}  // namespace

void add_produce(Command root, io::Env& env) {
  const auto options = std::make_shared<ProduceOptions>();
  Command produce = root.add_command(
      "produce", "Write each line of the input as a record",
      "echo 'alice:hello' | millrace produce clicks --key-separator :\n"
      "  echo '{\"key\":\"alice\",\"value\":null}' | millrace produce clicks --format json\n"
      "  millrace produce clicks -F lines.txt --transactional-id loader --transaction-records 0");
  produce.argument("TOPIC", options->topic, "Topic to write to");
  produce.option("-F,--file FILE", options->file, "Read this file instead of standard input");
  produce.option("-f,--format FORMAT", options->format,
                 "text is a value a line, or key and value; json is an object a line; anything "
                 "else is a format string, see below");
  produce.option("-K,--key-separator SEPARATOR", options->key_separator,
                 "What stands between key and value on a line; \\t is a tab, \\xHH a byte");
  produce.option("-k,--key KEY", options->key, "The key of every line that has none");
  produce.option("-D,--delimiter TEXT", options->delimiter, "What ends a line");
  produce.option("--tombstone TEXT", options->tombstone, "A value equal to this becomes null");
  produce.flag("-Z,--empty-as-null", options->empty_is_null,
               "Keys and values that are empty become null");
  produce.option("-p,--partition", options->partition, "Write to this partition, whatever the key",
                 0, INT32_MAX);
  produce.option("-H,--header NAME=VALUE", options->headers,
                 "A header of every record, as name=value, or name for a null value");
  produce.option("--timestamp TIME", options->timestamp,
                 "Of records that do not say theirs: a UTC time (2015-05-17T10:05:03Z) or "
                 "@MILLISECONDS; now when this is not given");
  produce.option("-z,--compression CODEC", options->compression, "none, gzip, snappy, lz4 or zstd");
  produce.option("--transactional-id ID", options->transactional_id,
                 "Write in transactions, as the producer of this name. Bad input, and a signal, "
                 "abort the one that is open");
  produce.option("--transaction-records", options->transaction_records,
                 "Lines of a transaction, with --transactional-id; 0: all of the input in one", 0,
                 INT32_MAX);
  produce.flag("-q,--quiet", options->quiet, "No summary at the end");
  produce.explain([] {
    return std::string(help_on_json_records()) + "\n" + std::string(help_on_template_lines());
  });
  add_cluster_options(produce, options->cluster);
  produce.action([options, &env](Console& console) { return run_produce(*options, console, env); });
}

}  // namespace millrace::cli
