#include "apps/access_log/result_reader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace millrace::access_log {

Result<ResultReader> ResultReader::create(const std::string& brokers, Topics topics, io::Env& env) {
  auto consumer = client::Consumer::create({{"bootstrap.servers", brokers},
                                            {"enable.auto.commit", "false"},
                                            {"auto.offset.reset", "earliest"},
                                            {"retry.backoff.ms", "5"},
                                            {"max.poll.records", "10000"}},
                                           {}, &env);
  if (!consumer.ok()) return std::move(consumer).error();
  client::PartitionList partitions;
  for (const std::string& topic : {topics.by_status, topics.by_minute, topics.dead_letters}) {
    const auto count = consumer->partition_count(topic);
    if (!count.ok()) return count.error();
    for (std::int32_t id = 0; id < *count; ++id) partitions.push_back({topic, PartitionId{id}});
  }
  if (auto status = consumer->assign(partitions); !status.ok()) return std::move(status).error();
  if (auto status = consumer->seek_to_beginning(partitions); !status.ok()) {
    return std::move(status).error();
  }
  return ResultReader(std::move(consumer).value(), std::move(topics));
}

Status ResultReader::poll(Millis timeout) {
  const auto polled = consumer_.poll(timeout);
  if (!polled.ok()) return polled.error();
  for (const auto& part : *polled) {
    for (const RecordView& record : part.records) {
      if (auto status = take(part.partition.topic, record); !status.ok()) return status;
    }
  }
  return {};
}

Status ResultReader::take(const std::string& topic, const RecordView& record) {
  const std::string_view value = record.value.value_or(std::string_view{});
  if (topic == topics_.dead_letters) {
    results_.add_dead_letter(
        std::string(record.headers.find_last(kReasonHeader).value_or("no reason given")));
    return {};
  }
  if (topic == topics_.by_status) {
    const auto totals = StatusTotalsSerde{}.decode(value);
    if (!totals.ok()) return totals.error();
    results_.set(*totals);
    return {};
  }
  const auto count = MinuteCountSerde{}.decode(value);
  if (!count.ok()) return count.error();
  results_.set(*count);
  return {};
}

std::int64_t ResultReader::lines_counted() const {
  return results_.compute_dead_letter_count() +
         std::min(results_.compute_requests_by_status(), results_.compute_requests_by_minute());
}

}  // namespace millrace::access_log
