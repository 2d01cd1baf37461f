#include "client/producer/partition_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "wire/batch_header.h"
#include "wire/record_batch.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

const ProducerIdentity kProducer{ProducerId{7}, ProducerEpoch{0}};
constexpr MonotonicTime kStart{std::chrono::seconds{1}};

ProducerBatchPtr batch_of(int first, int count, MonotonicTime now = kStart) {
  auto batch =
      std::make_unique<ProducerBatch>(wire::BatchOptions{}, 1024, std::make_shared<BufferPool>(0));
  for (int i = first; i < first + count; ++i) {
    batch->builder.append(Timestamp{1}, std::nullopt, std::to_string(i));
  }
  batch->record_count = count;
  batch->created_at = now;
  return batch;
}

Error kafka(KafkaError code) {
  return wire::make_error(code);
}
const Error kDisconnected{ErrorCode::kClosed, "gone"};

wire::BatchHeader header_of(const BatchTry& sent) {
  return wire::check_batch(sent.bytes->view()).value();
}

TEST(PartitionQueue, NumbersBatchesOneAfterTheOther) {
  PartitionQueue queue({});
  queue.push(batch_of(0, 3));
  queue.push(batch_of(3, 2));

  const auto first = queue.take(kProducer, kStart);
  const auto second = queue.take(kProducer, kStart);

  EXPECT_EQ(header_of(*first).base_sequence, 0);
  EXPECT_EQ(header_of(*second).base_sequence, 3);
  EXPECT_EQ(header_of(*second).producer_id, kProducer.id);
  EXPECT_FALSE(queue.take(kProducer, kStart));
}

TEST(PartitionQueue, SendsNoMoreThanTheBrokerRemembers) {
  PartitionQueue queue({.in_flight_max = 2});
  for (int i = 0; i < 3; ++i) queue.push(batch_of(i, 1));

  const auto first = queue.take(kProducer, kStart);
  ASSERT_TRUE(queue.take(kProducer, kStart));
  EXPECT_FALSE(queue.take(kProducer, kStart));
  queue.settle(first->id);
  EXPECT_TRUE(queue.take(kProducer, kStart));
}

TEST(PartitionQueue, ARetryWaitsUnlessItIsKnownWhoTakesIt) {
  using Again = PartitionQueue::Again;
  for (const Again again : {Again::kAfterBackoff, Again::kAtOnce}) {
    Random random(1);
    PartitionQueue queue({});
    queue.push(batch_of(0, 1));
    const auto first = queue.take(kProducer, kStart);
    queue.fail(first->id, kafka(KafkaError::kNotLeaderOrFollower), kStart, random, again);
    EXPECT_EQ(queue.take(kProducer, kStart).has_value(), again == Again::kAtOnce);
  }
}

TEST(PartitionQueue, WaitsForAProducerId) {
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  EXPECT_FALSE(queue.take({}, kStart));
  EXPECT_TRUE(queue.take(kProducer, kStart));
}

TEST(PartitionQueue, ARetryKeepsItsSequenceAndGoesFirst) {
  Random random(1);
  PartitionQueue queue({});
  for (int i = 0; i < 3; ++i) queue.push(batch_of(i, 1));
  const auto first = queue.take(kProducer, kStart);
  const auto second = queue.take(kProducer, kStart);

  EXPECT_EQ(queue.fail(first->id, kDisconnected, kStart, random).verdict, BatchVerdict::kRetry);
  EXPECT_EQ(queue.fail(second->id, kDisconnected, kStart, random).verdict, BatchVerdict::kRetry);

  EXPECT_FALSE(queue.take(kProducer, kStart)) << "before the backoff is over";
  const MonotonicTime later = kStart + std::chrono::seconds{2};
  const auto again = queue.take(kProducer, later);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->bytes, first->bytes);
  EXPECT_EQ(again->number, 2);
  EXPECT_EQ(header_of(*again).base_sequence, 0);
  EXPECT_FALSE(queue.take(kProducer, later)) << "the second waits for the first";
  queue.settle(again->id);
  EXPECT_EQ(queue.take(kProducer, later)->bytes, second->bytes);
}

TEST(PartitionQueue, OfTwoRetriesTheSecondWaitsThoughLaterOnesAreUnanswered) {
  Random random(1);
  PartitionQueue queue({});
  for (int i = 0; i < 4; ++i) queue.push(batch_of(i, 1));
  std::vector<BatchTry> sent;
  for (int i = 0; i < 4; ++i) sent.push_back(*queue.take(kProducer, kStart));
  queue.fail(sent[0].id, kafka(KafkaError::kNotLeaderOrFollower), kStart, random);
  queue.fail(sent[1].id, kafka(KafkaError::kOutOfOrderSequenceNumber), kStart, random);

  const MonotonicTime later = kStart + std::chrono::seconds{2};
  EXPECT_EQ(queue.take(kProducer, later)->bytes, sent[0].bytes);
  EXPECT_FALSE(queue.take(kProducer, later)) << "while the first is unanswered";
}

