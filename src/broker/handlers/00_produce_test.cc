#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class ProduceHandler : public CoreFixture {
 protected:
  static const auto& only(Caught<wire::ProduceResponse>& caught) {
    return caught.response().responses.at(0).partition_responses.at(0);
  }
  /// Sends each batch to the partition of its place, in one request; says how each was answered.
  std::vector<KafkaError> produce_together(const std::string& topic,
                                           const std::vector<const Buffer*>& batches) {
    Buffer frame;
    for (const Buffer* batch : batches) frame.append(batch->view());
    wire::ProduceRequest request;
    request.acks = 1;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    std::size_t at = 0;
    for (const Buffer* batch : batches) {
      auto& partition = data.partition_data.emplace_back();
      partition.index = static_cast<std::int32_t>(data.partition_data.size() - 1);
      partition.records = wire::Records(frame.view().substr(at, batch->size()));
      at += batch->size();
    }
    const auto caught = call(&handle_produce, std::move(request), 9, std::move(frame));
    std::vector<KafkaError> errors;
    for (const auto& each : caught->response().responses.at(0).partition_responses)
      errors.push_back(static_cast<KafkaError>(each.error_code));
    return errors;
  }
  static KafkaError error_of(Caught<wire::ProduceResponse>& caught) {
    return static_cast<KafkaError>(only(caught).error_code);
  }
};

TEST_F(ProduceHandler, AppendsOneBatchAfterAnother) {
  make_topic("orders");
  for (const std::int64_t base : {0, 3}) {
    auto batch = batch_of({"a", "b", "c"});
    const auto caught = produce("orders", batch);
    EXPECT_EQ(error_of(*caught), KafkaError::kNone);
    EXPECT_EQ(only(*caught).base_offset, base);
    EXPECT_EQ(only(*caught).log_append_time_ms, -1);
    EXPECT_EQ(only(*caught).log_start_offset, 0);
  }
}

TEST_F(ProduceHandler, SaysWhyAPartitionIsRefused) {
  make_topic("orders");
  make_topic("__consumer_offsets");
  make_topic("careful", 1, {{"min.insync.replicas", "2"}});
  struct Case {
    std::string what, topic;
    std::int16_t acks, version;
    std::function<void(Buffer&)> damage;
    KafkaError error;
  };
  const auto leave = [](Buffer&) {};
  const std::vector<Case> cases{
      {"unknown topic", "nothing", 1, 9, leave, KafkaError::kUnknownTopicOrPartition},
      {"unknown id", "", 1, 13, leave, KafkaError::kUnknownTopicId},
      {"internal topic", "__consumer_offsets", 1, 9, leave, KafkaError::kInvalidTopicException},
      {"acks of two", "orders", 2, 9, leave, KafkaError::kInvalidRequiredAcks},
      {"too few replicas", "careful", -1, 9, leave, KafkaError::kNotEnoughReplicas},
      {"enough for acks=1", "careful", 1, 9, leave, KafkaError::kNone},
      {"wrong crc", "orders", 1, 9, [](Buffer& b) { b.data()[b.size() - 1] ^= 1; },
       KafkaError::kCorruptMessage},
      {"magic that never was", "orders", 1, 9, [](Buffer& b) { b.data()[16] = 3; },
       KafkaError::kCorruptMessage},
      {"negative magic", "orders", 1, 9, [](Buffer& b) { b.data()[16] = '\x80'; },
       KafkaError::kCorruptMessage},
      {"old magic", "orders", 1, 9, [](Buffer& b) { b.data()[16] = 1; },
       KafkaError::kInvalidRecord},
      {"cut batch", "orders", 1, 9, [](Buffer& b) { b.resize_uninitialized(b.size() - 1); },
       KafkaError::kInvalidRecord},
      {"nothing at all", "orders", 1, 9, [](Buffer& b) { b.resize_uninitialized(0); },
       KafkaError::kInvalidRecord},
      {"two batches", "orders", 1, 9,
       [](Buffer& b) {
         const Buffer copy = Buffer::copy_of(b.view());
         b.append(copy.view());
       },
       KafkaError::kInvalidRecord},
  };
  for (const auto& each : cases) {
    auto batch = batch_of({"value"});
    each.damage(batch);
    const auto caught = produce(each.topic, batch, each.acks, each.version);
    EXPECT_EQ(error_of(*caught), each.error) << each.what;
    EXPECT_EQ(only(*caught).base_offset == -1, each.error != KafkaError::kNone) << each.what;
  }
  EXPECT_EQ(state().topics.table()->find_partition("orders", 0)->high_watermark(), Offset{0});
}

