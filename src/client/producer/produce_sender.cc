#include "client/producer/produce_sender.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "client/producer/produce_answers.h"
#include "wire/batch_header.h"
#include "wire/messages/init_producer_id.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr Millis kFlushTimerMax{INT32_MAX};  // longer is never

std::string produce_to(const TopicPartition& partition) {
  return fmt::format("Produce to {}", partition);
}

PartitionQueueConfig queue_config(const ProducerConfig& config) {
  const auto in_flight = static_cast<std::size_t>(config.in_flight_per_connection_max);
  return {.idempotent = config.idempotent,
          .transactional = config.transactional_id.has_value(),
          .in_flight_max = in_flight,
          .retries_max = config.retries_max,
          .delivery_timeout = config.delivery_timeout,
          .retry_backoff = config.connection.retry_backoff};
}

}  // namespace

ProduceSender::ProduceSender(const ProducerConfig& config, Cluster& cluster,
                             RecordAccumulator& accumulator, Guarded<ProducerMetrics>& metrics,
                             TransactionDriver* transactions, DeliveryCallback on_delivery)
    : config_(config),
      cluster_(cluster),
      accumulator_(accumulator),
      metrics_(metrics),
      reporter_(accumulator, metrics, flushes_, std::move(on_delivery)),
      transactions_(transactions) {
  cluster_.on_metadata([this] {
    take_partition_counts();
    run();
  });
}

ProduceSender::~ProduceSender() {
  life_.end();
  cluster_.loop().cancel(timer_);
  for (const auto& [id, timer] : flush_timers_) cluster_.loop().cancel(timer);
  flushes_.give_up_all({ErrorCode::kClosed, "the producer was closed"});
}

void ProduceSender::watch(ProducerTopic& topic) {
  topics_[topic.name()] = &topic;
  cluster_.add_topic(topic.name());
  take_partition_counts();
}

void ProduceSender::take_partition_counts() {
  for (const auto& [name, topic] : topics_) {
    const TopicMetadata* const known = cluster_.metadata().topic(name);
    if (known == nullptr || known->partitions.empty()) continue;
    accumulator_.set_partition_count(*topic, static_cast<std::int32_t>(known->partitions.size()));
  }
}

ProduceSender::Partition& ProduceSender::partition(const ProducerTopic& topic, PartitionId id) {
  auto& entry = partitions_[TopicPartition{topic.name(), id}];
  if (entry == nullptr) {
    entry = std::make_unique<Partition>(
        Partition{{topic.name(), id}, PartitionQueue(queue_config(config_))});
  }
  return *entry;
}

const ProducerIdentity& ProduceSender::identity() const {
  return transactions_ == nullptr ? identity_ : transactions_->session().identity();
}

void ProduceSender::run() {
  if (transactions_ != nullptr &&
      transactions_->session().state() == TransactionState::kFatalError) {
    fatal_error_ = transactions_->session().cause();
  }
  if (fatal_error_) {
    accumulator_.close(*fatal_error_);
    fail_everything(*fatal_error_);
  } else {
    const MonotonicTime now = cluster_.loop().now();
    collect(now);
    if (transactions_ != nullptr && transactions_->session().must_drop_batches()) drop_unsent();
    send_to_brokers(now);
    check_flushed();
    arm_timer(now);
  }
  if (transactions_ != nullptr) transactions_->run();
}

