// Many small requests at a steady rate: each producer writes one record after the other, each to
// another partition, so that a batch holds one record and a request, as a rule, one batch. Prints
// what that took of the processor in the broker, from after the warm-up until all was acknowledged.
//   many_small_load BROKERS TOPIC PRODUCERS RECORDS_PER_S VALUE_BYTES WARM_UP_S SECONDS BROKER_PID
#include <ctime>
#include <vector>

#include "bench/load.h"
#include "client/producer.h"

namespace millrace::bench {
namespace {

struct Crowd {
  std::string topic;
  std::string value;
  std::int64_t records_per_s = 0;
  std::int64_t sent = 0;
  std::int32_t partitions = 0;
  std::vector<client::Producer> producers;
  std::vector<client::TopicHandle> topics;  // one for each
};

Crowd gather(const std::string& brokers, const std::string& topic, int count, io::Env& env) {
  Crowd crowd;
  crowd.topic = topic;
  for (int index = 0; index < count; ++index) {
    auto producer = client::Producer::create(
        {{"bootstrap.servers", brokers}, {"acks", "all"}, {"linger.ms", "0"}}, {}, &env);
    if (!producer.ok()) fail(producer.error().message);
    crowd.producers.push_back(std::move(producer).value());
    crowd.topics.push_back(crowd.producers.back().topic(topic));
    const auto partitions = crowd.producers.back().partition_count(topic);
    if (!partitions.ok()) fail(partitions.error().message);
    crowd.partitions = *partitions;
  }
  return crowd;
}

/// Producers take turns, and each goes from partition to partition, far from the others.
void produce(Crowd& crowd, std::int64_t seconds) {
  const auto count = static_cast<std::int64_t>(crowd.producers.size());
  at_rate(crowd.records_per_s * seconds, crowd.records_per_s, [&](std::int64_t /*index*/) {
    const std::int64_t turn = crowd.sent++;
    const auto at = static_cast<std::size_t>(turn % count);
    const std::int64_t partition =
        (turn / count + turn % count * crowd.partitions / count) % crowd.partitions;
    const auto sent = crowd.producers[at].send(
        crowd.topics[at], {.topic = crowd.topic,
                           .partition = PartitionId{static_cast<std::int32_t>(partition)},
                           .value = crowd.value});
    if (!sent.ok()) fail(sent.error().message);
  });
  for (auto& producer : crowd.producers) {
    if (const auto flushed = producer.flush(); !flushed.ok()) fail(flushed.error().message);
  }
}

/// Of all threads of another process.
double cpu_us(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    fail(fmt::format("process {} has no clock", process));
  }
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

std::uint64_t requests_of(const Crowd& crowd) {
  std::uint64_t requests = 0;
  std::uint64_t batches = 0;
  for (const auto& producer : crowd.producers) {
    requests += producer.metrics().requests_sent;
    batches += producer.metrics().batches_sent;
  }
  if (batches != static_cast<std::uint64_t>(crowd.sent)) {
    fail(fmt::format("wanted a batch for each of {} records, found {}", crowd.sent, batches));
  }
  return requests;
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace::bench;
  if (argc != 9) {
    fmt::print(stderr,
               "wanted: {} BROKERS TOPIC PRODUCERS RECORDS_PER_S VALUE_BYTES WARM_UP_S SECONDS "
               "BROKER_PID\n",
               argv[0]);
    return 2;
  }
  const auto env = millrace::io::make_system_env();
  Crowd crowd = gather(argv[1], argv[2], std::atoi(argv[3]), *env);
  crowd.records_per_s = std::atoll(argv[4]);
  crowd.value = value_of(static_cast<std::size_t>(std::atoll(argv[5])));
  const pid_t broker = std::atoi(argv[8]);

  produce(crowd, std::atoll(argv[6]));
  const std::uint64_t requests_before = requests_of(crowd);
  const std::int64_t sent_before = crowd.sent;
  const double cpu_before = cpu_us(broker);
  produce(crowd, std::atoll(argv[7]));
  const double cpu = cpu_us(broker) - cpu_before;
  const auto records = static_cast<double>(crowd.sent - sent_before);
  fmt::print("{{\"broker_cpu_us_per_record\": {:.2f}, \"records_per_request\": {:.2f}}}\n",
             cpu / records, records / static_cast<double>(requests_of(crowd) - requests_before));
}
