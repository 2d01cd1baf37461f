// Produce, versions 0–13; 0–2 are advertised but refused, because old librdkafka wants to see them.
//   Each partition gets one batch, appended as it came; each answers for itself.
//   acks=0: no reply, and an error closes the connection. acks=1: after the append. acks=-1: after
//   the batch is as safe as the fsync policy promises.
//   A batch is looked into, a compressed one too: nonsense is refused here and not found by
//   readers. A batch seen before is answered with its first offset and not appended again.
//   A node that does not lead the partition says who does, and where (KIP-951, v10).
//   A transactional batch is appended when its partition is in the producer's transaction: open
//   there already, or asked of the coordinator first.
// Version notes: v8 says why records were refused (KIP-467); v9 is flexible; v11 knows
// TRANSACTION_ABORTABLE; from v12 on the broker adds partitions to the transaction (KIP-890); v13
// names topics by id.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/fault_point.h"
#include "broker/handlers/batch_verification.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/session/gathering.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/batch_header.h"
#include "wire/error_text.h"
#include "wire/messages/produce.h"
#include "wire/record_batch_format.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::ProduceRequest;
using wire::ProduceResponse;
using PartitionAnswer = ProduceResponse::PartitionProduceResponse;

constexpr std::int16_t kAcksAll = -1;
constexpr std::int16_t kFirstZstdVersion = 7;
constexpr std::int16_t kLeaderNamedSince = 10;
constexpr Millis kLateWord{10'000};  // where a fault point strikes

NamedBy named_by(const RequestContext& context) {
  constexpr std::int16_t kFirstTopicIdVersion = 13;
  return context.api_version >= kFirstTopicIdVersion ? NamedBy::kId : NamedBy::kName;
}

PartitionAnswer refused(std::int32_t index, KafkaError error, std::string why) {
  PartitionAnswer answer;
  answer.index = index;
  answer.error_code = code_of(error);
  answer.base_offset = -1;
  answer.error_message = std::move(why);
  return answer;
}

PartitionAnswer refused(std::int32_t index, const Error& error) {
  return refused(index, wire::kafka_error_of(error), wire::bare_text(error));
}

/// Formats 0 and 1 were spoken once; any other number but today's is damage.
bool has_former_magic(std::string_view records) {
  const char magic = records[wire::batch_format::kMagicAt];
  return magic == 0 || magic == 1;
}

/// What the batches of one request may inflate to in sum, so that a request is done in a time that
/// goes with its length: for each byte that was sent 64, which is more than text gives, but a small
/// request, which may hold a large record of one letter, as much as one of 1 MiB.
wire::InflationBudget inflation_budget(std::size_t frame_bytes) {
  constexpr std::size_t kRatioMax = 64;
  constexpr std::size_t kSmallRequestBytes = std::size_t{1} << 20U;
  return {std::max(frame_bytes, kSmallRequestBytes) * kRatioMax};
}

/// Everything that one request says of all its partitions.
struct ProduceCall {
  const ProduceRequest& request;
  RequestContext& context;
  const TopicTable& topics;
  wire::InflationBudget& budget;
  const BatchVerification* verification;  // null when nothing is transactional
};

/// What the protocol asks of the records field, before the log looks at the batch. A field that
/// does not hold one whole batch is no use to send again; a batch with a wrong checksum may be, and
/// so may one in a format that never was: it was damaged on its way.
Status check_records(std::string_view records, const ProduceCall& call) {
  const auto header = wire::read_batch_header(records);
  if (!header.ok()) {
    const bool is_impossible =
        header.error().code == ErrorCode::kCorrupt ||
        (header.error().code == ErrorCode::kUnsupported && !has_former_magic(records));
    return wire::make_error(
        is_impossible ? KafkaError::kCorruptMessage : KafkaError::kInvalidRecord,
        header.error().message);
  }
  if (header->size_bytes() != records.size())
    return wire::make_error(KafkaError::kInvalidRecord,
                            fmt::format("wanted one whole batch of {} bytes, found {} bytes",
                                        header->size_bytes(), records.size()));
  if (header->is_transactional() && !call.request.transactional_id.has_value())
    return wire::make_error(KafkaError::kTransactionalIdAuthorizationFailed,
                            "a transactional batch in a request without a transactional id");
  if (call.context.api_version < kFirstZstdVersion &&
      header->compression() == wire::Compression::kZstd)
    return wire::make_error(KafkaError::kUnsupportedCompressionType,
                            fmt::format("zstd needs version {}", kFirstZstdVersion));
  return {};
}

/// The batch inside the frame, which this process owns and may patch.
std::span<char> writable(RequestContext& context, std::string_view records) {
  const auto at = static_cast<std::size_t>(records.data() - context.frame.data());
  return std::span(context.frame.data(), context.frame.size()).subspan(at, records.size());
}

PartitionAnswer led_elsewhere(std::int32_t index, const Partition& partition,
                              std::int16_t api_version) {
  const Leadership leadership = partition.leadership();
  auto answer = refused(index, KafkaError::kNotLeaderOrFollower,
                        leadership.leader == kNoLeader
                            ? std::string("no broker leads the partition")
                            : fmt::format("broker {} leads the partition", leadership.leader));
  if (api_version < kLeaderNamedSince) return answer;
  answer.current_leader.leader_id = leadership.leader.value();
  answer.current_leader.leader_epoch = leadership.epoch.value();
  return answer;
}

PartitionAnswer append_one(const ProduceCall& call, const Topic& topic,
                           const ProduceRequest::PartitionProduceData& data) {
  Partition* const partition = topic.partition(data.index);
  if (partition == nullptr)
    return refused(data.index, KafkaError::kUnknownTopicOrPartition,
                   fmt::format("{} has {} partitions", topic.name, topic.partitions.size()));
  if (topic.is_internal())
    return refused(data.index, KafkaError::kInvalidTopicException,
                   fmt::format("{} is internal", topic.name));
  if (check_leads(*partition, call.context.node) != KafkaError::kNone)
    return led_elsewhere(data.index, *partition, call.context.api_version);
  if (call.request.acks == kAcksAll && topic.min_insync_replicas > 1) {
    const std::size_t in_sync = partition->placement().in_sync.size();
    if (static_cast<std::size_t>(topic.min_insync_replicas) > in_sync)
      return refused(data.index, KafkaError::kNotEnoughReplicas,
                     fmt::format("min.insync.replicas is {}, in sync {} {}",
                                 topic.min_insync_replicas, in_sync == 1 ? "is" : "are", in_sync));
  }

  const std::string_view records = data.records.bytes;
  if (auto status = check_records(records, call); !status.ok())
    return refused(data.index, status.error());
  const auto verified = call.verification == nullptr ? BatchVerification::Answer{}
                                                     : call.verification->answer_for(data);
  if (verified.error != KafkaError::kNone)
    return refused(data.index, verified.error,
                   "the partition could not be found in the producer's transaction");
  const auto appended =
      partition->append(writable(call.context, records), call.context.wall,
                        {storage::AppendOrigin::kClient, verified.guard}, call.budget);
  if (!appended.ok()) return refused(data.index, appended.error());

  PartitionAnswer answer;
  answer.index = data.index;
  answer.base_offset = appended->base_offset.value();
  answer.log_append_time_ms = appended->log_append_time.value();
  answer.log_start_offset = appended->log_start_offset.value();
  return answer;
}

PartitionAnswer answer_one(const ProduceCall& call, const Topic* topic,
                           const ProduceRequest::PartitionProduceData& data) {
  if (topic == nullptr)
    return refused(data.index, unknown_topic(named_by(call.context)), "there is no such topic");
  return append_one(call, *topic, data);
}

/// Where an appended batch's answer stands in the response.
struct Place {
  std::size_t topic;
  std::size_t partition;
  Partition* log;
};

std::vector<Place> appended_places(const ProduceCall& call, const ProduceResponse& response) {
  const NamedBy by = named_by(call.context);
  std::vector<Place> places;
  for (std::size_t t = 0; t < response.responses.size(); ++t) {
    const auto& topic = response.responses[t];
    const Topic* const found = call.topics.find(by, topic.name, topic.topic_id);
    for (std::size_t p = 0; p < topic.partition_responses.size(); ++p) {
      if (topic.partition_responses[p].error_code != 0) continue;
      places.push_back({t, p, found->partition(topic.partition_responses[p].index)});
    }
  }
  return places;
}

void answer_when_durable(const ProduceCall& call, ProduceResponse response,
                         Responder<ProduceResponse> reply) {
  const auto places = appended_places(call, response);
  if (places.empty()) return reply.send(std::move(response));
  const auto flushing = gather(places.size(), std::move(response),
                               [reply = std::move(reply)](ProduceResponse complete) mutable {
                                 reply.send(std::move(complete));
                               });
  for (const Place& place : places) {
    place.log->when_durable([flushing, place](const Status& status) {
      flushing->finish([&](ProduceResponse& complete) {
        if (status.ok()) return;
        auto& answer = complete.responses[place.topic].partition_responses[place.partition];
        answer =
            refused(answer.index, KafkaError::kKafkaStorageError, wire::bare_text(status.error()));
      });
    });
  }
}

bool has_error(const ProduceResponse& response) {
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partition_responses) {
      if (partition.error_code != 0) return true;
    }
  }
  return false;
}