TEST_F(ProduceHandler, RefusesABatchOverTheTopicsLimit) {
  make_topic("small", 1, {{"max.message.bytes", "100"}});
  auto batch = batch_of({std::string(200, 'x')});
  EXPECT_EQ(error_of(*produce("small", batch)), KafkaError::kMessageTooLarge);
}

TEST_F(ProduceHandler, LimitsWhatTheBatchesOfOneRequestInflateToInSum) {
  make_topic("orders", 3);
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const Buffer inflating = batch_of({std::string(40 * kMiB, 'z')},
                                    wire::BatchOptions{.compression = wire::Compression::kZstd});
  const Buffer plain = batch_of({std::string(kMiB / 2, 'x')});

  using Errors = std::vector<KafkaError>;
  EXPECT_EQ(produce_together("orders", {&inflating, &inflating, &plain}),
            (Errors{KafkaError::kNone, KafkaError::kMessageTooLarge, KafkaError::kNone}));
  EXPECT_EQ(produce_together("orders", {&inflating}), Errors{KafkaError::kNone})
      << "the next request has its own";
}

TEST_F(ProduceHandler, LetsALongerRequestInflateToMore) {
  make_topic("orders", 4);
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  const Buffer inflating = batch_of({std::string(40 * kMiB, 'z')},
                                    wire::BatchOptions{.compression = wire::Compression::kZstd});
  const Buffer plain = batch_of({std::string(kMiB * 2 / 3, 'x')});

  for (const auto error : produce_together("orders", {&inflating, &inflating, &plain, &plain}))
    EXPECT_EQ(error, KafkaError::kNone);
}

TEST_F(ProduceHandler, FindsATopicByItsId) {
  const auto topic = make_topic("orders");
  Buffer frame = batch_of({"value"});
  wire::ProduceRequest request;
  request.acks = -1;
  auto& data = request.topic_data.emplace_back();
  data.topic_id = topic->id;
  data.partition_data.emplace_back().records = wire::Records(frame.view());

  const auto caught = call(&handle_produce, std::move(request), 13, std::move(frame));

  EXPECT_EQ(error_of(*caught), KafkaError::kNone);
  EXPECT_EQ(caught->response().responses[0].topic_id, topic->id);
}

TEST_F(ProduceHandler, SaysNothingForAcksZeroUnlessSomethingIsWrong) {
  make_topic("orders");
  auto batch = batch_of({"value"});
  EXPECT_TRUE(produce("orders", batch, 0)->is_silent());
  EXPECT_TRUE(produce("nothing", batch, 0)->has_closed());
}

TEST_F(ProduceHandler, AnswersADuplicateWithItsFirstOffset) {
  make_topic("orders");
  const wire::BatchOptions producer{
      .producer_id = ProducerId{5}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0};
  auto first = batch_of({"a", "b"}, producer);
  const Buffer sent = Buffer::copy_of(first.view());
  produce("orders", first);
  auto other = batch_of({"x"});
  produce("orders", other);

  auto again = Buffer::copy_of(sent.view());
  const auto caught = produce("orders", again);

  EXPECT_EQ(error_of(*caught), KafkaError::kNone);
  EXPECT_EQ(only(*caught).base_offset, 0);
  EXPECT_EQ(state().topics.table()->find_partition("orders", 0)->high_watermark(), Offset{3});
}

TEST_F(ProduceHandler, RefusesAGapInTheSequence) {
  make_topic("orders");
  wire::BatchOptions producer{
      .producer_id = ProducerId{5}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0};
  auto first = batch_of({"a"}, producer);
  produce("orders", first);

  producer.base_sequence = 2;
  auto gap = batch_of({"c"}, producer);

  EXPECT_EQ(error_of(*produce("orders", gap)), KafkaError::kOutOfOrderSequenceNumber);
}

}  // namespace
}  // namespace millrace::broker
