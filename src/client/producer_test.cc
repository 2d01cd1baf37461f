#include "client/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/testing/produce_broker.h"
#include "sim/sim_env.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using wire::KafkaError;

constexpr Millis kPatience{60'000};
/// No test waits for a linger that is this long: what leaves did not linger.
constexpr const char* kLingersForEver = "600000";

class ProducerTest : public testing::Test {
 protected:
  Properties properties() const {
    Properties properties{{"bootstrap.servers", broker_.endpoint().to_string()},
                          {"retry.backoff.ms", "1"},
                          {"retry.backoff.max.ms", "1"}};
    return properties;
  }
  Producer make(const Properties& properties, DeliveryCallback on_delivery = {}) {
    auto made = Producer::create(properties, {std::move(on_delivery)}, env_.get());
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(made).value();
  }
  static ProducerRecord record(std::string_view value, std::int32_t partition = 0) {
    return {.topic = "t", .partition = PartitionId{partition}, .value = value};
  }

  const std::unique_ptr<io::Env> env_ = io::make_system_env();
  ProduceBroker broker_{*env_};
};

TEST_F(ProducerTest, EachRecordThatAsksIsToldItsFateInOrder) {
  Producer producer = make(properties());
  std::vector<std::string> told;
  for (const std::string value : {"a", "b", "c"}) {
    const auto sent = producer.send(
        record(value, value == "c" ? 1 : 0), [&told, value](const Result<RecordMetadata>& fate) {
          ASSERT_TRUE(fate.ok()) << fate.error().to_string();
          told.push_back(fmt::format("{} at {}-{}", value, fate->partition, fate->offset));
        });
    ASSERT_TRUE(sent.ok()) << sent.error().to_string();
    ASSERT_TRUE(producer.send(record("nobody asks")).ok());
  }
  ASSERT_TRUE(producer.flush(kPatience).ok());

  EXPECT_THAT(told, testing::UnorderedElementsAre("a at 0-0", "b at 0-2", "c at 1-0"));
}

TEST_F(ProducerTest, TheReportOfItsBatchResolvesAReceiptAlsoWhenTheBatchWasSplit) {
  broker_.judge_by([](const wire::BatchHeader& batch) {
    return batch.record_count > 2 ? KafkaError::kMessageTooLarge : KafkaError::kNone;
  });
  std::vector<std::pair<SendReceipt, std::string>> sent;
  std::vector<std::pair<std::string, Offset>> resolved;
  std::vector<Offset> told;
  Properties with_linger = properties();
  with_linger.set("linger.ms", kLingersForEver);
  Producer producer = make(with_linger, [&](const DeliveryReport& report) {
    for (const auto& [receipt, value] : sent) {
      if (report.covers(receipt)) resolved.emplace_back(value, report.offset_of(receipt));
    }
  });
  for (int i = 0; i < 7; ++i) {
    const std::string value = std::to_string(i);
    const auto receipt = producer.send(
        record(value), [&](const Result<RecordMetadata>& fate) { told.push_back(fate->offset); });
    ASSERT_TRUE(receipt.ok());
    sent.emplace_back(*receipt, value);
  }
  ASSERT_TRUE(producer.flush(kPatience).ok());

  const auto log = broker_.values("t", 0);
  ASSERT_THAT(log, ElementsAre("0", "1", "2", "3", "4", "5", "6"));
  ASSERT_THAT(resolved, SizeIs(7));
  for (const auto& [value, offset] : resolved) {
    EXPECT_EQ(log.at(static_cast<std::size_t>(offset.value())), value);
  }
  ASSERT_THAT(told, SizeIs(7));
  for (int i = 0; i < 7; ++i) EXPECT_EQ(told[static_cast<std::size_t>(i)], Offset{i});
  EXPECT_GE(producer.metrics().batch_splits, 3U);
}

TEST_F(ProducerTest, ACallbackThatThrowsIsToldByFlushAndKeepsNobodyElseFromBeingCalled) {
  int reports = 0;
  int told = 0;
  Producer producer = make(properties(), [&](const DeliveryReport&) {
    ++reports;
    throw std::runtime_error("no luck with reports");
  });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(producer
                    .send(record("v"),
                          [&](const Result<RecordMetadata>&) {
                            ++told;
                            throw std::runtime_error("no luck");
                          })
                    .ok());
  }

  const Status flushed = producer.flush(kPatience);

  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code, ErrorCode::kThrown);
  EXPECT_THAT(flushed.error().message, HasSubstr("no luck"));
  EXPECT_EQ(told, 3);
  EXPECT_GE(reports, 1);
  EXPECT_EQ(producer.metrics().records_sent, 3U) << "they were written all the same";
  EXPECT_TRUE(producer.flush(kPatience).ok()) << "it is told once";
}

