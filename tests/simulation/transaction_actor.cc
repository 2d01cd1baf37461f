#include "tests/simulation/transaction_actor.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "client/consumer.h"
#include "tests/simulation/insistence.h"

namespace millrace::simulation {
namespace {

using client::TransactionErrorKind;
using client::TransactionStatus;

constexpr Millis kPauseAfterError{500};
constexpr Millis kPollTime{200};
constexpr int kRecordsMax = 5;
constexpr double kAbortShare = 0.25;
constexpr double kDeathShare = 0.05;   // of transactions, whose producer is never heard of again
constexpr double kZombieShare = 0.05;  // whose producer is, after another took its place

}  // namespace

TransactionActor::TransactionActor(RunState& run, int number) : run_(run), number_(number) {
  const std::string name = fmt::format("transactions-{}", number);
  thread_ = run.world.host(name).start_thread("app", [this] { live(); });
}

Result<client::Producer> TransactionActor::make_producer() {
  return client::Producer::create({{"bootstrap.servers", run_.bootstrap()},
                                   {"transactional.id", fmt::format("id-{}", number_)},
                                   {"transaction.timeout.ms", "8000"},
                                   {"linger.ms", "0"},
                                   {"request.timeout.ms", "5000"},
                                   {"delivery.timeout.ms", "12000"},
                                   {"max.block.ms", "10000"}},
                                  {}, &run_.world.host(fmt::format("transactions-{}", number_)));
}

void TransactionActor::live() {
  while (may_go_on()) live_once();
  come_back_from_the_dead();
}

void TransactionActor::live_once() {
  auto producer = make_producer();
  if (!producer.ok()) return run_.history.violated(producer.error().to_string());
  const TransactionStatus begun = insist(run_, [&] { return producer->init_transactions(); });
  if (!begun.ok()) {
    run_.history.saw(fmt::format("id-{} cannot begin: {}", number_, begun.error().to_string()));
    return run_.sleep(kPauseAfterError);
  }
  come_back_from_the_dead();
  while (may_go_on()) {
    if (!run_transaction(*producer)) break;
    const auto pause = static_cast<std::uint64_t>(run_.scenario.send_pause_max.count());
    run_.sleep(Millis{static_cast<std::int64_t>(run_.random().below(4 * pause + 1))});
  }
  if (zombies_transaction_ + 1 == next_transaction_ && zombies_transaction_ != 0 && !zombie_) {
    zombie_.emplace(*std::move(producer));
    return;
  }
  (void)producer->close(Millis{0});
}

bool TransactionActor::run_transaction(client::Producer& producer) {
  const std::uint64_t transaction = ++next_transaction_;
  if (const auto begun = producer.begin_transaction(); !begun.ok()) {
    run_.history.saw(fmt::format("id-{} cannot begin: {}", number_, begun.error().to_string()));
    return begun.kind() == TransactionErrorKind::kAbortable && abort(producer);
  }
  run_.transactions.begun(number_, transaction);
  send_some(producer, transaction);
  if (run_.random().chance(kDeathShare)) {
    run_.history.did(fmt::format("id-{} dies in transaction {}", number_, transaction));
    return false;
  }
  if (run_.random().chance(kZombieShare) && !zombie_) {
    // So that what it has open is known to the broker.
    (void)producer.flush(Millis{5'000});
    run_.history.did(fmt::format("id-{} is paused in transaction {}", number_, transaction));
    zombies_transaction_ = transaction;
    return false;
  }
  if (!run_.random().chance(kAbortShare)) return commit(producer, transaction);
  const bool lies = run_.is_sabotaged_by(Sabotage::kTransactionsCommitWhatIsAborted);
  if (lies) return insist(run_, [&] { return producer.commit_transaction(); }).ok();
  return abort(producer);
}

void TransactionActor::send_some(client::Producer& producer, std::uint64_t transaction) {
  const int count = 1 + static_cast<int>(run_.random().below(kRecordsMax));
  for (int index = 0; index < count; ++index) {
    const TransactionRecord record{number_, transaction, index};
    const auto partition = static_cast<std::int32_t>(
        run_.random().below(static_cast<std::uint64_t>(run_.scenario.partitions)));
    const std::string value = record.value();
    // Whether it is taken or not: a commit that goes well says that all were.
    run_.transactions.sent(record);
    const auto queued = producer.send(
        {.topic = kTransferTopic, .partition = PartitionId{partition}, .value = value});
    if (!queued.ok()) {
      run_.history.did(fmt::format("{} was not taken: {}", value, queued.error().to_string()));
      return;
    }
  }
}

bool TransactionActor::commit(client::Producer& producer, std::uint64_t transaction) {
  // Until somebody says more, and for good if the run ends first.
  run_.transactions.ended(number_, transaction, TransactionFate::kUnknown);
  const TransactionStatus status = insist(run_, [&] { return producer.commit_transaction(); });
  if (status.ok()) {
    run_.transactions.ended(number_, transaction, TransactionFate::kCommitted);
    return true;
  }
  run_.history.saw(fmt::format("transaction {}:{} is not committed: {}", number_, transaction,
                               status.error().to_string()));
  if (status.kind() != TransactionErrorKind::kAbortable) return false;
  run_.transactions.ended(number_, transaction, TransactionFate::kNotCommitted);
  return abort(producer);
}

bool TransactionActor::abort(client::Producer& producer) {
  for (;;) {
    const TransactionStatus status = insist(run_, [&] { return producer.abort_transaction(); });
    if (status.ok()) return true;
    if (status.kind() != TransactionErrorKind::kAbortable || run_.has_failed()) {
      run_.history.saw(fmt::format("id-{} cannot abort: {}", number_, status.error().to_string()));
      return false;
    }
  }
}

void TransactionActor::come_back_from_the_dead() {
  if (!zombie_) return;
  const TransactionStatus status = insist(run_, [&] { return zombie_->commit_transaction(); });
  if (status.ok() && !run_.has_failed()) {
    run_.history.violated(
        fmt::format("transaction {}:{} was committed by a producer that another "
                    "had taken the id from",
                    number_, zombies_transaction_));
  }
  (void)zombie_->close(Millis{0});
  zombie_.reset();
}

CommittedReader::CommittedReader(RunState& run) : run_(run) {
  thread_ = run.world.host("committed-reader").start_thread("app", [this] { live(); });
}

void CommittedReader::live() {
  const bool reads_all = run_.is_sabotaged_by(Sabotage::kReadersTakeWhatIsNotCommitted);
  auto consumer = client::Consumer::create(
      {{"bootstrap.servers", run_.bootstrap()},
       {"isolation.level", reads_all ? "read_uncommitted" : "read_committed"},
       {"request.timeout.ms", "5000"}},
      {}, &run_.world.host("committed-reader"));
  if (!consumer.ok()) return run_.history.violated(consumer.error().to_string());
  client::PartitionList partitions;
  for (const TopicPartition& each : run_.partitions_of(kTransferTopic)) partitions.push_back(each);
  (void)consumer->assign(partitions);
  (void)consumer->seek_to_beginning(partitions);
  while (!run_.stops_consuming && !run_.has_failed()) {
    const auto polled = consumer->poll(kPollTime);
    if (!polled.ok()) {
      run_.history.saw("the reader of committed records: " + polled.error().to_string());
      run_.sleep(kPauseAfterError);
      continue;
    }
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records)
        read_[part.partition].emplace_back(record.offset, std::string(record.value.value_or("")));
    }
  }
  (void)consumer->close(Millis{0});
}

}  // namespace millrace::simulation