void name_leaders_to_producer(ProduceResponse& response, const RequestContext& context,
                              const BrokerState& state) {
  if (context.api_version < kLeaderNamedSince) return;
  const auto nodes = state.nodes.list();
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partition_responses) {
      if (partition.error_code == code_of(KafkaError::kNotLeaderOrFollower))
        add_endpoint(response.node_endpoints, BrokerId{partition.current_leader.leader_id}, *nodes,
                     *context.connection);
    }
  }
}

/// Appends what may be appended, and answers.
/// verification  null when nothing is transactional
void append_and_answer(const ProduceRequest& request, RequestContext& context, BrokerState& state,
                       const BatchVerification* verification, Responder<ProduceResponse> reply) {
  const bool has_valid_acks = request.acks == kAcksAll || request.acks == 0 || request.acks == 1;
  const NamedBy by = named_by(context);
  const auto topics = state.topics.table();
  auto budget = inflation_budget(context.frame.size());
  const ProduceCall call{request, context, *topics, budget, verification};

  ProduceResponse response;
  for (const auto& data : request.topic_data) {
    const Topic* const topic = topics->find(by, data.name, data.topic_id);
    auto& answers = response.responses.emplace_back();
    answers.name = data.name;
    answers.topic_id = data.topic_id;
    for (const auto& partition : data.partition_data) {
      answers.partition_responses.push_back(
          has_valid_acks ? answer_one(call, topic, partition)
                         : refused(partition.index, KafkaError::kInvalidRequiredAcks,
                                   fmt::format("acks: wanted -1, 0 or 1, found {}", request.acks)));
    }
  }

  name_leaders_to_producer(response, context, state);
  if (request.acks == 0) {
    if (has_error(response)) return reply.close_connection("Produce with acks=0 failed");
    return reply.send_nothing();
  }
  if (request.acks != kAcksAll) return reply.send(std::move(response));
  answer_when_durable(call, std::move(response), std::move(reply));
}