TEST_F(ProducerTest, CloseTellsWhatACallbackThrewMeanwhile) {
  broker_.hold();
  Producer producer =
      make(properties(), [](const DeliveryReport&) { throw std::runtime_error("late"); });
  ASSERT_TRUE(producer.send(record("v")).ok());

  const Status closed = producer.close(Millis{0});

  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().code, ErrorCode::kClosed) << "the record's own failure came first";
}

TEST_F(ProducerTest, ACallbackMaySendAndNeverWaits) {
  std::atomic<int> left = 10;
  std::vector<std::string> refused;
  Producer* self = nullptr;
  Producer producer = make(properties(), [&](const DeliveryReport& report) {
    ASSERT_TRUE(report.status.ok());
    if (left-- <= 0) return;
    EXPECT_TRUE(self->send(record("again")).ok());
    const auto unknown = self->send({.topic = "never asked for", .value = "v"});
    if (!unknown.ok()) refused.emplace_back(error_code_name(unknown.error().code));
  });
  self = &producer;
  ASSERT_TRUE(producer.send(record("first")).ok());
  while (left > 0) ASSERT_TRUE(producer.flush(kPatience).ok());
  ASSERT_TRUE(producer.close(kPatience).ok());

  EXPECT_EQ(broker_.values("t", 0).size(), 11U);
  ASSERT_FALSE(refused.empty());
  EXPECT_EQ(refused.front(), "timeout") << "the topic's metadata has to be waited for";
}

TEST_F(ProducerTest, ACallbackThatFindsNoRoomIsToldSoAtOnce) {
  Properties small = properties();
  small.set("buffer.memory", "1000").set("batch.size", "100");
  std::optional<ErrorCode> found;
  Producer* self = nullptr;
  Producer producer = make(small, [&](const DeliveryReport&) {
    const std::string value(300, 'x');
    while (!found) {
      const auto sent = self->send(record(value));
      if (!sent.ok()) found = sent.error().code;
    }
  });
  self = &producer;
  ASSERT_TRUE(producer.send(record("v")).ok());
  ASSERT_TRUE(producer.flush(kPatience).ok());
  EXPECT_EQ(found, ErrorCode::kTimeout);
}

TEST_F(ProducerTest, WhatWouldWaitForTheCallbackItselfIsRefused) {
  std::vector<ErrorCode> refused;
  Producer* self = nullptr;
  Producer producer = make(properties(), [&](const DeliveryReport&) {
    refused.push_back(self->flush().error().code);
    refused.push_back(self->close().error().code);
    refused.push_back(self->send_and_wait(record("w")).error().code);
    EXPECT_EQ(self->partition_count("t").value(), ProduceBroker::kPartitions);
  });
  self = &producer;
  ASSERT_TRUE(producer.send(record("v")).ok());
  ASSERT_TRUE(producer.flush(kPatience).ok());
  EXPECT_THAT(refused, ElementsAre(ErrorCode::kInvalidArgument, ErrorCode::kInvalidArgument,
                                   ErrorCode::kInvalidArgument));
}

TEST_F(ProducerTest, SendAndWaitDoesNotLinger) {
  Properties lingering = properties();
  lingering.set("linger.ms", kLingersForEver);
  Producer producer = make(lingering);
  ASSERT_TRUE(producer.send(record("before")).ok());

  const auto written = producer.send_and_wait(record("now"), kPatience);

  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(written->offset, Offset{1}) << "behind what waited already";
  EXPECT_EQ(written->partition, PartitionId{0});
  EXPECT_NE(written->timestamp, kNoTimestamp);
}

TEST_F(ProducerTest, SendAndWaitGivesUpWhenItsTimeIsOverAndTheRecordMayStillBeWritten) {
  Producer producer = make(properties());
  ASSERT_TRUE(producer.partition_count("t").ok());
  broker_.hold();

  const auto late = producer.send_and_wait(record("v"), Millis{20});

  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  broker_.release();
  EXPECT_TRUE(producer.flush(kPatience).ok());
  EXPECT_EQ(producer.metrics().records_sent, 1U);
}

