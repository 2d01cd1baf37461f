// millrace produce: lines become records.
#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/advertised_addresses.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/descriptor_stream.h"
#include "cli/line_fates.h"
#include "cli/line_transactions.h"
#include "cli/stop_signal.h"
#include "client/producer.h"
#include "io/unique_fd.h"

namespace millrace::cli {
namespace {

struct ProduceOptions {
  ClusterOptions cluster;
  std::string topic;
  std::optional<std::string> file;
  std::optional<std::string> key_separator;
  std::optional<std::string> tombstone;
  std::optional<std::string> compression;
  std::optional<std::int64_t> partition;
  std::optional<std::string> transactional_id;
  std::int64_t transaction_records = 1000;
  std::vector<std::string> headers;
  bool quiet = false;
};

/// The lines of a stream, one after the other, in a buffer that is reused.
class LineReader {
 public:
  explicit LineReader(std::FILE* file) : file_(file) {}
  ~LineReader() { std::free(buffer_); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its line end, valid until the next call; nullopt at the end and at an
  /// error.
  std::optional<std::string_view> next() {
    const ssize_t length = getline(&buffer_, &capacity_, file_);
    if (length < 0) return std::nullopt;
    std::string_view line(buffer_, static_cast<std::size_t>(length));
    if (line.back() != '\n') {
      if (std::ferror(file_) != 0) return std::nullopt;  // cut short: no line of anybody's
      return line;
    }
    line.remove_suffix(1);
    return line;
  }

 private:
  std::FILE* file_;
  char* buffer_ = nullptr;
  std::size_t capacity_ = 0;
};

/// --header name=value, as views into the options.
Result<std::vector<HeaderView>> parse_headers(const std::vector<std::string>& texts) {
  std::vector<HeaderView> headers;
  for (const std::string_view text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted --header name=value, found \"{}\"", text)};
    }
    headers.push_back({text.substr(0, equals), text.substr(equals + 1)});
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

/// Splits `line` into key and value as the options say.
/// errors  kInvalidArgument when the separator is missing
Status fill_record(const ProduceOptions& options, std::string_view line,
                   client::ProducerRecord& record) {
  record.key.reset();
  if (options.key_separator) {
    const std::size_t at = line.find(*options.key_separator);
    if (at == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted a key, \"{}\" and a value, found \"{}\"",
                               *options.key_separator, line.substr(0, 60))};
    }
    record.key = line.substr(0, at);
    line.remove_prefix(at + options.key_separator->size());
  }
  record.value = line;
  if (options.tombstone && line == *options.tombstone) record.value.reset();
  return {};
}

/// Whether an error of send() is about its line alone, so that the next one may do better.
bool is_about_the_line(const Error& error) {
  return error.code == ErrorCode::kTooLarge;
}

/// What lines are sent with.
struct Sending {
  const ProduceOptions& options;
  std::FILE* from;
  const std::vector<HeaderView>& headers;
  const StopSignal& stop;
  LineFates& fates;
  LineTransactions* transactions = nullptr;  // null: none
};

/// errors  what ends it before the end of the input; a line that was refused does not
Status send_lines(const Sending& sending, client::Producer& producer) {
  const ProduceOptions& options = sending.options;
  LineFates& fates = sending.fates;
  client::ProducerRecord record{.topic = options.topic, .headers = sending.headers};
  if (options.partition)
    record.partition = PartitionId{static_cast<std::int32_t>(*options.partition)};
  const client::TopicHandle topic = producer.topic(options.topic);
  LineReader lines(sending.from);
  std::uint64_t number = 0;
  while (const auto line = lines.next()) {
    ++number;
    if (auto status = fill_record(options, *line, record); !status.ok())
      return std::move(status).error().with_context(fmt::format("line {}", number));
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
/// being written too.
ExitCode produce_transactions(Sending sending, client::Producer& producer, Console& console) {
  const ProduceOptions& options = sending.options;
  LineFates& fates = sending.fates;
  LineTransactions transactions(producer, static_cast<std::uint64_t>(options.transaction_records));
  sending.transactions = &transactions;
  Status status = transactions.begin();
  if (status.ok()) {
    status = send_lines(sending, producer);
    const bool is_whole = status.ok() && fates.refused() == 0;
    using End = LineTransactions::End;
    const Status ended = transactions.finish(is_whole ? End::kCommit : End::kAbort);
    if (status.ok()) status = ended;
  }
  (void)producer.close();
  const std::uint64_t committed = transactions.committed();
  const std::uint64_t acknowledged = fates.written();
  const std::uint64_t aborted = acknowledged > committed ? acknowledged - committed : 0;
  if (!status.ok()) (void)report(console, status.error());
  sum_up(options, committed, fates.refused() + aborted, console);
  return status.ok() && fates.refused() == 0 ? ExitCode::kDone : ExitCode::kFailed;
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
  const auto headers = parse_headers(options.headers);
  if (!headers.ok()) return report(console, headers.error());
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
  const Sending sending{options, input.stream(), *headers, stop, fates};
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
  Command produce =
      root.add_command("produce", "Write each line of the input as a record",
                       "echo 'alice:hello' | millrace produce clicks --key-separator :");
  produce.argument("TOPIC", options->topic, "Topic to write to");
  produce.option("-F,--file FILE", options->file, "Read this file instead of standard input");
  produce.option("-K,--key-separator SEPARATOR", options->key_separator,
                 "What stands between key and value on a line");
  produce.option("--tombstone", options->tombstone, "A value equal to this becomes null");
  produce.option("-p,--partition", options->partition, "Write to this partition, whatever the key",
                 0, INT32_MAX);
  produce.option("-H,--header NAME=VALUE", options->headers,
                 "A header of every record, as name=value");
  produce.option("-z,--compression CODEC", options->compression, "none, gzip, snappy, lz4 or zstd");
  produce.option("--transactional-id ID", options->transactional_id,
                 "Write in transactions, as the producer of this name");
  produce.option("--transaction-records", options->transaction_records,
                 "Lines of a transaction, with --transactional-id", 1, INT32_MAX);
  produce.flag("-q,--quiet", options->quiet, "No summary at the end");
  add_cluster_options(produce, options->cluster);
  produce.action([options, &env](Console& console) { return run_produce(*options, console, env); });
}

}  // namespace millrace::cli
