#include "tests/simulation/table_actor.h"

#include <fmt/format.h>

#include <utility>

#include "tests/simulation/sending.h"

namespace millrace::simulation {
namespace {

constexpr double kTombstoneShare = 0.2;

}  // namespace

TableActor::TableActor(RunState& run, int number) : run_(run), number_(number) {
  const std::string name = fmt::format("table-writer-{}", number);
  thread_ = run.world.host(name).start_thread("app", [this, name] {
    send_while_wanted(run_, name,
                      {.one = [this](client::Producer& producer) { write_one(producer); },
                       .last = [this](client::Producer& producer) { write_last_ones(producer); }});
  });
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