TEST(PartitionQueue, OutOfOrderBehindAFailureIsRetriedUnderTheSameEpoch) {
  Random random(1);
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  queue.push(batch_of(1, 1));
  const auto first = queue.take(kProducer, kStart);
  const auto second = queue.take(kProducer, kStart);

  queue.fail(first->id, kDisconnected, kStart, random);
  queue.fail(second->id, kafka(KafkaError::kOutOfOrderSequenceNumber), kStart, random);

  EXPECT_FALSE(queue.needs_new_epoch());
}

TEST(PartitionQueue, OutOfOrderInFrontAsksForANewEpochAndNumbersAnew) {
  Random random(1);
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  queue.push(batch_of(1, 1));
  queue.settle(queue.take(kProducer, kStart)->id);
  const auto second = queue.take(kProducer, kStart);
  EXPECT_EQ(header_of(*second).base_sequence, 1);

  queue.fail(second->id, kafka(KafkaError::kOutOfOrderSequenceNumber), kStart, random);

  EXPECT_TRUE(queue.needs_new_epoch());
  EXPECT_FALSE(queue.take(kProducer, kStart));
  const ProducerIdentity bumped{kProducer.id, ProducerEpoch{1}};
  const auto again = queue.take(bumped, kStart);
  ASSERT_TRUE(again);
  EXPECT_EQ(header_of(*again).producer_epoch, ProducerEpoch{1});
  EXPECT_EQ(header_of(*again).base_sequence, 0);
  EXPECT_FALSE(queue.needs_new_epoch());
}

TEST(PartitionQueue, AnErrorThatDoesNotPassFailsTheBatchAndItsSequences) {
  Random random(1);
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  auto failure = queue.fail(queue.take(kProducer, kStart)->id, kafka(KafkaError::kInvalidRecord),
                            kStart, random);
  EXPECT_EQ(failure.verdict, BatchVerdict::kFailed);
  EXPECT_NE(failure.batch, nullptr);
  EXPECT_TRUE(queue.needs_new_epoch());
  EXPECT_TRUE(queue.empty());
}

class GivenUpBefore : public testing::Test {
 protected:
  // The answers to both are lost, and the first is given up: a hole, or not, nobody knows.
  GivenUpBefore() {
    queue_.push(batch_of(0, 1, kStart));
    queue_.push(batch_of(1, 1, kStart + Millis{1000}));
    const auto first = queue_.take(kProducer, kStart);
    const auto second = queue_.take(kProducer, kStart);
    EXPECT_EQ(queue_.fail(first->id, kDisconnected, kLate, random_).verdict, BatchVerdict::kFailed);
    EXPECT_EQ(queue_.fail(second->id, kDisconnected, kLate, random_).verdict, BatchVerdict::kRetry);
    EXPECT_TRUE(queue_.needs_new_epoch());
  }

  static constexpr MonotonicTime kLate = kStart + Millis{100};
  static constexpr MonotonicTime kLater = kStart + Millis{1000};
  const ProducerIdentity bumped_{kProducer.id, ProducerEpoch{1}};
  Random random_{1};
  PartitionQueue queue_{{.delivery_timeout = Millis{100}, .retry_backoff = {Millis{1}, Millis{1}}}};
};

TEST_F(GivenUpBefore, WhatMayBeWrittenIsAskedForUnderItsOldNumber) {
  const auto again = queue_.take(bumped_, kLater);
  ASSERT_TRUE(again);
  EXPECT_EQ(header_of(*again).producer_epoch, kProducer.epoch);
  EXPECT_EQ(header_of(*again).base_sequence, 1);
  EXPECT_NE(queue_.settle(again->id), nullptr);

  queue_.push(batch_of(2, 1, kLater));
  const auto next = queue_.take(bumped_, kLater);
  EXPECT_EQ(header_of(*next).producer_epoch, bumped_.epoch);
  EXPECT_EQ(header_of(*next).base_sequence, 0);
}

TEST_F(GivenUpBefore, WhatIsNotWrittenIsNumberedAnewOnceTheBrokerHasSaidSo) {
  const auto asked = queue_.take(bumped_, kLater);
  ASSERT_TRUE(asked);
  EXPECT_EQ(
      queue_.fail(asked->id, kafka(KafkaError::kOutOfOrderSequenceNumber), kLater, random_).verdict,
      BatchVerdict::kRetry);

  const auto again = queue_.take(bumped_, kLater);
  ASSERT_TRUE(again);
  EXPECT_EQ(header_of(*again).producer_epoch, bumped_.epoch);
  EXPECT_EQ(header_of(*again).base_sequence, 0);
}