/// A request that waits for its transaction's coordinator.
struct Verifying {
  Verifying(ProduceRequest asked, RequestContext of, const TopicTable& topics,
            Responder<ProduceResponse> owed)
      : request(std::move(asked)),
        context(std::move(of)),
        verification(request, context, topics),
        reply(std::move(owed)) {}

  ProduceRequest request;
  RequestContext context;
  BatchVerification verification;
  Responder<ProduceResponse> reply;
};

/// Batches of a producer may not overtake each other, so that no request is read meanwhile.
void append_when_verified(ProduceRequest request, RequestContext context, BrokerState& state,
                          Responder<ProduceResponse> reply) {
  const auto topics = state.topics.table();
  const auto verifying = std::make_shared<Verifying>(std::move(request), std::move(context),
                                                     *topics, std::move(reply));
  const auto finish = [verifying, &state] {
    append_and_answer(verifying->request, verifying->context, state, &verifying->verification,
                      std::move(verifying->reply));
  };
  if (!verifying->verification.is_needed()) return finish();
  const auto go_on = [finish, verifying,
                      release = verifying->context.hold_next()](bool is_answered) {
    if (is_answered)
      finish();
    else
      verifying->reply.close_connection("the broker stops");
    release();
  };
  verifying->verification.ask(state, [go_on, loop = verifying->context.loop](bool is_answered) {
    // As between busy threads: meanwhile the transaction may be timed out, and the next one begin.
    if (is_answered && FAULT_POINT("a coordinator's word on a transaction comes late")) {
      return loop->post([=] { (void)loop->call_after(kLateWord, [=] { go_on(true); }); });
    }
    go_on(is_answered);
  });
}

}  // namespace

void handle_produce(ProduceRequest request, RequestContext context, BrokerState& state,
                    Responder<ProduceResponse> reply) {
  if (request.transactional_id.has_value()) {
    return append_when_verified(std::move(request), std::move(context), state, std::move(reply));
  }
  append_and_answer(request, context, state, nullptr, std::move(reply));
}

}  // namespace millrace::broker
