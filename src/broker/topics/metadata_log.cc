#include "broker/topics/metadata_log.h"

#include <string>
#include <utility>

#include "storage/log_replay.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

namespace {

/// One change is one batch; the largest is a new epoch for every partition there is.
constexpr std::int64_t kChangeBytesMax = std::int64_t{256} << 20;
constexpr std::size_t kReplayBytes = std::size_t{1} << 20;

/// Hands each record over; one that cannot be read ends the replay.
class RecordReplay final : public storage::BatchVisitor {
 public:
  using Visit = std::function<void(const wire::MetadataRecord&)>;
  explicit RecordReplay(const Visit& visit) : visit_(visit) {}

  Status on_batch(wire::BatchReader& batch) override {
    RecordView record;
    while (!batch.header().is_control() && batch.next(record)) {
      auto decoded = wire::decode_metadata_record(record.value.value_or(""));
      if (!decoded.ok())
        return std::move(decoded).error().with_context(
            fmt::format("metadata record at offset {}", record.offset));
      visit_(*decoded);
    }
    return {};
  }
  Status on_unreadable(const wire::BatchHeader& /*header*/, const Error& why) override {
    return why;
  }

 private:
  const Visit& visit_;
};

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
  RecordReplay visitor(visit);
  const auto end = storage::replay(
      [&](Offset from) { return log_->read_bytes(from, kReplayBytes, storage::MinOneBatch::kYes); },
      log_->log_start_offset(), visitor);
  if (!end.ok()) return end.error();
  if (*end == log_->log_end_offset()) return {};
  return Error{ErrorCode::kCorrupt, fmt::format("the metadata log stops at offset {}", *end)};
}

Status MetadataLog::append(const MetadataImage::Records& records, Timestamp now) {
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
  return log_->flush();
}

Status MetadataLog::replace_all(const MetadataImage::Records& whole, Timestamp now) {
  // In a segment of its own, so that those before it can go.
  if (Status status = log_->roll(now); !status.ok()) return status;
  const Offset base = log_->log_end_offset();
  if (Status status = append(whole, now); !status.ok()) return status;
  return log_->delete_records_before(base);
}

}  // namespace millrace::broker
