#include "tests/simulation/pipeline_actor.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "tests/simulation/group_properties.h"
#include "tests/simulation/insistence.h"

namespace millrace::simulation {
namespace {

using client::TransactionErrorKind;
using client::TransactionStatus;

constexpr Millis kPollTime{200};
constexpr Millis kPauseAfterError{500};
constexpr Millis kLongerThanMayPassBetweenPolls{25'000};
constexpr double kStallShare = 0.01;  // of transactions
constexpr double kDeathShare = 0.04;
constexpr double kLongShare = 0.05;
constexpr int kPollsOfALongOne = 20;
constexpr std::uint64_t kDeadMax = 6'000;  // ms until somebody starts it again

}  // namespace

PipelineActor::PipelineActor(RunState& run, int number) : run_(run), number_(number) {
  thread_ = run.world.host(host()).start_thread("app", [this] { live(); });
}

std::string PipelineActor::host() const {
  return fmt::format("pipeline-{}", number_);
}

void PipelineActor::live() {
  while (may_go_on()) {
    live_once();
    if (std::exchange(is_dead_, false))
      run_.sleep(Millis{static_cast<std::int64_t>(run_.random().below(kDeadMax))});
  }
}

void PipelineActor::live_once() {
  io::Env& env = run_.world.host(host());
  auto reading = group_properties(run_, kPipelineGroup, run_.scenario.pipeline_protocol);
  reading.set("isolation.level", "read_committed");
  auto consumer = client::Consumer::create(reading, {}, &env);
  auto producer = client::Producer::create({{"bootstrap.servers", run_.bootstrap()},
                                            {"transactional.id", host()},
                                            {"transaction.timeout.ms", "8000"},
                                            {"linger.ms", "0"},
                                            {"request.timeout.ms", "5000"},
                                            {"delivery.timeout.ms", "12000"},
                                            {"max.block.ms", "10000"}},
                                           {}, &env);
  if (!consumer.ok() || !producer.ok()) return run_.history.violated(host() + " cannot begin");
  const TransactionStatus begun = insist(run_, [&] { return producer->init_transactions(); });
  if (!begun.ok()) {
    run_.history.saw(fmt::format("{} cannot begin: {}", host(), begun.error().to_string()));
    return run_.sleep(kPauseAfterError);
  }
  (void)consumer->subscribe({kInputTopic});
  while (may_go_on()) {
    const auto polled = consumer->poll(kPollTime);
    if (!polled.ok()) {
      run_.history.saw(fmt::format("{} cannot poll: {}", host(), polled.error().to_string()));
      run_.sleep(kPauseAfterError);
      break;
    }
    if (!polled->empty() && !copy(*producer, *consumer, *polled)) break;
  }
  (void)consumer->close(Millis{0});
  (void)producer->close(Millis{0});
}

bool PipelineActor::copy(client::Producer& producer, client::Consumer& consumer,
                         const client::PolledRecords& polled) {
  if (const auto begun = producer.begin_transaction(); !begun.ok()) return false;
  // As when the transaction began: what the group does meanwhile has to be refused by the broker.
  const client::ConsumerGroupMetadata group = consumer.group_metadata();
  client::OffsetsToCommit offsets;
  write(producer, polled, offsets);
  const int more = run_.random().chance(kLongShare) ? kPollsOfALongOne : 0;
  for (int i = 0; i < more; ++i) {
    const auto next = consumer.poll(kPollTime);
    if (next.ok()) write(producer, *next, offsets);
  }
  const bool may_stall = run_.scenario.stalls_consumers && !run_.stops_producing;
  if (may_stall && run_.random().chance(kStallShare)) {
    run_.history.did(host() + " stalls within a transaction");
    run_.sleep(kLongerThanMayPassBetweenPolls);
  }
  if (dies("within a transaction")) return false;
  const bool forgets = run_.is_sabotaged_by(Sabotage::kPipelinesForgetOffsets);
  const TransactionStatus sent =
      forgets ? TransactionStatus{}
              : insist(run_, [&] { return producer.send_offsets_to_transaction(offsets, group); });
  if (!sent.ok()) return give_up(producer, sent);
  if (dies("before it commits")) return false;
  const TransactionStatus committed = insist(run_, [&] { return producer.commit_transaction(); });
  return committed.ok() || give_up(producer, committed);
}

void PipelineActor::write(client::Producer& producer, const client::PolledRecords& polled,
                          client::OffsetsToCommit& offsets) {
  for (const client::PartitionRecords& part : polled) {
    offsets[part.partition] = {.offset = part.next_offset};
    for (const RecordView& record : part.records) {
      const auto queued = producer.send(
          {.topic = kCopyTopic, .partition = part.partition.partition, .value = record.value});
      if (queued.ok()) continue;
      // The transaction can only be aborted now, which its commit says.
      run_.history.saw(host() + " cannot send: " + queued.error().to_string());
      return;
    }
  }
}

bool PipelineActor::dies(const std::string& where) {
  // Once all is healed nobody dies any more, or the group would not come to rest.
  const bool may_die = run_.scenario.crashes_consumers && !run_.stops_producing;
  if (!may_die || !run_.random().chance(kDeathShare)) return false;
  run_.history.did(host() + " dies " + where);
  is_dead_ = true;
  return true;
}

bool PipelineActor::give_up(client::Producer& producer, const TransactionStatus& why) {
  run_.history.saw(fmt::format("{} copies again: {}", host(), why.error().to_string()));
  if (why.kind() == TransactionErrorKind::kAbortable)
    (void)insist(run_, [&] { return producer.abort_transaction(); }).ok();
  return false;
}

}  // namespace millrace::simulation