void ProduceSender::collect(MonotonicTime now) {
  // First: what is given up makes room for what stands behind it, which no clock waits for.
  for (auto& [name, state] : partitions_) {
    for (ProducerBatchPtr& batch : state->queue.expire(now)) {
      Error expired{
          ErrorCode::kTimeout,
          fmt::format("{} was not acknowledged within delivery.timeout.ms = {}{}{}", name,
                      config_.delivery_timeout.count(),
                      batch->last_error.empty() ? "" : "; the last try: ", batch->last_error)};
      give_up(name, std::move(batch), std::move(expired));
    }
    if (state->queue.needs_new_epoch() && state->queue.identity() == identity()) lose_sequence();
  }
  auto leaving = accumulator_.take_due(now, [&](const ProducerTopic& topic, PartitionId id) {
    const PartitionQueue& queue = partition(topic, id).queue;
    return queue.waiting_count() == 0 &&
           queue.in_flight_count() < static_cast<std::size_t>(config_.in_flight_per_connection_max);
  });
  for (LeavingBatch& each : leaving) {
    partition(*each.topic, each.partition).queue.push(std::move(each.batch));
  }
}

void ProduceSender::lose_sequence() {
  if (transactions_ == nullptr) {
    bump_epoch();
  } else {
    transactions_->session().sequence_lost();
  }
}

void ProduceSender::give_up(const TopicPartition& name, ProducerBatchPtr batch, Error error) {
  if (transactions_ != nullptr) transactions_->session().batch_failed(error);
  reporter_.failed(name, std::move(batch), std::move(error), cluster_.loop().now());
}

// Nothing of the transaction will be seen. What is in flight has to be answered first, so that it
// is not written behind the transaction's end.
void ProduceSender::drop_unsent() {
  const TransactionSession& session = transactions_->session();
  const bool is_broken = session.state() == TransactionState::kAbortableError;
  const Error reason =
      is_broken ? Error{session.cause()}.with_context("its transaction cannot be committed")
                : Error{ErrorCode::kCancelled, "its transaction was aborted"};
  for (LeavingBatch& each : take_everything()) {
    partition(*each.topic, each.partition).queue.push(std::move(each.batch));
  }
  for (auto& [name, state] : partitions_) {
    for (ProducerBatchPtr& batch : state->queue.drain_waiting()) {
      reporter_.failed(name, std::move(batch), reason, cluster_.loop().now());
    }
    if (state->queue.needs_new_epoch() && state->queue.identity() == identity()) lose_sequence();
  }
  // Whoever aborts knows that its records failed; flush() need not say so later.
  if (!is_broken) (void)flushes_.take_untold();
}

void ProduceSender::send_to_brokers(MonotonicTime now) {
  if (config_.idempotent && identity().id == kNoProducerId) {
    if (transactions_ == nullptr) ensure_identity();
    return;
  }
  struct Load {
    Parts parts;
    std::size_t bytes = 0;
  };
  std::map<BrokerId, Load> loads;
  bool is_leader_missing = false;
  for (auto& [name, state] : partitions_) {
    if (state->queue.waiting_count() == 0) continue;
    if (transactions_ != nullptr && !transactions_->session().admits(name)) continue;
    const auto leader = cluster_.metadata().leader(name);
    if (!leader) {
      is_leader_missing = true;
      continue;
    }
    if (requests_in_flight_[leader->broker] >= config_.in_flight_per_connection_max) continue;
    Load& load = loads[leader->broker];
    if (load.bytes >= config_.request_size_max) continue;
    auto taken = state->queue.take(identity(), now);
    if (!taken) continue;
    if (transactions_ != nullptr) transactions_->session().batch_sent();
    const TopicMetadata* const topic = cluster_.metadata().topic(name.topic);
    load.bytes += taken->bytes->size();
    load.parts.push_back({state.get(), *std::move(taken), topic == nullptr ? Uuid{} : topic->id});
  }
  if (is_leader_missing) cluster_.refresh_metadata();
  bool has_sent = false;
  for (auto& [broker, load] : loads) {
    if (load.parts.empty()) continue;
    send_request(broker, std::move(load.parts));
    has_sent = true;
  }
  // Partitions may have more than one batch ready: go on until nothing can be sent.
  if (has_sent) send_to_brokers(now);
}

