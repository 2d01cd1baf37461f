#include "broker/topics/metadata_log.h"

#include <string>
#include <utility>

#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

namespace {

/// One change is one batch; the largest is a new epoch for every partition there is.
constexpr std::int64_t kChangeBytesMax = std::int64_t{256} << 20;
constexpr std::size_t kReplayBytes = std::size_t{1} << 20;

}  // namespace

Result<MetadataLog> MetadataLog::open(io::FileSystem& files, storage::DataDirectory& directory,
                                      Timestamp now) {
  const TopicPartition name{std::string(kMetadataTopic), PartitionId{0}};
  storage::LogConfig config;
  config.max_message_bytes = kChangeBytesMax;
  const auto options = directory.open_options(name, now);
  if (!options.ok()) return options.error();
  auto log = storage::PartitionLog::open(files, directory.log_path(name), config, *options);
  if (!log.ok()) return std::move(log).error().with_context("the metadata log");
  return MetadataLog(std::move(log).value());
}

Status MetadataLog::replay(const std::function<void(const wire::MetadataRecord&)>& visit) const {
  Buffer scratch;
  Offset next = log_->log_start_offset();
  while (next < log_->log_end_offset()) {
    auto bytes = log_->read_bytes(next, kReplayBytes, storage::MinOneBatch::kYes);
    if (!bytes.ok()) return std::move(bytes).error();
    wire::BatchCursor cursor(bytes->view());
    const Offset before = next;
    while (const auto batch = cursor.next()) {
      auto reader = wire::BatchReader::open(*batch, scratch);
      if (!reader.ok()) return std::move(reader).error();
      RecordView record;
      while (!reader->header().is_control() && reader->next(record)) {
        auto decoded = wire::decode_metadata_record(record.value.value_or(""));
        if (!decoded.ok())
          return std::move(decoded).error().with_context(
              fmt::format("metadata record at offset {}", record.offset));
        visit(*decoded);
      }
      if (!reader->status().ok()) return reader->status();
      next = reader->header().next_offset();
    }
    if (!cursor.status().ok()) return cursor.status();
    if (next == before)
      return Error{ErrorCode::kCorrupt, fmt::format("the metadata log stops at offset {}", next)};
  }
  return {};
}

Status MetadataLog::append(const MetadataImage::Records& records, Timestamp now, Sync sync) {
  if (records.empty()) return {};
  wire::RecordBatchBuilder builder;
  for (const auto& record : records) {
    auto value = wire::encode_metadata_record(record);
    if (!value.ok()) return std::move(value).error();
    builder.append(now, std::nullopt, std::string_view(*value));
  }
  Buffer batch = builder.build();
  auto appended = log_->append({batch.data(), batch.size()}, LeaderEpoch{0}, now,
                               storage::AppendOrigin::kCoordinator);
  if (!appended.ok()) return std::move(appended).error();
  return sync == Sync::kYes ? log_->flush() : Status{};
}

}  // namespace millrace::broker
