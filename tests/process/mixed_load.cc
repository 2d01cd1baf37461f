#include "tests/process/mixed_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "client/admin.h"
#include "tests/process/let_pass.h"

namespace millrace::process {
namespace {

using client::TransactionErrorKind;
using client::TransactionStatus;
using simulation::TransactionFate;
using simulation::TransactionRecord;

constexpr int kClientPatienceMs = 60'000;
constexpr std::int32_t kPartitions = 3;
constexpr int kWriters = 2;
constexpr int kRecordsMax = 5;
constexpr double kAbortShare = 0.25;
constexpr std::string_view kTransfers = "transfers";
constexpr std::string_view kNumbers = "numbers";  // the number of a record is its offset
constexpr std::string_view kCopies = "copies";
constexpr std::string_view kCopiers = "copiers";
constexpr std::string_view kTable = "table";  // row n is of key n % kKeys
constexpr std::int64_t kKeys = 20;
constexpr std::size_t kRowBytes = 2'000;  // so that segments of 1 MiB are full soon

TopicPartition only_partition_of(std::string_view topic) {
  return {std::string(topic), PartitionId{0}};
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Error wrong(std::string what) {
  return {ErrorCode::kCorrupt, std::move(what)};
}

}  // namespace

MixedLoad::MixedLoad(io::Env& env, client::Properties properties, std::uint64_t seed)
    : env_(env), properties_(std::move(properties)), seed_(seed) {}

MixedLoad::~MixedLoad() {
  end();
}

Status MixedLoad::create_topics(std::int16_t replication_factor) {
  auto admin = client::Admin::create(properties_, &env_);
  if (!admin.ok()) return admin.error();
  for (const auto topic : {kTransfers, kNumbers, kCopies, kTable}) {
    const std::string name(topic);
    client::NewTopic wanted{.name = name,
                            .partitions = topic == kTransfers ? kPartitions : 1,
                            .replication_factor = replication_factor,
                            .configs = {{"segment.bytes", "1048576"}}};
    if (topic == kTable) {
      wanted.configs["cleanup.policy"] = "compact";
      wanted.configs["min.cleanable.dirty.ratio"] = "0.01";
    }
    const auto made = admin->create_topics({wanted});
    if (!made.ok()) return made.error();
    if (const Status& status = made->at(name); !status.ok()) return status;
  }
  return {};
}

void MixedLoad::start() {
  const auto begin = [this](const char* name, std::function<void()> work) {
    workers_.push_back(env_.start_thread(name, std::move(work)));
  };
  for (int writer = 0; writer < kWriters; ++writer) {
    begin("writer", [this, writer] { write_transactions(writer); });
  }
  begin("numbers", [this] { write_numbers(); });
  begin("copier", [this] { copy_numbers(); });
  begin("table", [this] { write_table(); });
  begin("reader", [this] { look_on(); });
}

void MixedLoad::end() {
  is_over_ = true;
  for (auto& worker : workers_) worker->join();
  workers_.clear();
}

std::vector<std::string> MixedLoad::check() {
  auto wrongs = complaints_.with([](const auto& all) { return all; });
  for (const Status& status : {check_transfers(), check_copies(), check_table()}) {
    if (!status.ok()) wrongs.push_back(status.error().message);
  }
  return wrongs;
}

void MixedLoad::note(const std::string& complaint) {
  complaints_.with([&](std::vector<std::string>& all) { all.push_back(complaint); });
  has_complaint_ = true;
}

client::Properties MixedLoad::of_producer(const std::string& transactional_id) const {
  auto wanted = properties_;
  wanted.set("linger.ms", "0").set("transaction.timeout.ms", "20000");
  if (!transactional_id.empty()) wanted.set("transactional.id", transactional_id);
  return wanted;
}

client::Properties MixedLoad::of_reader(std::string_view isolation) const {
  auto wanted = properties_;
  wanted.set("isolation.level", std::string(isolation));
  wanted.set("default.api.timeout.ms", std::to_string(kClientPatienceMs));
  return wanted;
}

template <class Call>
TransactionStatus MixedLoad::insist(Call&& call) {
  TransactionStatus status = call();
  while (!status.ok() && status.kind() == TransactionErrorKind::kRetriable && !has_complaint_) {
    status = call();
  }
  return status;
}

// ── Those who work ──

void MixedLoad::write_transactions(int writer) {
  Random random(seed_ + static_cast<std::uint64_t>(writer));
  for (std::uint64_t transaction = 0; !is_over_;) {
    auto producer =
        client::Producer::create(of_producer("writer-" + std::to_string(writer)), {}, &env_);
    if (!producer.ok()) return note(producer.error().to_string());
    const auto begun = insist([&] { return producer->init_transactions(); });
    if (!begun.ok()) return note("init_transactions: " + begun.error().to_string());
    while (!is_over_ && write_one(*producer, random, writer, ++transaction)) {
    }
  }
}

bool MixedLoad::write_one(client::Producer& producer, Random& random, int writer,
                          std::uint64_t transaction) {
  if (!producer.begin_transaction().ok()) return false;
  tell_ledger([&](Ledger& ledger) { ledger.begun(writer, transaction); });
  const int count = 1 + static_cast<int>(random.below(kRecordsMax));
  for (int index = 0; index < count; ++index) {
    const TransactionRecord record{writer, transaction, index};
    // Whether it is taken or not: a commit that goes well says that all were.
    tell_ledger([&](Ledger& ledger) { ledger.sent(record); });
    const PartitionId partition{static_cast<std::int32_t>(random.below(kPartitions))};
    const std::string value = record.value();
    if (!producer.send({.topic = kTransfers, .partition = partition, .value = value}).ok()) break;
  }
  if (random.chance(kAbortShare)) return abort(producer);

  const auto ended = [&](TransactionFate fate) {
    tell_ledger([&](Ledger& ledger) { ledger.ended(writer, transaction, fate); });
  };
  ended(TransactionFate::kUnknown);
  const auto committed = insist([&] { return producer.commit_transaction(); });
  if (committed.ok()) {
    ended(TransactionFate::kCommitted);
    ++committed_;
    return true;
  }
  if (committed.kind() != TransactionErrorKind::kAbortable) return false;
  ended(TransactionFate::kNotCommitted);
  return abort(producer);
}

bool MixedLoad::abort(client::Producer& producer) {
  for (;;) {
    const auto status = insist([&] { return producer.abort_transaction(); });
    if (status.ok()) return true;
    if (status.kind() != TransactionErrorKind::kAbortable || has_complaint_) return false;
  }
}

// Idempotent; gives up on nothing.
void MixedLoad::write_numbers() {
  auto producer = client::Producer::create(
      of_producer(""),
      {.on_delivery =
           [this](const client::DeliveryReport& report) {
             if (report.status.ok())
               numbers_acked_ += report.record_count;
             else
               note("a record of the idempotent producer failed: " + report.status.error().message);
           }},
      &env_);
  if (!producer.ok()) return note(producer.error().to_string());
  Random random(seed_);
  for (std::int64_t number = 0; !is_over_;) {
    for (std::uint64_t left = 1 + random.below(10); left > 0; --left, ++number) {
      const std::string value = std::to_string(number);
      const auto status = producer->send({.topic = kNumbers, .value = value});
      if (!status.ok()) return note("send: " + status.error().to_string());
    }
    const auto flushed = producer->flush(Millis{kClientPatienceMs});
    if (!flushed.ok()) return note("flush: " + flushed.error().to_string());
  }
}

void MixedLoad::copy_numbers() {
  while (!is_over_ && !has_complaint_) copy_in_one_life();
}

void MixedLoad::copy_in_one_life() {
  auto wanted = of_reader("read_committed");
  wanted.set("group.id", std::string(kCopiers)).set("enable.auto.commit", "false");
  auto consumer = client::Consumer::create(wanted, {}, &env_);
  auto producer = client::Producer::create(of_producer("copier"), {}, &env_);
  if (!consumer.ok() || !producer.ok()) return note("the copier cannot begin");
  // First, so that nothing of an earlier life is open any more.
  const auto begun = insist([&] { return producer->init_transactions(); });
  if (!begun.ok()) return note("init_transactions: " + begun.error().to_string());
  const auto partition = only_partition_of(kNumbers);
  const auto committed = consumer->committed({partition});
  if (!committed.ok()) return note("committed: " + committed.error().to_string());
  const bool is_first = committed->empty();
  if (!consumer->assign({partition}).ok()) return note("assign failed");
  const Offset from = is_first ? Offset{0} : committed->at(partition).offset;
  if (!consumer->seek(partition, from).ok()) return note("seek failed");
  while (!is_over_) {
    const auto polled = consumer->poll(Millis{100});
    if (!polled.ok()) return;
    if (!polled->empty() && !copy(*producer, *polled)) return;
  }
}

bool MixedLoad::copy(client::Producer& producer, const client::PolledRecords& polled) {
  if (!producer.begin_transaction().ok()) return false;
  client::OffsetsToCommit offsets;
  for (const client::PartitionRecords& part : polled) {
    offsets[part.partition] = {.offset = part.next_offset};
    for (const RecordView& record : part.records)
      if (!producer.send({.topic = kCopies, .value = record.value}).ok()) break;
  }
  const client::ConsumerGroupMetadata group{.group_id = std::string(kCopiers)};  // of no member
  const auto sent = insist([&] { return producer.send_offsets_to_transaction(offsets, group); });
  return sent.ok() && insist([&] { return producer.commit_transaction(); }).ok();
}

// Rows count up, whatever became of the one before.
void MixedLoad::write_table() {
  auto producer = client::Producer::create(of_producer(""), {}, &env_);
  if (!producer.ok()) return note(producer.error().to_string());
  Random random(seed_ + 77);
  for (std::int64_t row = 0; !is_over_;) {
    for (std::uint64_t left = 1 + random.below(20); left > 0; --left, ++row) {
      const std::string key = std::to_string(row % kKeys);
      std::string value = std::to_string(row) + " ";
      value.resize(kRowBytes, '.');
      rows_sent_ = row + 1;
      const auto status = producer->send({.topic = kTable, .key = key, .value = value});
      if (!status.ok()) return note("send: " + status.error().to_string());
    }
    const auto flushed = producer->flush(Millis{kClientPatienceMs});
    if (!flushed.ok()) return note("flush: " + flushed.error().to_string());
    rows_acked_ = row;
    let_pass(10);  // there is to be something to compact, and no more
  }
}

void MixedLoad::look_on() {
  auto consumer = client::Consumer::create(of_reader("read_committed"), {}, &env_);
  if (!consumer.ok()) return note(consumer.error().to_string());
  const auto partitions = transfers();
  if (!consumer->assign(partitions).ok() || !consumer->seek_to_beginning(partitions).ok())
    return note("assign failed");
  while (!is_over_) {
    const auto polled = consumer->poll(Millis{100});
    if (polled.ok()) collect(*polled, looked_on_);
  }
}

// ── What has to hold ──

client::PartitionList MixedLoad::transfers() {
  client::PartitionList partitions;
  for (std::int32_t index = 0; index < kPartitions; ++index) {
    partitions.push_back({std::string(kTransfers), PartitionId{index}});
  }
  return partitions;
}

void MixedLoad::collect(const client::PolledRecords& polled, Logs& logs) {
  for (const client::PartitionRecords& part : polled) {
    auto& log = logs[part.partition];
    for (const RecordView& record : part.records) {
      if (!log.empty() && record.offset <= log.back().first)
        note("nonmonotonic-poll: offset " + std::to_string(record.offset.value()) + " behind " +
             std::to_string(log.back().first.value()));
      log.emplace_back(record.offset, std::string(record.value.value_or("")));
    }
  }
}

Result<std::map<TopicPartition, Offset>> MixedLoad::ends(std::string_view isolation,
                                                         const client::PartitionList& partitions) {
  auto consumer = client::Consumer::create(of_reader(isolation), {}, &env_);
  if (!consumer.ok()) return consumer.error();
  return consumer->end_offsets(partitions);
}

Result<MixedLoad::Logs> MixedLoad::read_committed(const client::PartitionList& partitions) {
  const auto end = ends("read_uncommitted", partitions);
  if (!end.ok()) return end.error();
  for (int waited = 0;; ++waited) {
    const auto stable = ends("read_committed", partitions);
    if (!stable.ok()) return stable.error();
    // Whoever left a transaction open as the load ended has it aborted for it: the marker goes past
    // this end.
    const auto unstable = std::find_if(end->begin(), end->end(), [&](const auto& each) {
      const auto found = stable->find(each.first);
      return found == stable->end() || found->second < each.second;
    });
    if (unstable == end->end()) break;
    if (waited == kClientPatienceMs / 100) {
      const auto& [partition, wanted] = *unstable;
      const auto found = stable->find(partition);
      return wrong(fmt::format("a transaction hangs: {}-{} is stable up to {} of {}",
                               partition.topic, partition.partition.value(),
                               found == stable->end() ? -1 : found->second.value(),
                               wanted.value()));
    }
    let_pass(100);
  }
  auto consumer = client::Consumer::create(of_reader("read_committed"), {}, &env_);
  if (!consumer.ok()) return consumer.error();
  Status begun = consumer->assign(partitions);
  if (begun.ok()) begun = consumer->seek_to_beginning(partitions);
  if (!begun.ok()) return begun.error();
  Logs logs;
  std::map<TopicPartition, Offset> next;
  const auto is_read = [&] {
    return std::all_of(end->begin(), end->end(), [&](const auto& each) {
      return each.second == Offset{0} || next[each.first] >= each.second;
    });
  };
  while (!is_read()) {
    const auto polled = consumer->poll(Millis{100});
    if (!polled.ok()) return polled.error();
    collect(*polled, logs);
    // Behind the last record come markers, of which a poll says nothing.
    for (const auto& partition : partitions) {
      if (const auto position = consumer->position(partition); position.ok()) {
        next[partition] = *position;
      }
    }
  }
  return logs;
}

Status MixedLoad::check_transfers() {
  const auto visible = read_committed(transfers());
  if (!visible.ok()) return visible.error();
  const auto found = ledger_.with([&](const Ledger& all) { return all.check(*visible); });
  if (found) return wrong("lost-write, duplicate or aborted-read: " + *found);
  const auto seen = Ledger::check_read(looked_on_, *visible);
  if (seen) return wrong("aborted-read or lost-write: " + *seen);
  return {};
}

Result<std::int64_t> MixedLoad::count_of_numbers(std::string_view topic) {
  auto logs = read_committed({only_partition_of(topic)});
  if (!logs.ok()) return logs.error();
  std::int64_t next = 0;
  for (const auto& [offset, value] : (*logs)[only_partition_of(topic)]) {
    if (value != std::to_string(next)) {
      return wrong(fmt::format("lost-write or duplicate: {} has {} at {}, where {} was wanted",
                               topic, value, offset.value(), next));
    }
    ++next;
  }
  return next;
}

Status MixedLoad::check_copies() {
  const auto numbers = count_of_numbers(kNumbers);
  if (!numbers.ok()) return numbers.error();
  if (*numbers < numbers_acked_) {
    return wrong(fmt::format("lost-write: {} numbers were acknowledged, and {} are there",
                             numbers_acked_.load(), *numbers));
  }
  const auto copies = count_of_numbers(kCopies);
  if (!copies.ok()) return copies.error();
  auto wanted = properties_;
  wanted.set("group.id", std::string(kCopiers));
  auto consumer = client::Consumer::create(wanted, {}, &env_);
  if (!consumer.ok()) return consumer.error();
  const auto partition = only_partition_of(kNumbers);
  const auto committed = consumer->committed({partition});
  if (!committed.ok()) return committed.error();
  const auto offset = committed->find(partition);
  if (*copies == 0 || offset == committed->end() || offset->second.offset.value() != *copies) {
    return wrong(fmt::format("{} numbers were copied, and {} of them committed", *copies,
                             offset == committed->end() ? -1 : offset->second.offset.value()));
  }
  return {};
}

Status MixedLoad::check_table() {
  auto logs = read_committed({only_partition_of(kTable)});
  if (!logs.ok()) return logs.error();
  const auto& log = (*logs)[only_partition_of(kTable)];
  std::map<std::int64_t, std::int64_t> last;  // row by key
  std::int64_t newest = -1;
  for (const auto& [offset, value] : log) {
    const std::int64_t row = number_in(value);
    if (row <= newest) {
      return wrong(fmt::format("duplicate: row {} stands behind row {}", row, newest));
    }
    newest = row;
    last[row % kKeys] = row;
  }
  was_compacted_ = !log.empty() && log.back().first.value() + 1 > static_cast<int>(log.size());
  for (std::int64_t key = 0; key < std::min(kKeys, rows_acked_.load()); ++key) {
    const std::int64_t acked = (rows_acked_ - 1 - key) / kKeys * kKeys + key;
    const auto found = last.find(key);
    if (found == last.end() || found->second < acked) {
      return wrong(fmt::format("lost-write: of key {} row {} was acknowledged, and {} is the last",
                               key, acked, found == last.end() ? -1 : found->second));
    }
  }
  if (newest >= rows_sent_) return wrong(fmt::format("row {} was never sent", newest));
  return {};
}

}  // namespace millrace::process