TEST_F(ProducerTest, SendAndWaitTellsWhyARecordWasNotWritten) {
  broker_.judge_by([](const wire::BatchHeader&) { return KafkaError::kInvalidRecord; });
  Producer producer = make(properties());
  const auto refused = producer.send_and_wait(record("v"), kPatience);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kInvalidRecord);
}

TEST_F(ProducerTest, WhatSendAndWaitToldIsNoFailureOfAnybodyElse) {
  broker_.judge_by([](const wire::BatchHeader&) { return KafkaError::kInvalidRecord; });
  Producer producer = make(properties());
  EXPECT_FALSE(producer.send_and_wait(record("v"), kPatience).ok());
  EXPECT_TRUE(producer.flush(kPatience).ok());

  ASSERT_TRUE(producer.send(record("v"), [](const Result<RecordMetadata>&) {}).ok());
  EXPECT_FALSE(producer.flush(kPatience).ok()) << "who only listens may rely on flush()";
}

TEST_F(ProducerTest, FlushWaitsForWhatWasSentBeforeItOnly) {
  Producer producer = make(properties());
  ASSERT_TRUE(producer.partition_count("t").ok());
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    while (!is_over) ASSERT_TRUE(producer.send(record("v", 1)).ok());
  });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(producer.flush(kPatience).ok());
  is_over = true;
  other.join();
}

TEST_F(ProducerTest, AFlushThatGaveUpLeavesTheRestToTheNext) {
  Producer producer = make(properties());
  ASSERT_TRUE(producer.partition_count("t").ok());
  broker_.hold();
  ASSERT_TRUE(producer.send(record("v")).ok());
  EXPECT_EQ(producer.flush(Millis{5}).error().code, ErrorCode::kTimeout);
  broker_.release();
  EXPECT_TRUE(producer.flush(kPatience).ok());
}

