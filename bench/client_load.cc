// Loads a broker through Millrace's own client.
#include "bench/load.h"
#include "client/consumer.h"
#include "client/producer.h"

namespace millrace::bench {
namespace {

void produce(const Load& load, io::Env& env) {
  auto producer = client::Producer::create({{"bootstrap.servers", load.brokers},
                                            {"acks", "all"},
                                            {"linger.ms", "5"},
                                            {"batch.size", "131072"},
                                            {"compression.type", load.codec}},
                                           {}, &env);
  if (!producer.ok()) fail(producer.error().message);
  const std::string value = value_of(load.value_bytes);
  const client::TopicHandle topic = producer->topic(load.topic);
  if (const auto warm = producer->partition_count(load.topic); !warm.ok()) {
    fail(warm.error().message);
  }

  const Stopwatch stopwatch;
  for (std::int64_t i = 0; i < load.records; ++i) {
    const auto sent = producer->send(topic, {.topic = load.topic, .value = value});
    if (!sent.ok()) fail(sent.error().message);
  }
  if (const auto flushed = producer->flush(); !flushed.ok()) fail(flushed.error().message);
  stopwatch.report(load.records);
}

/// With the default properties, linger.ms=5 among them.
void await(const Load& load, io::Env& env) {
  auto producer = client::Producer::create({{"bootstrap.servers", load.brokers}}, {}, &env);
  if (!producer.ok()) fail(producer.error().message);
  const std::string value = value_of(load.value_bytes);
  const client::TopicHandle topic = producer->topic(load.topic);
  Latencies latencies(load.records);
  for (std::int64_t i = 0; i < load.records; ++i) {
    latencies.measure([&] {
      const auto written =
          producer->send_and_wait(topic, {.topic = load.topic, .value = value}, Millis{10'000});
      if (!written.ok()) fail(written.error().message);
    });
  }
  latencies.report();
}

void require(const client::TransactionStatus& status) {
  if (!status.ok()) fail(status.error().message);
}

/// With the default properties.
void transact(const Load& load, io::Env& env) {
  auto producer = client::Producer::create(
      {{"bootstrap.servers", load.brokers}, {"transactional.id", load.topic + "-ours"}}, {}, &env);
  if (!producer.ok()) fail(producer.error().message);
  const std::string value = value_of(load.value_bytes);
  const client::TopicHandle topic = producer->topic(load.topic);
  require(producer->init_transactions());
  Latencies latencies(load.records / kTransactionRecords);
  for (std::int64_t done = 0; done < load.records; done += kTransactionRecords) {
    latencies.measure([&] {
      require(producer->begin_transaction());
      for (std::int32_t i = 0; i < kTransactionRecords; ++i) {
        const PartitionId partition{i % kTransactionPartitions};
        const auto sent =
            producer->send(topic, {.topic = load.topic, .partition = partition, .value = value});
        if (!sent.ok()) fail(sent.error().message);
      }
      require(producer->commit_transaction());
    });
  }
  latencies.report();
}

/// Nothing is missing and nothing is there twice.
void check_count(client::Consumer& consumer, const client::PartitionList& partitions,
                 std::int64_t records) {
  const auto begins = consumer.beginning_offsets(partitions);
  const auto ends = consumer.end_offsets(partitions);
  if (!begins.ok()) fail(begins.error().message);
  if (!ends.ok()) fail(ends.error().message);
  std::int64_t held = 0;
  for (const auto& [partition, end] : *ends) held += end - begins->at(partition);
  if (held != records) fail(fmt::format("wanted {} records in the log, found {}", records, held));
}

void consume(const Load& load, io::Env& env) {
  auto consumer = client::Consumer::create({{"bootstrap.servers", load.brokers},
                                            {"enable.auto.commit", "false"},
                                            {"max.poll.records", "10000"}},
                                           {}, &env);
  if (!consumer.ok()) fail(consumer.error().message);
  const auto count = consumer->partition_count(load.topic);
  if (!count.ok()) fail(count.error().message);
  client::PartitionList partitions;
  for (std::int32_t id = 0; id < *count; ++id) partitions.push_back({load.topic, PartitionId{id}});
  auto status = consumer->assign(partitions);
  if (status.ok()) status = consumer->seek_to_beginning(partitions);
  if (!status.ok()) fail(status.error().message);
  check_count(*consumer, partitions, load.records);

  const Stopwatch stopwatch;
  std::int64_t records = 0;
  std::uint64_t bytes = 0;
  while (records < load.records) {
    const auto polled = consumer->poll(Millis{100});
    if (!polled.ok()) fail(polled.error().message);
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) bytes += record.value->size();
    }
    records += static_cast<std::int64_t>(polled->count());
  }
  stopwatch.report(records);
  if (bytes != static_cast<std::uint64_t>(records) * load.value_bytes) fail("values changed size");
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  const auto load = millrace::bench::load_from(argc, argv);
  const auto env = millrace::io::make_system_env();
  if (load.mode == "produce") {
    millrace::bench::produce(load, *env);
  } else if (load.mode == "await") {
    millrace::bench::await(load, *env);
  } else if (load.mode == "transact") {
    millrace::bench::transact(load, *env);
  } else {
    millrace::bench::consume(load, *env);
  }
}
