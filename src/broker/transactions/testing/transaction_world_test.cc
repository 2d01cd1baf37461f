// The body of TransactionWorld; it lies in a test file so that it is no part of the library.
#include "broker/transactions/testing/transaction_world.h"

#include <algorithm>

#include "base/saturating.h"
#include "wire/batch_header.h"

namespace millrace::broker {

using wire::KafkaError;

TransactionWorld::TransactionWorld(const TransactionConfig& config)
    : config_(config), coordinator_(std::make_unique<TransactionCoordinator>(config, ids_)) {
  absorb(coordinator_->finish_replay(now_));
}

RequestToken TransactionWorld::init(const Init& init) {
  wire::InitProducerIdRequest request;
  request.transactional_id = init.id;
  request.transaction_timeout_ms = init.timeout_ms;
  request.producer_id = init.producer;
  request.producer_epoch = init.epoch;
  const RequestToken token = next_token();
  absorb(coordinator_->init_producer_id(token, request, now_));
  return token;
}

RequestToken TransactionWorld::add(const Who& who, std::vector<std::int32_t> partitions,
                                   std::int16_t version) {
  wire::AddPartitionsToTxnRequest request;
  request.v3_and_below_transactional_id = who.id;
  request.v3_and_below_producer_id = who.producer;
  request.v3_and_below_producer_epoch = who.epoch;
  request.v3_and_below_topics.push_back({"topic", std::move(partitions)});
  const RequestToken token = next_token();
  absorb(coordinator_->add_partitions(token, request, version, now_));
  return token;
}

RequestToken TransactionWorld::enlist(const Who& who, std::vector<std::int32_t> partitions,
                                      Enlisting what) {
  EnlistRequest request{.transactional_id = who.id,
                        .producer_id = ProducerId{who.producer},
                        .producer_epoch = ProducerEpoch{who.epoch},
                        .partitions = {},
                        .what = what};
  for (const std::int32_t partition : partitions)
    request.partitions.push_back({"topic", PartitionId{partition}});
  const RequestToken token = next_token();
  absorb(coordinator_->enlist(token, request, now_));
  return token;
}

RequestToken TransactionWorld::end(const Who& who, TransactionResult result, std::int16_t version) {
  wire::EndTxnRequest request;
  request.transactional_id = who.id;
  request.producer_id = who.producer;
  request.producer_epoch = who.epoch;
  request.committed = result == TransactionResult::kCommit;
  const RequestToken token = next_token();
  absorb(coordinator_->end(token, request, version, now_));
  return token;
}

KafkaError TransactionWorld::error(RequestToken token) const {
  const auto found = replies_.find(token);
  CHECK(found != replies_.end(), "request {} is not answered", token);
  const auto& response = found->second;
  if (const auto* const init = std::get_if<wire::InitProducerIdResponse>(&response))
    return static_cast<KafkaError>(init->error_code);
  if (const auto* const end = std::get_if<wire::EndTxnResponse>(&response))
    return static_cast<KafkaError>(end->error_code);
  if (const auto* const added = std::get_if<wire::AddPartitionsToTxnResponse>(&response)) {
    const auto& topic = added->results_by_topic_v3_and_below.at(0);
    return static_cast<KafkaError>(topic.results_by_partition.at(0).partition_error_code);
  }
  if (const auto* const enlisted = std::get_if<EnlistResponse>(&response))
    return enlisted->errors.at(0);
  return static_cast<KafkaError>(std::get<wire::AddOffsetsToTxnResponse>(response).error_code);
}

TransactionWorld::Who TransactionWorld::initialized(RequestToken token,
                                                    const std::string& id) const {
  const auto& response = answer<wire::InitProducerIdResponse>(token);
  CHECK(response.error_code == 0, "InitProducerId: error {}", response.error_code);
  return {response.producer_id, response.producer_epoch, id};
}

void TransactionWorld::advance(Millis time) {
  const MonotonicTime end = now_.monotonic + time;
  for (;;) {
    const auto deadline = coordinator_->next_deadline();
    const MonotonicTime next = deadline ? std::max(now_.monotonic, std::min(*deadline, end)) : end;
    const auto step = std::chrono::ceil<Millis>(next - now_.monotonic);
    now_.monotonic = next;
    now_.wall = timestamp_after(now_.wall, step);
    if (!deadline || *deadline > end) return;
    absorb(coordinator_->tick(now_));
  }
}

void TransactionWorld::absorb(TransactionEffects effects) {
  for (TransactionReply& reply : effects.replies) {
    const bool is_new = replies_.emplace(reply.token, std::move(reply.response)).second;
    CHECK(is_new, "request {} was answered twice", reply.token);
  }
  for (LogAppend& append : effects.appends) held_.push_back(std::move(append));
  for (TransactionMarkers& markers : effects.markers) held_markers_.push_back(std::move(markers));
  if (!holds_appends && !held_.empty()) return acknowledge();
  if (!holds_markers && !held_markers_.empty()) write_markers();
}

void TransactionWorld::acknowledge(KafkaError error) {
  CHECK(!held_.empty(), "no append is held");
  LogAppend append = std::move(held_.front());
  held_.pop_front();
  if (error == KafkaError::kNone) {
    for (LogRecord& record : append.records) log_.push_back(std::move(record));
  }
  absorb(coordinator_->appended(append.id, error, now_));
}

void TransactionWorld::write_markers(std::set<TopicPartition> failed) {
  CHECK(!held_markers_.empty(), "no markers are held");
  const TransactionMarkers markers = std::move(held_markers_.front());
  held_markers_.pop_front();
  markers_.push_back(markers);
  absorb(coordinator_->markers_written(markers, std::move(failed), now_));
}

const Transaction* TransactionWorld::find(const std::string& id) const {
  const auto& transactions = coordinator_->state().transactions;
  const auto found = transactions.find(id);
  return found == transactions.end() ? nullptr : found->second.get();
}

const TransactionMetadata& TransactionWorld::metadata(const std::string& id) const {
  const Transaction* const transaction = find(id);
  CHECK(transaction != nullptr, "no transaction of {}", id);
  return transaction->metadata;
}

void TransactionWorld::restart() {
  held_.clear();
  held_markers_.clear();
  coordinator_ = std::make_unique<TransactionCoordinator>(config_, ids_);
  for (const LogRecord& record : log_) {
    const auto replayed = coordinator_->replay({}, record.key, record.value);
    CHECK(replayed.ok(), "replay: {}", replayed.error().to_string());
  }
  absorb(coordinator_->finish_replay(now_));
}

}  // namespace millrace::broker