TEST(PartitionQueue, GivesUpAfterTheRetriesAllowed) {
  Random random(1);
  PartitionQueue queue({.idempotent = false, .retries_max = 1});
  queue.push(batch_of(0, 1));
  const MonotonicTime later = kStart + std::chrono::seconds{5};
  EXPECT_EQ(queue.fail(queue.take({}, kStart)->id, kDisconnected, kStart, random).verdict,
            BatchVerdict::kRetry);
  EXPECT_EQ(queue.fail(queue.take({}, later)->id, kDisconnected, later, random).verdict,
            BatchVerdict::kFailed);
}

TEST(PartitionQueue, ExpiresWhatWaitedTooLong) {
  PartitionQueue queue({.delivery_timeout = Millis{100}});
  queue.push(batch_of(0, 1, kStart));
  queue.push(batch_of(1, 1, kStart + Millis{50}));

  EXPECT_TRUE(queue.expire(kStart + Millis{99}).empty());
  EXPECT_EQ(queue.expire(kStart + Millis{100}).size(), 1U);
  EXPECT_FALSE(queue.needs_new_epoch()) << "nothing had been numbered";
  EXPECT_EQ(queue.waiting_count(), 1U);
}

TEST(PartitionQueue, PartsOfASplitBatchKeepPlaceAndSequences) {
  Random random(1);
  PartitionQueue queue({});
  queue.push(batch_of(0, 4));
  queue.push(batch_of(4, 1));
  const auto whole = queue.take(kProducer, kStart);
  auto failure = queue.fail(whole->id, kafka(KafkaError::kMessageTooLarge), kStart, random);
  ASSERT_EQ(failure.verdict, BatchVerdict::kSplit);

  std::vector<ProducerBatchPtr> parts;
  parts.push_back(batch_of(0, 2));
  parts.push_back(batch_of(2, 2));
  queue.put_back(std::move(failure.batch), std::move(parts));

  for (const int sequence : {0, 2, 4}) {
    const auto next = queue.take(kProducer, kStart);
    ASSERT_TRUE(next) << sequence;
    EXPECT_EQ(header_of(*next).base_sequence, sequence);
    queue.settle(next->id);
  }
}

TEST(PartitionQueue, AnAnswerForABatchThatWasTakenOutMeanwhileChangesNothing) {
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  const auto first = queue.take(kProducer, kStart);
  ASSERT_EQ(queue.drain().size(), 1U);

  EXPECT_EQ(queue.settle(first->id), nullptr);
  Random random(1);
  const auto failure = queue.fail(first->id, kDisconnected, kStart, random);
  EXPECT_EQ(failure.verdict, BatchVerdict::kGone);
  EXPECT_TRUE(queue.empty());
}

TEST(PartitionQueue, ALateAnswerToAnEarlierTryDoesNotSettleTheLaterOne) {
  Random random(1);
  PartitionQueue queue({});
  queue.push(batch_of(0, 1));
  const auto first = queue.take(kProducer, kStart);
  (void)queue.fail(first->id, kDisconnected, kStart, random);
  const auto again = queue.take(kProducer, kStart + std::chrono::seconds{2});
  ASSERT_TRUE(again);

  EXPECT_EQ(queue.settle(first->id), nullptr);
  EXPECT_NE(queue.settle(again->id), nullptr);
}

// A broker that checks sequences as Kafka does, on a wire that loses requests and answers.
class BrokerModel {
 public:
  KafkaError append(std::string_view bytes) {
    const auto header = wire::check_batch(bytes).value();
    if (header.producer_epoch < epoch_) return KafkaError::kInvalidProducerEpoch;
    if (header.producer_epoch > epoch_) {
      if (header.base_sequence != 0) return KafkaError::kOutOfOrderSequenceNumber;
      epoch_ = header.producer_epoch;
      recent_.clear();
      next_ = 0;
    }
    for (const auto& [first, last] : recent_) {
      if (first == header.base_sequence && last == header.last_sequence()) return KafkaError::kNone;
    }
    if (header.base_sequence != next_) return KafkaError::kOutOfOrderSequenceNumber;
    recent_.emplace_back(header.base_sequence, header.last_sequence());
    if (recent_.size() > 5) recent_.pop_front();
    next_ = wire::sequence_after(header.last_sequence(), 1);
    Buffer scratch;
    auto reader = wire::BatchReader::open(bytes, scratch).value();
    RecordView record;
    while (reader.next(record)) log_.push_back(std::stoi(std::string(*record.value)));
    return KafkaError::kNone;
  }
  const std::vector<int>& log() const { return log_; }

