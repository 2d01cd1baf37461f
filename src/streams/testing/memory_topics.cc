#include "streams/testing/memory_topics.h"

#include <utility>

#include "base/byte_writer.h"
#include "streams/state/byte_map.h"

namespace millrace::streams::testing {
namespace {

std::optional<std::string> owned(std::optional<std::string_view> bytes) {
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

std::optional<std::string_view> viewed(const std::optional<std::string>& bytes) {
  if (!bytes) return std::nullopt;
  return *bytes;
}

std::string wire_form(std::span<const HeaderView> headers) {
  Buffer bytes;
  ByteWriter writer(bytes);
  for (const HeaderView& header : headers) {
    writer.varint(static_cast<std::int32_t>(header.key.size()));
    writer.bytes(header.key);
    writer.varint(header.value ? static_cast<std::int32_t>(header.value->size()) : -1);
    writer.bytes(header.value.value_or(std::string_view{}));
  }
  return std::string(bytes.view());
}

}  // namespace

OutputTopic MemoryTopics::topic(std::string_view name) {
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  const OutputTopic id{static_cast<std::int32_t>(topics_.size())};
  topics_.emplace_back().partitions.resize(static_cast<std::size_t>(partitions_));
  ids_.emplace(name, id);
  return id;
}

void MemoryTopics::send(OutputTopic topic, const OutputRecord& record) {
  Topic& into = topics_[static_cast<std::size_t>(topic.value())];
  const PartitionId partition = place(record);
  Stored stored{{partition, owned(record.key), owned(record.value), record.timestamp},
                wire_form(record.headers)};
  for (const HeaderView& header : record.headers) {
    stored.record.headers.emplace_back(header.key, owned(header.value));
  }
  into.all.push_back(std::move(stored));
  into.partitions[static_cast<std::size_t>(partition.value())].push_back(&into.all.back());
}

Offset MemoryTopics::acknowledged_end(OutputTopic topic, PartitionId partition) const {
  const auto& partitions = topics_[static_cast<std::size_t>(topic.value())].partitions;
  const std::size_t count = partitions[static_cast<std::size_t>(partition.value())].size();
  return count == 0 ? kNoOffset : Offset{static_cast<std::int64_t>(count)};
}

PartitionId MemoryTopics::place(const OutputRecord& record) const {
  if (record.partition) {
    CHECK(record.partition->value() >= 0 && record.partition->value() < partitions_,
          "partition {} of {}", record.partition->value(), partitions_);
    return *record.partition;
  }
  const auto placed_by = record.partition_key ? record.partition_key : record.key;
  if (!placed_by) return PartitionId{0};
  return PartitionId{
      static_cast<std::int32_t>(hash_bytes(*placed_by) % static_cast<std::uint64_t>(partitions_))};
}

const MemoryTopics::Topic* MemoryTopics::find(std::string_view name) const {
  const auto known = ids_.find(name);
  if (known == ids_.end()) return nullptr;
  return &topics_[static_cast<std::size_t>(known->second.value())];
}

Offset MemoryTopics::end_offset(std::string_view topic, PartitionId partition) const {
  const Topic* const found = find(topic);
  if (found == nullptr) return Offset{0};
  const auto& records = found->partitions[static_cast<std::size_t>(partition.value())];
  return Offset{static_cast<std::int64_t>(records.size())};
}

std::vector<RecordView> MemoryTopics::read(std::string_view topic, PartitionId partition,
                                           Offset from) const {
  std::vector<RecordView> views;
  const Topic* const found = find(topic);
  if (found == nullptr) return views;
  const auto& records = found->partitions[static_cast<std::size_t>(partition.value())];
  for (auto i = static_cast<std::size_t>(from.value()); i < records.size(); ++i) {
    const DriverRecord& record = records[i]->record;
    views.push_back(
        {Offset{static_cast<std::int64_t>(i)}, record.timestamp, viewed(record.key),
         viewed(record.value),
         HeadersView(static_cast<std::int32_t>(record.headers.size()), records[i]->header_bytes)});
  }
  return views;
}

std::vector<DriverRecord> MemoryTopics::contents(std::string_view topic) const {
  std::vector<DriverRecord> records;
  if (const Topic* const found = find(topic); found != nullptr) {
    for (const Stored& stored : found->all) records.push_back(stored.record);
  }
  return records;
}

std::vector<DriverRecord> MemoryTopics::take_new(std::string_view topic) {
  std::vector<DriverRecord> records;
  const auto known = ids_.find(topic);
  if (known == ids_.end()) return records;
  Topic& from = topics_[static_cast<std::size_t>(known->second.value())];
  for (; from.taken < from.all.size(); ++from.taken) {
    records.push_back(from.all[from.taken].record);
  }
  return records;
}

}  // namespace millrace::streams::testing