void ProduceSender::send_request(BrokerId broker, Parts parts) {
  ++requests_in_flight_[broker];
  std::uint64_t bytes = 0;
  std::uint64_t retries = 0;
  for (const Part& part : parts) {
    bytes += part.sent.bytes->size();
    retries += part.sent.number > 1 ? 1 : 0;
  }
  metrics_.with([&](ProducerMetrics& metrics) {
    metrics.requests_sent += 1;
    metrics.bytes_sent += bytes;
    metrics.batch_retries += retries;
  });
  cluster_.send(broker, Lane::kMain, make_call(broker, std::make_shared<Parts>(std::move(parts))));
}

Call ProduceSender::make_call(BrokerId broker, std::shared_ptr<Parts> parts) {
  Call call;
  call.api = wire::ApiKey::kProduce;
  call.versions = wire::ProduceRequest::kVersions;
  constexpr std::int16_t kLastVersionByName = 12;
  constexpr std::int16_t kFirstVersionThatAddsToTransaction = 12;
  const bool has_all_ids = std::none_of(parts->begin(), parts->end(),
                                        [](const Part& part) { return part.topic_id.is_zero(); });
  if (!has_all_ids) call.versions.max = kLastVersionByName;
  if (transactions_ != nullptr) {
    if (transactions_->session().protocol() == TransactionProtocol::kV2) {
      call.versions.min = kFirstVersionThatAddsToTransaction;
    } else {
      call.versions.max = kFirstVersionThatAddsToTransaction - 1;
    }
  }
  call.timeout = config_.connection.request_timeout;
  call.is_answered = config_.acks != 0;
  call.encode = [this, parts](const wire::RequestHeader& header) -> Result<io::Chunks> {
    wire::ProduceRequest request;
    request.transactional_id = config_.transactional_id;
    request.acks = config_.acks;
    request.timeout_ms = static_cast<std::int32_t>(config_.connection.request_timeout.count());
    io::Chunks batches;  // put in as they are
    for (const Part& part : *parts) {
      const TopicPartition& name = part.partition->name;
      if (request.topic_data.empty() || request.topic_data.back().name != name.topic) {
        request.topic_data.push_back(
            {.name = name.topic, .topic_id = part.topic_id, .partition_data = {}});
      }
      request.topic_data.back().partition_data.push_back(
          {.index = name.partition.value(),
           .records = wire::Records::external(part.sent.bytes->size())});
      batches.emplace_back(part.sent.bytes);
    }
    Buffer encoded;
    std::vector<wire::Splice> splices;
    wire::encode_request_header(header, encoded);
    auto status =
        wire::Codec<wire::ProduceRequest>::encode(request, header.api_version, encoded, &splices);
    if (!status.ok()) return std::move(status).error();
    return io::interleave(std::move(encoded), splices, std::move(batches));
  };
  call.done = life_.guard([this, broker, parts](Result<Answer> answer) {
    on_answer(broker, *parts, std::move(answer));
  });
  return call;
}

void ProduceSender::on_answer(BrokerId broker, const Parts& parts, Result<Answer> answer) {
  --requests_in_flight_[broker];
  auto response = answer.ok() ? answer->decode<wire::ProduceResponse>()
                              : Result<wire::ProduceResponse>(std::move(answer).error());
  const bool is_unanswered = config_.acks == 0 && answer.ok();
  if (is_unanswered) response = wire::ProduceResponse{};
  if (!response.ok()) {
    cluster_.refresh_metadata();
    for (const Part& part : parts) on_part_failed(part, response.error());
    // Later: the other requests of a connection that ended fail one after the other in this same
    // task, and what is new must not overtake what was in them.
    cluster_.loop().post(life_.guard([this] { run(); }));
    return;
  }
  cluster_.metadata().note_brokers(response->node_endpoints);
  const ProduceAnswers answers(*response);
  wire::ProduceResponse::PartitionProduceResponse unknown;
  unknown.base_offset = kNoOffset.value();
  for (const Part& part : parts) {
    const auto* const mine =
        is_unanswered ? &unknown : answers.find(part.partition->name, part.topic_id);
    if (mine != nullptr) {
      on_part_answer(broker, part, *mine);
    } else {
      on_part_failed(part, wire::make_error(KafkaError::kUnknownServerError,
                                            "the broker's answer leaves a partition out"));
    }
  }
  run();
}