TEST_F(ProducerTest, ManyThreadsSendFlushAndLookWithoutALockOfTheirOwn) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  Properties small = properties();
  small.set("buffer.memory", "20000").set("batch.size", "1000");
  std::atomic<int> delivered = 0;
  Producer producer =
      make(small, [&](const DeliveryReport& report) { delivered += report.record_count; });
  std::vector<std::thread> threads;
  for (int id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] {
      const std::string own = "topic-" + std::to_string(id);
      for (int i = 0; i < kEach; ++i) {
        const std::string value = std::to_string(i);
        const bool is_shared = i % 2 == 0;
        const auto sent = producer.send(
            {.topic = is_shared ? "shared" : own, .partition = PartitionId{0}, .value = value});
        ASSERT_TRUE(sent.ok()) << sent.error().to_string();
        if (i % 100 == 0) {
          EXPECT_TRUE(producer.flush(kPatience).ok());
          EXPECT_EQ(producer.partition_count(own).value(), ProduceBroker::kPartitions);
          EXPECT_TRUE(producer.send_and_wait({.topic = own, .partition = PartitionId{1}}).ok());
          (void)producer.metrics();
          (void)producer.topic(own);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(producer.flush(kPatience).ok());

  EXPECT_EQ(delivered, kThreads * (kEach + kEach / 100));
  EXPECT_EQ(broker_.values("shared", 0).size(), kThreads * kEach / 2U);
  for (int id = 0; id < kThreads; ++id) {
    const auto log = broker_.values("topic-" + std::to_string(id), 0);
    ASSERT_THAT(log, SizeIs(kEach / 2));
    for (int i = 0; i < kEach / 2; ++i) {
      EXPECT_EQ(log[static_cast<std::size_t>(i)], std::to_string(2 * i + 1));
    }
  }
}

TEST_F(ProducerTest, CloseEndsEverybodyWhoWaits) {
  Properties small = properties();
  small.set("buffer.memory", "1000").set("batch.size", "100");
  Producer producer = make(small);
  ASSERT_TRUE(producer.partition_count("t").ok());
  broker_.hold();
  std::atomic<int> closed = 0;
  const auto end = [&](const auto& result) {
    if (!result.ok() && result.error().code == ErrorCode::kClosed) ++closed;
  };
  std::vector<std::thread> threads;
  threads.emplace_back([&] {  // until there is no room, which it waits for
    const std::string value(300, 'x');
    for (;;) {
      const auto sent = producer.send(record(value));
      if (!sent.ok()) return end(sent);
    }
  });
  threads.emplace_back([&] {
    for (;;) {
      if (const auto flushed = producer.flush(); !flushed.ok()) return end(flushed);
    }
  });
  threads.emplace_back([&] { end(producer.send_and_wait(record("w", 1))); });
  while (producer.metrics().bytes_buffered < 600) std::this_thread::yield();

  EXPECT_EQ(producer.close(Millis{1}).error().code, ErrorCode::kTimeout);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(closed, 3);
  EXPECT_EQ(producer.send(record("v")).error().code, ErrorCode::kClosed);
  EXPECT_EQ(producer.flush().error().code, ErrorCode::kClosed);
  EXPECT_EQ(producer.partition_count("t").error().code, ErrorCode::kClosed);
}

/// In virtual time that passes while the producer works, from one look at the clock to the next.
class ProducerAtWork : public testing::Test {
 protected:
  Producer make(int linger_ms) {
    const Properties properties{{"bootstrap.servers", broker_.endpoint().to_string()},
                                {"linger.ms", std::to_string(linger_ms)},
                                {"retry.backoff.ms", "100"},
                                {"retry.backoff.max.ms", "100"}};
    auto made = Producer::create(properties, {}, &world_.host("here"));
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(made).value();
  }
  void work_for(Millis time) { world_.scheduler().clock().set_reading_cost(time); }
  void send(Producer& producer) {
    const ProducerRecord record{.topic = "t", .partition = PartitionId{0}, .value = "v"};
    ASSERT_TRUE(producer.send(record, [this](const auto&) { ++told_; }).ok());
    ++sent_;
  }
  bool run_until(const std::function<bool()>& done) {
    return world_.scheduler().run_until(done, Millis{30'000});
  }
  bool are_all_told() {
    return run_until([this] { return told_ == sent_; });
  }

  sim::SimWorld world_{1};
  ProduceBroker broker_{world_.host("here")};
  int sent_ = 0;
  int told_ = 0;
};

TEST_F(ProducerAtWork, ForgetsNoRetryThatFallsDueWhileItLooksForWhatIsDue) {
  bool is_refused = true;
  broker_.judge_by([&](const wire::BatchHeader&) {
    return std::exchange(is_refused, true) ? KafkaError::kNone : KafkaError::kNotEnoughReplicas;
  });
  Producer producer = make(0);
  send(producer);
  ASSERT_TRUE(are_all_told());
  work_for(Millis{10});
  for (int moment = 0; moment < 130; moment += 4) {
    SCOPED_TRACE(fmt::format("{} ms after the refusal", moment));
    is_refused = false;
    send(producer);
    ASSERT_TRUE(run_until([&] { return is_refused; }));
    world_.scheduler().run_for(Millis{moment});
    send(producer);  // which makes it look
    ASSERT_TRUE(are_all_told());
  }
}

TEST_F(ProducerAtWork, SendsWhatStoodBehindABatchThatIsGivenUp) {
  bool is_refused = false;
  broker_.judge_by([&](const wire::BatchHeader&) {
    return std::exchange(is_refused, true) ? KafkaError::kNone : KafkaError::kNotEnoughReplicas;
  });
  Properties impatient{{"bootstrap.servers", broker_.endpoint().to_string()},
                       {"request.timeout.ms", "1000"},
                       {"delivery.timeout.ms", "3000"},
                       {"linger.ms", "0"},
                       {"retry.backoff.ms", "20000"},
                       {"retry.backoff.max.ms", "20000"}};
  auto producer = Producer::create(impatient, {}, &world_.host("here"));
  ASSERT_TRUE(producer.ok());
  send(*producer);
  ASSERT_TRUE(run_until([&] { return is_refused; }));
  world_.scheduler().run_for(Millis{100});  // it is back, and waits to be tried again
  send(*producer);
  EXPECT_TRUE(world_.scheduler().run_until([this] { return told_ == sent_; }, Millis{5'000}));
}

TEST_F(ProducerAtWork, ForgetsNoLingerThatEndsWhileItLooksForWhatIsDue) {
  Producer producer = make(50);
  send(producer);
  ASSERT_TRUE(are_all_told());
  for (int work = 5; work < 60; work += 5) {
    SCOPED_TRACE(fmt::format("{} ms from one look to the next", work));
    work_for(Millis{work});
    send(producer);
    ASSERT_TRUE(are_all_told());
  }
}

}  // namespace
}  // namespace millrace::client
