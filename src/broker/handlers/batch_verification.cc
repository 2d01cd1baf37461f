#include "broker/handlers/batch_verification.h"

#include <algorithm>
#include <utility>

#include "broker/session/request_context.h"
#include "broker/session/responder.h"
#include "broker/topics/topic_table.h"
#include "broker/transactions/transaction_service.h"
#include "broker/transactions/verification_words.h"
#include "wire/batch_header.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

constexpr std::int16_t kFirstTopicIdVersion = 13;

}  // namespace

BatchVerification::BatchVerification(const wire::ProduceRequest& request,
                                     const RequestContext& context, const TopicTable& topics)
    : request_(request), api_version_(context.api_version) {
  const NamedBy by = api_version_ >= kFirstTopicIdVersion ? NamedBy::kId : NamedBy::kName;
  const auto bump =
      api_version_ >= kProduceAddsSince ? storage::EpochBump::kYes : storage::EpochBump::kNo;
  for (const auto& asked : request.topic_data) {
    const Topic* const topic = topics.find(by, asked.name, asked.topic_id);
    if (topic == nullptr) continue;
    for (const auto& data : asked.partition_data) {
      Partition* const partition = topic->partition(data.index);
      const auto header = wire::read_batch_header(data.records.bytes);
      if (partition == nullptr || !header.ok() || !header->is_transactional()) continue;
      const auto guard = partition->begin_verification(header->producer_id, header->producer_epoch,
                                                       header->base_sequence, bump, context.wall);
      if (!guard.ok() || !guard->has_value()) continue;
      Answer answer{KafkaError::kNone, **guard};
      if (open_.empty()) {
        producer_id_ = header->producer_id;
        producer_epoch_ = header->producer_epoch;
      } else if (header->producer_id != producer_id_ || header->producer_epoch != producer_epoch_) {
        // One request speaks for one producer.
        answer.error = KafkaError::kInvalidProducerIdMapping;
      }
      open_.push_back({&data, {topic->name, PartitionId{data.index}}, answer});
    }
  }
}

void BatchVerification::ask(BrokerState& state, std::function<void(bool)> then) {
  EnlistRequest enlist{
      .transactional_id = request_.transactional_id.value_or(""),
      .producer_id = producer_id_,
      .producer_epoch = producer_epoch_,
      .partitions = {},
      .what = api_version_ >= kProduceAddsSince ? Enlisting::kAdd : Enlisting::kVerify};
  for (const Open& open : open_) {
    if (open.answer.error == KafkaError::kNone) enlist.partitions.push_back(open.partition);
  }
  state.transactions->enlist(
      std::move(enlist),
      Responder<EnlistResponse>([this, then = std::move(then)](Outcome<EnlistResponse> outcome) {
        const auto* const answer = std::get_if<broker::Answer<EnlistResponse>>(&outcome);
        if (answer == nullptr) return then(false);
        auto error = answer->response.errors.begin();
        for (Open& open : open_) {
          if (open.answer.error != KafkaError::kNone) continue;
          open.answer.error = in_words_of_produce(*error++, api_version_);
        }
        then(true);
      }));
}

BatchVerification::Answer BatchVerification::answer_for(const Data& data) const {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const Open& open) { return open.data == &data; });
  return found == open_.end() ? Answer{} : found->answer;
}

}  // namespace millrace::broker