void ProduceSender::on_part_answer(BrokerId asked, const Part& part,
                                   const wire::ProduceResponse::PartitionProduceResponse& answer) {
  const auto code = static_cast<KafkaError>(answer.error_code);
  const TopicPartition& name = part.partition->name;
  if (code == KafkaError::kNone || code == KafkaError::kDuplicateSequenceNumber) {
    ProducerBatchPtr batch = part.partition->queue.settle(part.sent.id);
    if (!cluster_.refusals().empty()) {
      cluster_.refusals().over(produce_to(name), Refusals::End::kAnswered);
    }
    if (batch == nullptr) return;
    DeliveryReporter::Written where;
    if (code == KafkaError::kNone) where.base_offset = Offset{answer.base_offset};
    where.log_append_time = Timestamp{answer.log_append_time_ms};
    reporter_.written(name, std::move(batch), where, cluster_.loop().now());
    return;
  }
  // Who leads now may stand in the answer (KIP-951): then nobody need be asked, nor waited for.
  const PartitionLeader told{BrokerId{answer.current_leader.leader_id},
                             LeaderEpoch{answer.current_leader.leader_epoch}};
  const bool is_leader_told =
      cluster_.metadata().note_leader_after({asked, told.epoch}, name, told);
  if (!is_leader_told) {
    if (wire::error_class(code) == wire::ErrorClass::kRefreshLeader) {
      cluster_.metadata().forget_leader(name);
    }
    if (wire::is_retriable(code)) cluster_.refresh_metadata();
  }
  std::string context = fmt::format("produce to {}", name);
  if (answer.error_message) context += ": " + *answer.error_message;
  for (const auto& record : answer.record_errors) {
    if (!record.batch_index_error_message) continue;
    context +=
        fmt::format("; record {}: {}", record.batch_index, *record.batch_index_error_message);
  }
  on_part_failed(
      part, wire::make_error(code, context),
      is_leader_told ? PartitionQueue::Again::kAtOnce : PartitionQueue::Again::kAfterBackoff);
}

void ProduceSender::on_part_failed(const Part& part, const Error& error,
                                   PartitionQueue::Again again) {
  auto failure = part.partition->queue.fail(part.sent.id, error, cluster_.loop().now(),
                                            cluster_.random(), again);
  if (failure.verdict == BatchVerdict::kSplit) {
    split(*part.partition, std::move(failure.batch));
  } else if (failure.verdict == BatchVerdict::kRetry) {
    const bool is_answered = error.code == ErrorCode::kKafka;
    if (is_answered) cluster_.refusals().refused(produce_to(part.partition->name), error);
  } else if (failure.verdict == BatchVerdict::kFailed) {
    cluster_.refusals().over(produce_to(part.partition->name), Refusals::End::kGivenUp);
    give_up(part.partition->name, std::move(failure.batch), error);
  }
}

void ProduceSender::split(Partition& partition, ProducerBatchPtr batch) {
  auto halves = halves_of(*batch, config_.batch_size_bytes);
  accumulator_.add_part(batch->id);
  metrics_.with([](ProducerMetrics& metrics) { metrics.batch_splits += 1; });
  partition.queue.put_back(std::move(batch), std::move(halves));
}

