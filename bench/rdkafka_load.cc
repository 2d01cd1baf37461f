// Loads a broker through librdkafka, with the same settings as client_load.cc and through its
// fastest interfaces.
#include <librdkafka/rdkafka.h>

#include <array>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "bench/load.h"

namespace millrace::bench {
namespace {

std::int64_t delivered_count = 0;  // touched inside rd_kafka_poll() only

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(message->err));
  ++delivered_count;
}

rd_kafka_t* open_client(rd_kafka_type_t type,
                        std::initializer_list<std::pair<const char*, const char*>> properties) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value, reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      fail(reason.data());
    }
  }
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t* const client = rd_kafka_new(type, conf, reason.data(), reason.size());
  if (client == nullptr) fail(reason.data());
  return client;
}

void produce(const Load& load) {
  rd_kafka_t* const client =
      open_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", load.brokers.c_str()},
                                      {"acks", "all"},
                                      {"enable.idempotence", "true"},
                                      {"linger.ms", "5"},
                                      {"batch.size", "131072"},
                                      {"compression.type", load.codec.c_str()},
                                      {"batch.num.messages", "100000"},
                                      {"queue.buffering.max.messages", "1000000"}});
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, load.topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail("no metadata");
  }
  rd_kafka_metadata_destroy(metadata);
  std::string value = value_of(load.value_bytes);

  const Stopwatch stopwatch;
  constexpr int kBatch = 1000;
  std::vector<rd_kafka_message_t> messages(kBatch);
  for (std::int64_t sent = 0; sent < load.records;) {
    const auto count = static_cast<int>(std::min<std::int64_t>(kBatch, load.records - sent));
    for (int i = 0; i < count; ++i) {
      messages[static_cast<std::size_t>(i)] = {};
      messages[static_cast<std::size_t>(i)].payload = value.data();
      messages[static_cast<std::size_t>(i)].len = value.size();
    }
    const int queued = rd_kafka_produce_batch(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                              messages.data(), count);
    sent += queued;
    rd_kafka_poll(client, queued == count ? 0 : 1);
  }
  if (rd_kafka_flush(client, 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("flush timed out");
  stopwatch.report(load.records);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
}

/// With the default properties, linger.ms=5 among them.
void await(const Load& load) {
  rd_kafka_t* const client =
      open_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", load.brokers.c_str()}});
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, load.topic.c_str(), nullptr);
  std::string value = value_of(load.value_bytes);
  Latencies latencies(load.records);
  for (std::int64_t i = 0; i < load.records; ++i) {
    latencies.measure([&] {
      const int queued = rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                          value.data(), value.size(), nullptr, 0, nullptr);
      if (queued != 0) fail(rd_kafka_err2str(rd_kafka_last_error()));
      delivered_count = 0;
      while (delivered_count == 0) rd_kafka_poll(client, 1000);
    });
  }
  latencies.report();
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
}

void require(rd_kafka_error_t* error) {
  if (error != nullptr) fail(rd_kafka_error_string(error));
}

/// With the default properties.
void transact(const Load& load) {
  constexpr int kPatienceMs = 30'000;
  const std::string id = load.topic + "-rdkafka";
  rd_kafka_t* const client =
      open_client(RD_KAFKA_PRODUCER,
                  {{"bootstrap.servers", load.brokers.c_str()}, {"transactional.id", id.c_str()}});
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, load.topic.c_str(), nullptr);
  std::string value = value_of(load.value_bytes);
  require(rd_kafka_init_transactions(client, kPatienceMs));
  Latencies latencies(load.records / kTransactionRecords);
  for (std::int64_t done = 0; done < load.records; done += kTransactionRecords) {
    latencies.measure([&] {
      require(rd_kafka_begin_transaction(client));
      for (std::int32_t i = 0; i < kTransactionRecords; ++i) {
        const int queued = rd_kafka_produce(topic, i % kTransactionPartitions, RD_KAFKA_MSG_F_COPY,
                                            value.data(), value.size(), nullptr, 0, nullptr);
        if (queued != 0) fail(rd_kafka_err2str(rd_kafka_last_error()));
      }
      require(rd_kafka_commit_transaction(client, kPatienceMs));
    });
  }
  latencies.report();
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
}

void consume(const Load& load) {
  rd_kafka_t* const client =
      open_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", load.brokers.c_str()},
                                      {"group.id", "bench"},
                                      {"enable.auto.commit", "false"},
                                      {"check.crcs", "true"},
                                      {"queued.min.messages", "1000000"}});
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, load.topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail("no metadata");
  }
  rd_kafka_topic_partition_list_t* const partitions = rd_kafka_topic_partition_list_new(8);
  for (int id = 0; id < metadata->topics[0].partition_cnt; ++id) {
    rd_kafka_topic_partition_list_add(partitions, load.topic.c_str(), id)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, partitions);
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_consumer(client);

  const Stopwatch stopwatch;
  constexpr std::size_t kBatch = 1000;
  std::vector<rd_kafka_message_t*> messages(kBatch);
  std::uint64_t bytes = 0;
  std::int64_t records = 0;
  while (records < load.records) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), kBatch);
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* const message = messages[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        bytes += message->len;
        ++records;
      }
      rd_kafka_message_destroy(message);
    }
  }
  stopwatch.report(records);
  if (bytes != static_cast<std::uint64_t>(records) * load.value_bytes) fail("values changed size");
  std::_Exit(0);  // closing a consumer takes its time and is not measured
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  const auto load = millrace::bench::load_from(argc, argv);
  if (load.mode == "produce") {
    millrace::bench::produce(load);
  } else if (load.mode == "await") {
    millrace::bench::await(load);
  } else if (load.mode == "transact") {
    millrace::bench::transact(load);
  } else {
    millrace::bench::consume(load);
  }
}
