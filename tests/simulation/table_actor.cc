#include "tests/simulation/table_actor.h"

#include <fmt/format.h>

#include <utility>

namespace millrace::simulation {
namespace {

constexpr double kTombstoneShare = 0.2;
constexpr Millis kPatience{180'000};

}  // namespace

TableActor::TableActor(RunState& run, int number) : run_(run), number_(number) {
  const std::string name = fmt::format("table-writer-{}", number);
  thread_ = run.world.host(name).start_thread("app", [this] { live(); });
}

void TableActor::live() {
  io::Env& env = run_.world.host(fmt::format("table-writer-{}", number_));
  client::Properties properties{
      {"bootstrap.servers", run_.bootstrap()},
      {"linger.ms", std::to_string(run_.scenario.linger.count())},
      {"compression.type", run_.scenario.compression},
      {"batch.size", "2000"},
      {"request.timeout.ms", "5000"},
      {"delivery.timeout.ms", std::to_string(run_.scenario.delivery_timeout.count())},
      {"max.block.ms", "30000"}};
  auto producer = client::Producer::create(properties, {}, &env);
  if (!producer.ok()) return run_.history.violated(producer.error().to_string());
  while (!run_.stops_producing && !run_.has_failed()) {
    write_one(*producer);
    const auto pause = static_cast<std::uint64_t>(run_.scenario.send_pause_max.count());
    run_.sleep(Millis{static_cast<std::int64_t>(run_.random().below(pause + 1))});
  }
  write_last_ones(*producer);
  if (const Status flushed = producer->flush(kPatience);
      !flushed.ok() && producer->metrics().bytes_buffered > 0) {
    run_.history.violated(fmt::format("table writer {} does not come to rest: {}", number_,
                                      flushed.error().to_string()));
  }
  (void)producer->close(kPatience);
}

void TableActor::write_one(client::Producer& producer) {
  const auto keys = static_cast<std::uint64_t>(run_.scenario.keys);
  const std::uint64_t key = run_.random().below(keys);
  TableLedger::Record record{kNoOffset, fmt::format("row-{}", key), std::nullopt};
  if (!run_.random().chance(kTombstoneShare)) record.value = fmt::format("{}:{}", number_, count_);
  const auto partitions = static_cast<std::uint64_t>(run_.scenario.partitions);
  send(producer, std::move(record), PartitionId{static_cast<std::int32_t>(key % partitions)});
}

void TableActor::write_last_ones(client::Producer& producer) {
  for (std::int32_t id = 0; id < run_.scenario.partitions; ++id) {
    send(producer, {kNoOffset, "end", fmt::format("{}:{}", number_, count_)}, PartitionId{id});
  }
}

void TableActor::send(client::Producer& producer, TableLedger::Record record,
                      PartitionId partition) {
  ++count_;
  const auto queued = producer.send(
      {.topic = kTableTopic,
       .partition = partition,
       .key = record.key,
       .value = record.value ? std::optional<std::string_view>(*record.value) : std::nullopt},
      [this, record](const Result<client::RecordMetadata>& written) {
        if (!written.ok()) return run_.table.lost_track_of(record);
        run_.table.acknowledged({kTableTopic, written->partition},
                                {written->offset, record.key, record.value});
      });
  if (!queued.ok()) run_.history.saw("a row was not taken: " + queued.error().to_string());
}

}  // namespace millrace::simulation