void ProduceSender::ensure_identity() {
  if (identity_under_way_ || fatal_error_) return;
  const bool is_needed = std::any_of(partitions_.begin(), partitions_.end(), [](const auto& entry) {
    return entry.second->queue.waiting_count() > 0;
  });
  if (!is_needed) return;
  identity_under_way_ = true;
  using Response = wire::InitProducerIdResponse;
  wire::InitProducerIdRequest request;
  request.transactional_id = std::nullopt;
  request.transaction_timeout_ms = INT32_MAX;
  cluster_.call_until<wire::InitProducerIdRequest, Response>(
      Target::any(), std::move(request), cluster_.loop().now() + config_.delivery_timeout,
      [](const Response& answer) { return static_cast<KafkaError>(answer.error_code); },
      life_.guard([this](const Result<Response>& answer) {
        identity_under_way_ = false;
        if (answer.ok() && answer->error_code == 0) {
          identity_ = {ProducerId{answer->producer_id}, ProducerEpoch{answer->producer_epoch}};
        } else {
          Error error = answer.ok() ? wire::make_error(static_cast<KafkaError>(answer->error_code))
                                    : answer.error();
          if (!wire::is_retriable(error)) {
            fatal_error_ = std::move(error).with_context(
                "enable.idempotence=true needs a producer id from the broker");
          }
        }
        run();
      }));
}

// Non-transactional producers count their epoch up by themselves.
void ProduceSender::bump_epoch() {
  if (identity_.id == kNoProducerId) return;
  metrics_.with([](ProducerMetrics& metrics) { metrics.epoch_bumps += 1; });
  if (identity_.epoch.value() == INT16_MAX) {
    identity_ = {};
  } else {
    identity_.epoch = ProducerEpoch{static_cast<std::int16_t>(identity_.epoch.value() + 1)};
  }
}

void ProduceSender::when_finished(BatchId end, Millis timeout, std::function<void(Status)> done) {
  const FlushList::Id id = flushes_.add(end, std::move(done));
  if (timeout < kFlushTimerMax) {
    flush_timers_[id] = cluster_.loop().call_after(timeout, life_.guard([this, id] {
      flush_timers_.erase(id);
      flushes_.give_up(id, {ErrorCode::kTimeout, "flush: records are still under way"});
    }));
  }
  run();
}

void ProduceSender::check_flushed() {
  const auto ended =
      flushes_.finish([this](BatchId end) { return accumulator_.has_finished_before(end); });
  for (const FlushList::Id id : ended) {
    const auto timer = flush_timers_.find(id);
    if (timer == flush_timers_.end()) continue;
    cluster_.loop().cancel(timer->second);
    flush_timers_.erase(timer);
  }
}

std::vector<LeavingBatch> ProduceSender::take_everything() {
  const auto take = [this] {
    return accumulator_.take_due(MonotonicTime::max(), [](auto&, PartitionId) { return true; });
  };
  auto leaving = take();
  // A second look for open batches that stood behind closed ones.
  for (auto& more : take()) leaving.push_back(std::move(more));
  return leaving;
}

void ProduceSender::fail_everything(const Error& error) {
  for (LeavingBatch& each : take_everything()) {
    partition(*each.topic, each.partition).queue.push(std::move(each.batch));
  }
  for (auto& [name, state] : partitions_) {
    for (ProducerBatchPtr& batch : state->queue.drain()) {
      reporter_.failed(name, std::move(batch), error, cluster_.loop().now());
    }
  }
  check_flushed();
}

void ProduceSender::arm_timer(MonotonicTime now) {
  MonotonicTime earliest = accumulator_.next_linger_end(now).value_or(MonotonicTime::max());
  for (const auto& [name, state] : partitions_) {
    earliest = std::min(earliest, state->queue.next_expiry().value_or(MonotonicTime::max()));
    const MonotonicTime retry = state->queue.next_retry().value_or(MonotonicTime::max());
    if (retry > now) earliest = std::min(earliest, retry);
  }
  cluster_.loop().cancel(timer_);
  timer_ = 0;
  if (earliest == MonotonicTime::max()) return;
  const auto delay = std::chrono::ceil<Millis>(earliest - now);
  timer_ = cluster_.loop().call_after(std::max(delay, Millis{0}), life_.guard([this] {
    timer_ = 0;
    run();
  }));
}

}  // namespace millrace::client
