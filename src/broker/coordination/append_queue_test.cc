#include "broker/coordination/append_queue.h"

#include <gtest/gtest.h>

#include "wire/batch_header.h"

namespace millrace::broker {
namespace {

using Producer = std::optional<TransactionalProducer>;

LogAppend append_of(std::uint64_t id, Producer producer = std::nullopt) {
  return {.id = AppendId{id},
          .owner = "g",
          .timestamp = Timestamp{1},
          .records = {{"key", "value"}},
          .producer = producer};
}

TEST(AppendQueue, ABatchHoldsTheAppendsOfOneProducerInTheOrderTheyCame) {
  const Producer first = TransactionalProducer{ProducerId{5}, ProducerEpoch{1}};
  const Producer second = TransactionalProducer{ProducerId{6}, ProducerEpoch{1}};
  AppendQueue queue;
  queue.push(append_of(1));
  queue.push(append_of(2));
  queue.push(append_of(3, first));
  queue.push(append_of(4, first));
  queue.push(append_of(5, second));
  queue.push(append_of(6, first));
  queue.push(append_of(7));

  std::vector<std::vector<AppendId>> batches;
  std::vector<std::int64_t> producers;
  while (const auto batch = queue.take(1)) {
    batches.push_back(batch->ids);
    const Buffer bytes = batch->encode();
    const auto header = wire::read_batch_header(bytes.view());
    ASSERT_TRUE(header.ok());
    producers.push_back(header->producer_id.value());
    EXPECT_EQ(header->is_transactional(), batch->producer.has_value());
    EXPECT_EQ(header->producer_epoch, batch->producer ? ProducerEpoch{1} : kNoProducerEpoch);
  }

  const auto ids = [](std::initializer_list<std::uint64_t> numbers) {
    std::vector<AppendId> named;
    for (const auto number : numbers) named.push_back(AppendId{number});
    return named;
  };
  EXPECT_EQ(batches, (std::vector<std::vector<AppendId>>{ids({1, 2}), ids({3, 4}), ids({5}),
                                                         ids({6}), ids({7})}));
  EXPECT_EQ(producers, (std::vector<std::int64_t>{-1, 5, 6, 5, -1}));
}

LogAppend marker_of(std::uint64_t id, std::int32_t partition) {
  return {.id = AppendId{id},
          .owner = {},
          .timestamp = Timestamp{1},
          .records = {},
          .producer = {},
          .marker = LogMarker{.partition = PartitionId{partition}, .marker = {}}};
}

TEST(AppendQueue, NothingOvertakesAMarkerInItsPartition) {
  constexpr std::int32_t kPartitions = 2;
  const std::int32_t own = partition_of("g", kPartitions).value();
  AppendQueue queue;
  queue.push(append_of(1));
  queue.push(marker_of(2, 1 - own));
  queue.push(marker_of(3, own));
  queue.push(marker_of(4, own));
  queue.push(append_of(5));

  std::vector<std::vector<std::uint64_t>> batches;
  std::vector<std::int32_t> partitions;
  while (const auto batch = queue.take(kPartitions)) {
    batches.emplace_back();
    for (const AppendId id : batch->ids) batches.back().push_back(id.value());
    partitions.push_back(batch->partition.value());
    EXPECT_EQ(batch->marker() != nullptr,
              batch->ids.front() > AppendId{1} && batch->ids.front() < AppendId{5});
  }

  EXPECT_EQ(batches, (std::vector<std::vector<std::uint64_t>>{{1}, {2}, {3}, {4}, {5}}));
  EXPECT_EQ(partitions, (std::vector<std::int32_t>{own, 1 - own, own, own, own}));
}

TEST(AppendQueue, ABatchShowsTheGuardOfItsAppends) {
  const Producer plain = TransactionalProducer{ProducerId{5}, ProducerEpoch{1}};
  Producer guarded = plain;
  guarded->guard = storage::VerificationGuard{7};
  AppendQueue queue;
  queue.push(append_of(1, plain));
  queue.push(append_of(2, guarded));
  queue.push(append_of(3, guarded));

  std::vector<std::pair<std::size_t, storage::VerificationGuard>> batches;
  while (const auto batch = queue.take(1)) batches.emplace_back(batch->ids.size(), batch->guard());

  using enum storage::VerificationGuard;
  EXPECT_EQ(batches, (std::vector<std::pair<std::size_t, storage::VerificationGuard>>{
                         {1, kNone}, {2, storage::VerificationGuard{7}}}));
}

}  // namespace
}  // namespace millrace::broker
