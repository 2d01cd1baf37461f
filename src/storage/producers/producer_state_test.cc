#include "storage/producers/producer_state.h"

#include <gtest/gtest.h>

#include "base/byte_order.h"
#include "storage/producers/producer_snapshot.h"
#include "wire/crc32c.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using wire::BatchHeader;
using wire::KafkaError;

struct Sent {
  std::int32_t sequence = 0;
  std::int32_t count = 1;
  std::int16_t epoch = 0;
  std::int64_t offset = 0;
  std::int16_t attributes = 0;
};

BatchHeader header_of(const Sent& sent) {
  BatchHeader header;
  header.producer_id = ProducerId{7};
  header.producer_epoch = ProducerEpoch{sent.epoch};
  header.base_sequence = sent.sequence;
  header.last_offset_delta = sent.count - 1;
  header.record_count = sent.count;
  header.base_offset = Offset{sent.offset};
  header.max_timestamp = Timestamp{1000 + sent.offset};
  header.attributes = sent.attributes;
  return header;
}

KafkaError verdict(const ProducerStates& states, const Sent& sent,
                   AppendOrigin origin = AppendOrigin::kClient) {
  const auto result = states.check(header_of(sent), origin);
  return result.ok() ? KafkaError::kNone : wire::kafka_error_of(result.error());
}

bool is_duplicate(const ProducerStates& states, const Sent& sent) {
  const auto result = states.check(header_of(sent), AppendOrigin::kClient);
  return result.ok() && result->has_value();
}

TEST(ProducerStates, AnUnknownProducerMayBeginAnywhere) {
  const ProducerStates states;
  EXPECT_EQ(verdict(states, {.sequence = 1234}), KafkaError::kNone);
}

TEST(ProducerStates, OlderBatchesFillTheFiveUpAsFarAsTheyFollowOnEachOther) {
  ProducerStates states;
  states.apply(header_of({.sequence = 9, .offset = 19}));
  EXPECT_TRUE(states.lacks_batches(Offset{19}));
  EXPECT_FALSE(states.lacks_batches(Offset{20})) << "wrote nothing there";

  states.apply_older(header_of({.sequence = 9, .offset = 19}));
  states.apply_older(header_of({.sequence = 8, .epoch = -1, .offset = 18}));
  states.apply_older(header_of({.sequence = 5, .count = 2, .offset = 15}));
  EXPECT_FALSE(is_duplicate(states, {.sequence = 5, .count = 2})) << "7 and 8 are not known";
  for (const std::int32_t sequence : {8, 7, 6, 5, 4}) {
    states.apply_older(header_of({.sequence = sequence, .offset = 10 + sequence}));
  }

  for (const std::int32_t sequence : {9, 8, 7, 6, 5}) {
    EXPECT_TRUE(is_duplicate(states, {.sequence = sequence})) << sequence;
  }
  EXPECT_FALSE(is_duplicate(states, {.sequence = 4})) << "the sixth";
  EXPECT_FALSE(states.lacks_batches(Offset{0}));
  EXPECT_EQ(verdict(states, {.sequence = 10}), KafkaError::kNone) << "still what comes next";
}

TEST(ProducerStates, LackNothingOnceTheFirstSequenceIsKnown) {
  ProducerStates states;
  states.apply(header_of({.sequence = 1, .offset = 1}));
  EXPECT_TRUE(states.lacks_batches(Offset{0}));
  states.apply_older(header_of({.sequence = 0, .offset = 0}));
  EXPECT_FALSE(states.lacks_batches(Offset{0}));
}

TEST(ProducerStates, OlderBatchesOfUnknownProducersAreNotKept) {
  ProducerStates states;
  states.apply_older(header_of({.sequence = 0}));
  EXPECT_TRUE(states.entries().empty());
}

TEST(ProducerStates, SequencesFollowOnAndWrap) {
  ProducerStates states;
  states.apply(header_of({.sequence = INT32_MAX - 2, .count = 2}));
  EXPECT_EQ(verdict(states, {.sequence = INT32_MAX}), KafkaError::kNone);
  EXPECT_EQ(verdict(states, {.sequence = 0}), KafkaError::kOutOfOrderSequenceNumber);
  states.apply(header_of({.sequence = INT32_MAX, .count = 3, .offset = 2}));
  EXPECT_EQ(verdict(states, {.sequence = 2}), KafkaError::kNone) << "2^31-1, 0, 1 were sent";
  EXPECT_EQ(verdict(states, {.sequence = 3}), KafkaError::kOutOfOrderSequenceNumber);
}

TEST(ProducerStates, RecognisesTheLastFiveBatchesAndNoOlderOne) {
  ProducerStates states;
  for (std::int32_t i = 0; i < 6; ++i) {
    states.apply(header_of({.sequence = i * 2, .count = 2, .offset = i * 2}));
  }
  for (std::int32_t i = 1; i < 6; ++i) {
    EXPECT_TRUE(is_duplicate(states, {.sequence = i * 2, .count = 2})) << i;
  }
  EXPECT_EQ(verdict(states, {.sequence = 0, .count = 2}), KafkaError::kOutOfOrderSequenceNumber);
  EXPECT_FALSE(is_duplicate(states, {.sequence = 4, .count = 1})) << "a part is no duplicate";
  const auto repeated = states.check(header_of({.sequence = 4, .count = 2}), AppendOrigin::kClient);
  EXPECT_EQ(repeated.value()->base_offset, Offset{4});
  EXPECT_EQ(repeated.value()->last_offset, Offset{5});
}