 private:
  ProducerEpoch epoch_{0};
  std::int32_t next_ = 0;
  std::deque<std::pair<std::int32_t, std::int32_t>> recent_;
  std::vector<int> log_;
};

TEST(PartitionQueue, EverythingIsWrittenOnceAndInOrderWhateverIsLost) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    PartitionQueue queue({.delivery_timeout = std::chrono::hours{24}});
    BrokerModel broker;
    int produced = 0;
    for (int i = 0; i < 40; ++i) {
      const int count = 1 + static_cast<int>(random.below(4));
      queue.push(batch_of(produced, count));
      produced += count;
    }
    MonotonicTime now = kStart;
    std::deque<BatchTry> on_the_wire;
    for (int step = 0; step < 20'000 && !queue.empty(); ++step) {
      now += Millis{50};
      if (auto sent = queue.take(kProducer, now)) on_the_wire.push_back(*std::move(sent));
      if (on_the_wire.empty() || !random.chance(0.5)) continue;
      if (random.chance(0.1)) {  // the connection breaks: some requests arrive, no answer does
        const auto arrived = random.below(on_the_wire.size() + 1);
        for (std::size_t i = 0; i < on_the_wire.size(); ++i) {
          if (i < arrived) (void)broker.append(on_the_wire[i].bytes->view());
        }
        for (const auto& sent : on_the_wire) queue.fail(sent.id, kDisconnected, now, random);
        on_the_wire.clear();
        continue;
      }
      const BatchTry sent = on_the_wire.front();
      on_the_wire.pop_front();
      const KafkaError code =
          random.chance(0.1) ? KafkaError::kNotEnoughReplicas : broker.append(sent.bytes->view());
      if (code == KafkaError::kNone) {
        queue.settle(sent.id);
      } else {
        EXPECT_EQ(queue.fail(sent.id, kafka(code), now, random).verdict, BatchVerdict::kRetry);
      }
    }

    ASSERT_TRUE(queue.empty()) << "seed " << seed;
    ASSERT_EQ(broker.log().size(), static_cast<std::size_t>(produced)) << "seed " << seed;
    for (int i = 0; i < produced; ++i) {
      ASSERT_EQ(broker.log()[static_cast<std::size_t>(i)], i) << "seed " << seed;
    }
    EXPECT_FALSE(queue.needs_new_epoch()) << "seed " << seed;
  }
}

TEST(PartitionQueue, NothingIsWrittenTwiceNorOutOfOrderThoughBatchesAreGivenUp) {
  int given_up = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    PartitionQueue queue({.delivery_timeout = std::chrono::seconds{2}});
    BrokerModel broker;
    ProducerIdentity identity = kProducer;
    int produced = 0;
    MonotonicTime now = kStart;
    std::deque<BatchTry> on_the_wire;
    for (int step = 0; step < 20'000 && (produced < 100 || !queue.empty()); ++step) {
      now += Millis{50};
      if (produced < 100 && random.chance(0.3)) {
        const int count = 1 + static_cast<int>(random.below(4));
        queue.push(batch_of(produced, count, now));
        produced += count;
      }
      given_up += static_cast<int>(queue.expire(now).size());
      if (queue.needs_new_epoch() && queue.identity() == identity) {
        identity.epoch = ProducerEpoch{static_cast<std::int16_t>(identity.epoch.value() + 1)};
      }
      if (auto sent = queue.take(identity, now)) on_the_wire.push_back(*std::move(sent));
      if (on_the_wire.empty() || !random.chance(0.5)) continue;
      if (random.chance(0.4)) {  // the connection breaks: some requests arrive, no answer does
        const auto arrived = random.below(on_the_wire.size() + 1);
        for (std::size_t i = 0; i < arrived; ++i) {
          (void)broker.append(on_the_wire[i].bytes->view());
        }
        for (const auto& sent : on_the_wire) queue.fail(sent.id, kDisconnected, now, random);
        on_the_wire.clear();
        continue;
      }
      const BatchTry sent = on_the_wire.front();
      on_the_wire.pop_front();
      const KafkaError code = broker.append(sent.bytes->view());
      if (code == KafkaError::kNone) {
        queue.settle(sent.id);
      } else {
        (void)queue.fail(sent.id, kafka(code), now, random);
      }
    }

    ASSERT_TRUE(queue.empty()) << "seed " << seed;
    for (std::size_t i = 1; i < broker.log().size(); ++i) {
      ASSERT_LT(broker.log()[i - 1], broker.log()[i]) << "seed " << seed;
    }
  }
  EXPECT_GT(given_up, 100);
}

}  // namespace
}  // namespace millrace::client
