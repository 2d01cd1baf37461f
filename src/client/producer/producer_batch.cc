#include "client/producer/producer_batch.h"

#include <utility>

#include "base/check.h"
#include "wire/record_batch.h"

namespace millrace::client {

ProducerBatch::ProducerBatch(wire::BatchOptions options, std::size_t capacity_bytes,
                             std::shared_ptr<BufferPool> memory_to_use)
    : memory(std::move(memory_to_use)), builder(options, capacity_bytes) {
  builder.recycle(memory->take(capacity_bytes));
}

void ProducerBatch::encode() {
  if (encoded != nullptr) return;
  CHECK(!builder.empty(), "a batch has neither records nor bytes");
  const bool is_compressed = builder.options().compression != wire::Compression::kNone;
  Buffer into = is_compressed ? memory->take(builder.size_bytes()) : Buffer{};
  encoded = BufferPool::share(memory, builder.build(std::move(into)));
  memory->give_back(builder.release());  // the records as they were, if those bytes are others
}

std::vector<ProducerBatchPtr> halves_of(ProducerBatch& batch, std::size_t capacity_bytes) {
  CHECK(batch.record_count > 1, "a batch of {} records cannot be halved", batch.record_count);
  Buffer scratch;
  auto reader = wire::BatchReader::open(batch.encoded->view(), scratch, wire::CrcCheck::kSkip);
  CHECK(reader.ok(), "own batch cannot be read: {}", reader.error().to_string());
  const std::int32_t half = batch.record_count / 2;
  std::vector<ProducerBatchPtr> parts;
  RecordView record;
  for (std::int32_t i = 0; reader->next(record); ++i) {
    if (i == 0 || i == half) {
      parts.push_back(
          std::make_unique<ProducerBatch>(batch.builder.options(), capacity_bytes, batch.memory));
    }
    ProducerBatch& part = *parts.back();
    part.builder.append(record.timestamp, record.key, record.value, record.headers);
    part.record_count = part.builder.count();
  }
  ProducerBatch& first = *parts.front();
  ProducerBatch& second = *parts.back();
  first.id = second.id = batch.id;
  first.first_index = batch.first_index;
  second.first_index = batch.first_index + half;
  first.budget_bytes = batch.budget_bytes / 2;
  second.budget_bytes = batch.budget_bytes - first.budget_bytes;
  for (RecordWaiter& waiter : std::exchange(batch.waiters, {})) {
    const bool is_in_first = waiter.index < half;
    if (!is_in_first) waiter.index -= half;
    (is_in_first ? first : second).waiters.push_back(std::move(waiter));
  }
  return parts;
}

}  // namespace millrace::client