TEST(ProducerStates, ANewEpochBeginsAtZeroAndAnOldOneIsFenced) {
  ProducerStates states;
  states.apply(header_of({.sequence = 0, .count = 4, .epoch = 3}));
  EXPECT_EQ(verdict(states, {.sequence = 4, .epoch = 4}), KafkaError::kOutOfOrderSequenceNumber);
  EXPECT_EQ(verdict(states, {.sequence = 0, .epoch = 4}), KafkaError::kNone);
  EXPECT_EQ(verdict(states, {.sequence = 4, .epoch = 2}), KafkaError::kInvalidProducerEpoch);
  states.apply(header_of({.sequence = 0, .epoch = 4, .offset = 4}));
  EXPECT_FALSE(is_duplicate(states, {.sequence = 0, .count = 4, .epoch = 4}));
}

TEST(ProducerStates, ACoordinatorHasNoSequences) {
  ProducerStates states;
  states.apply(header_of({.sequence = 0, .count = 4}));
  EXPECT_EQ(verdict(states, {.sequence = -1}, AppendOrigin::kCoordinator), KafkaError::kNone);
}

TEST(ProducerStates, APlainBatchMayNotInterruptATransaction) {
  ProducerStates states;
  const std::int16_t in_transaction = wire::batch_format::kTransactionalBit;
  states.apply(header_of({.sequence = 0, .attributes = in_transaction}));
  EXPECT_EQ(verdict(states, {.sequence = 1}), KafkaError::kInvalidTxnState);
  EXPECT_EQ(verdict(states, {.sequence = 1, .attributes = in_transaction}), KafkaError::kNone);
  states.apply_marker(header_of({.sequence = -1, .offset = 1, .attributes = in_transaction}), {});
  EXPECT_EQ(verdict(states, {.sequence = 1}), KafkaError::kNone);
}

TEST(ProducerStates, ExpiresTheSilentButNotThoseInATransaction) {
  ProducerStates states;
  states.apply(header_of({.attributes = wire::batch_format::kTransactionalBit}));
  states.expire(Timestamp{1000}, Millis{10});
  states.expire(Timestamp{1'000'000}, Millis{10});
  EXPECT_EQ(states.entries().size(), 1U);
  states.clear();
  states.apply(header_of({}));
  states.expire(Timestamp{1000}, Millis{10});
  states.expire(Timestamp{1009}, Millis{10});
  EXPECT_EQ(states.entries().size(), 1U);
  states.expire(Timestamp{1010}, Millis{10});
  EXPECT_TRUE(states.entries().empty());
}

TEST(ProducerStates, AProducerOfOldRecordsIsForgottenNoSoonerThanAnother) {
  ProducerStates states;
  states.apply(header_of({.sequence = 0, .offset = 0}));
  constexpr std::int64_t kLongAfterItsTimestamps = 1'000'000'000;
  for (std::int64_t sweep = 0; sweep < 5; ++sweep) {
    states.expire(Timestamp{kLongAfterItsTimestamps + sweep * 9}, Millis{10});
    ASSERT_EQ(states.entries().size(), 1U) << "its batches would be written twice";
    states.apply(
        header_of({.sequence = static_cast<std::int32_t>(sweep) + 1, .offset = sweep + 1}));
  }
}

// Laid out by hand from Kafka's ProducerSnapshot schema, version 1.
TEST(ProducerSnapshot, HasKafkasBytes) {
  ProducerStates states;
  states.apply(header_of({.sequence = 16, .count = 3, .epoch = 2, .offset = 256}));
  const std::string bytes = encode_producer_snapshot(states);
  const std::string body = std::string("\0\0\0\1", 4) +                         // one producer
                           std::string("\0\0\0\0\0\0\0\7", 8) +                 // producer id
                           std::string("\0\2", 2) +                             // epoch
                           std::string("\0\0\0\x12", 4) +                       // last sequence
                           std::string("\0\0\0\0\0\0\1\2", 8) +                 // last offset
                           std::string("\0\0\0\2", 4) +                         // offset delta
                           std::string("\0\0\0\0\0\0\4\xe8", 8) +               // timestamp
                           std::string("\xff\xff\xff\xff", 4) +                 // coordinator epoch
                           std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8);  // no transaction
  EXPECT_EQ(bytes.substr(0, 2), std::string("\0\1", 2));
  EXPECT_EQ(bytes.substr(6), body);
  std::string crc(4, '\0');
  store_big_endian(crc.data(), wire::crc32c(body));
  EXPECT_EQ(bytes.substr(2, 4), crc);
}

TEST(ProducerSnapshot, RestoresTheLastBatchOfEachProducer) {
  ProducerStates states;
  for (std::int32_t i = 0; i < 3; ++i) states.apply(header_of({.sequence = i, .offset = i}));
  const auto decoded = decode_producer_snapshot(encode_producer_snapshot(states));
  ASSERT_TRUE(decoded.ok());
  const ProducerStates& restored = decoded.value();
  EXPECT_TRUE(is_duplicate(restored, {.sequence = 2}));
  EXPECT_EQ(verdict(restored, {.sequence = 3}), KafkaError::kNone);
  EXPECT_EQ(verdict(restored, {.sequence = 5}), KafkaError::kOutOfOrderSequenceNumber);
}

TEST(ProducerSnapshot, IsRefusedCutOrFlippedAnywhere) {
  ProducerStates states;
  states.apply(header_of({}));
  std::string bytes = encode_producer_snapshot(states);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_producer_snapshot(bytes.substr(0, size)).ok()) << size;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_producer_snapshot(bytes).ok()) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

}  // namespace
}  // namespace millrace::storage
