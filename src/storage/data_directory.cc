#include "storage/data_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "storage/directory/checkpoint_text.h"
#include "storage/directory/deleted_names.h"
#include "storage/directory/meta_properties.h"

namespace millrace::storage {
namespace {

constexpr std::string_view kLockName = ".lock";
constexpr std::string_view kMetaName = "meta.properties";
constexpr std::string_view kCleanMarkName = ".kafka_cleanshutdown";
constexpr std::string_view kCleanMarkText = R"({"version":0,"brokerEpoch":-1})";
constexpr std::string_view kRecoveryPointsName = "recovery-point-offset-checkpoint";
constexpr std::string_view kLogStartOffsetsName = "log-start-offset-checkpoint";
constexpr std::string_view kCleanerOffsetsName = "cleaner-offset-checkpoint";

/// An operator may have moved a partition to another disk and left a link.
bool may_hold_a_log(const io::DirectoryEntry& entry) {
  return entry.kind == io::PathKind::kDirectory || entry.kind == io::PathKind::kLink;
}

std::optional<Offset> offset_of(const OffsetsByPartition& offsets,
                                const TopicPartition& partition) {
  const auto found = offsets.find(partition);
  if (found == offsets.end()) return std::nullopt;
  return found->second;
}

/// The same error with the directory and what its reader can do about it.
Error advise(Error error, const std::string& path) {
  std::string_view advice = "choose another with --data";
  if (error.code == ErrorCode::kIo && (error.detail == EACCES || error.detail == EPERM)) {
    advice = "check its permissions, or choose another with --data";
  }
  switch (error.code) {
    case ErrorCode::kNotFound:
      advice = "nothing can be made there: choose another with --data";
      break;
    case ErrorCode::kLocked:
      advice = "stop it, or choose another directory with --data";
      break;
    case ErrorCode::kDiskFull:
      advice = "make room on its disk, or choose another directory with --data";
      break;
    case ErrorCode::kUnsupported:
      advice = "it was written by a newer version: use that one to open it";
      break;
    case ErrorCode::kCorrupt:
      advice = "restore the file, or choose an empty directory with --data";
      break;
    default:
      break;
  }
  error.message = fmt::format("data directory {}: {}; {}", path, error.message, advice);
  return error;
}

}  // namespace

std::optional<TopicPartition> partition_of_folder(std::string_view folder) {
  const std::size_t dash = folder.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = folder.substr(dash + 1);
  const std::int64_t partition = parse_number(digits).value_or(-1);
  if (partition < 0 || partition > INT32_MAX || fmt::to_string(partition) != digits) {
    return std::nullopt;
  }
  return TopicPartition{std::string(folder.substr(0, dash)),
                        PartitionId{static_cast<std::int32_t>(partition)}};
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(io::FileSystem& files, std::string path,
                                                           const Identity& identity) {
  std::unique_ptr<DataDirectory> directory(new DataDirectory(files, std::move(path)));
  if (Status status = directory->open_all(identity); !status.ok()) {
    if (directory->has_taken_mark_) (void)directory->mark_clean().ok();  // nothing was changed
    return advise(std::move(status).error(), directory->path_);
  }
  return directory;
}

Status DataDirectory::open_all(const Identity& identity) {
  if (Status status = make_durable_directory(); !status.ok()) return status;
  auto lock = files_.lock(file_path(kLockName));
  if (!lock.ok()) return std::move(lock).error();
  lock_ = std::move(lock).value();
  if (Status status = load_or_write_identity(identity); !status.ok()) return status;
  if (Status status = take_clean_mark(); !status.ok()) return status;
  if (Status status = find_left_overs(); !status.ok()) return status;
  return load_checkpoints();
}

Status DataDirectory::make_durable_directory() {
  auto exists = files_.exists(path_);
  if (!exists.ok()) return std::move(exists).error();
  if (*exists) return {};
  if (Status status = files_.create_directories(path_); !status.ok()) return status;
  const std::size_t slash = path_.find_last_of('/');
  if (slash == std::string::npos) return files_.sync_directory(".");
  return files_.sync_directory(slash == 0 ? "/" : path_.substr(0, slash));
}

Status DataDirectory::load_or_write_identity(const Identity& identity) {
  auto text = files_.read_all(file_path(kMetaName));
  if (text.ok()) {
    auto properties = decode_meta_properties(*text);
    if (!properties.ok()) return std::move(properties).error().with_context(kMetaName);
    cluster_id_ = properties->cluster_id;
    node_id_ = properties->node_id;
    directory_id_ = properties->directory_id;
    return {};
  }
  if (text.error().code != ErrorCode::kNotFound) return std::move(text).error();
  is_new_ = true;
  // The folder's own name has to survive a power cut too, or everything in it is lost.
  const std::size_t slash = path_.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  if (Status status = files_.sync_directory(parent); !status.ok()) return status;
  cluster_id_ = identity.cluster_id;
  node_id_ = identity.node_id;
  directory_id_ = identity.directory_id;
  return files_.replace_atomically(file_path(kMetaName),
                                   encode_meta_properties({cluster_id_, node_id_, directory_id_}));
}

Status DataDirectory::take_clean_mark() {
  auto is_marked = files_.exists(file_path(kCleanMarkName));
  if (!is_marked.ok()) return std::move(is_marked).error();
  // A new directory has nothing to recover.
  previous_stop_ = *is_marked || is_new_ ? PreviousStop::kClean : PreviousStop::kUnclean;
  if (!*is_marked) return {};
  has_taken_mark_ = true;
  if (Status status = files_.remove(file_path(kCleanMarkName)); !status.ok()) return status;
  return files_.sync_directory(path_);
}

/// What was to be removed when the last owner stopped has waited long enough.
Status DataDirectory::find_left_overs() {
  auto entries = files_.list(path_);
  if (!entries.ok()) return std::move(entries).error();
  for (const auto& entry : *entries) {
    if (may_hold_a_log(entry) && is_deleted_folder(entry.name)) {
      removal_.add(file_path(entry.name), Millis{0});
    }
  }
  return {};
}

Status DataDirectory::retire_log(const TopicPartition& partition, const Uuid& unique) {
  return retire_folder(files_, log_path(partition), unique, {&removal_, Millis{0}});
}

Status DataDirectory::sync_names() {
  return files_.sync_directory(path_);
}

Status DataDirectory::load_checkpoints() {
  return checkpoints_.with([this](Checkpoints& known) {
    auto loaded = load_checkpoint(kRecoveryPointsName, known.recovery_points);
    if (loaded.ok()) loaded = load_checkpoint(kLogStartOffsetsName, known.log_start_offsets);
    if (loaded.ok()) loaded = load_checkpoint(kCleanerOffsetsName, known.cleaner_offsets);
    if (!loaded.ok()) return Status{std::move(loaded).error()};
    known.knows_cleaned = *loaded;
    return Status{};
  });
}

Result<bool> DataDirectory::load_checkpoint(std::string_view name, Offsets& into) const {
  auto text = files_.read_all(file_path(name));
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return true;
  if (!text.ok()) return std::move(text).error();
  auto offsets = decode_offset_checkpoint(*text);
  if (offsets.ok()) {
    into = std::move(offsets).value();
    return true;
  }
  // Without it the logs are scanned, or cleaned, from their start, which is slower, not wrong; or
  // begin at their first segment, and those that did not say so when they are opened.
  LOG_WARN("a checkpoint is unreadable, going on without it",
           {{"path", file_path(name)}, {"reason", offsets.error().message}});
  return false;
}

std::string DataDirectory::file_path(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

std::string DataDirectory::log_path(const TopicPartition& partition) const {
  return fmt::format("{}/{}", path_, partition);
}

Result<std::vector<TopicPartition>> DataDirectory::list_logs() const {
  auto entries = files_.list(path_);
  if (!entries.ok()) return advise(std::move(entries).error(), path_);
  std::vector<TopicPartition> logs;
  for (const auto& entry : *entries) {
    if (!may_hold_a_log(entry)) continue;
    if (auto partition = partition_of_folder(entry.name)) logs.push_back(*std::move(partition));
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

std::optional<Offset> DataDirectory::recovery_point(const TopicPartition& partition) const {
  return checkpoints_.with(
      [&](const Checkpoints& known) { return offset_of(known.recovery_points, partition); });
}

std::optional<Offset> DataDirectory::cleaner_offset(const TopicPartition& partition) const {
  return checkpoints_.with(
      [&](const Checkpoints& known) { return offset_of(known.cleaner_offsets, partition); });
}

Result<OpenOptions> DataDirectory::open_options(const TopicPartition& partition, Timestamp now) {
  const auto exists = files_.exists(log_path(partition));
  if (exists.ok() && !*exists) {
    if (Status status = forget(partition); !status.ok()) return std::move(status).error();
    return OpenOptions{.now = now, .previous_stop = previous_stop_, .removal = &removal_};
  }
  return checkpoints_.with([&](const Checkpoints& known) {
    const auto offset_in = [&](const Offsets& offsets) {
      return offset_of(offsets, partition).value_or(Offset{0});
    };
    return OpenOptions{
        .now = now,
        .previous_stop = previous_stop_,
        .recovery_point = offset_in(known.recovery_points),
        .log_start_offset = offset_in(known.log_start_offsets),
        .removal = &removal_,
        .knows_log_start = known.log_start_offsets.contains(partition),
        .was_compacted = !known.knows_cleaned || known.cleaner_offsets.contains(partition)};
  });
}

/// Takes the partition out of the checkpoints.
Status DataDirectory::forget(const TopicPartition& partition) {
  return checkpoints_.with([&](Checkpoints& known) {
    Offsets points = known.recovery_points;
    Offsets starts = known.log_start_offsets;
    Offsets cleaned = known.cleaner_offsets;
    points.erase(partition);
    starts.erase(partition);
    cleaned.erase(partition);
    Status status = write_checkpoint(kRecoveryPointsName, std::move(points), known.recovery_points);
    if (!status.ok()) return status;
    status = write_checkpoint(kLogStartOffsetsName, std::move(starts), known.log_start_offsets);
    if (!status.ok()) return status;
    return write_checkpoint(kCleanerOffsetsName, std::move(cleaned), known.cleaner_offsets);
  });
}

Status DataDirectory::write_checkpoint(std::string_view name, Offsets wanted,
                                       Offsets& known) const {
  if (wanted == known) return {};
  Status status = files_.replace_atomically(file_path(name), encode_offset_checkpoint(wanted));
  if (!status.ok()) return advise(std::move(status).error(), path_);
  known = std::move(wanted);
  return {};
}

Status DataDirectory::write_recovery_points(const Offsets& offsets) {
  return checkpoints_.with([&](Checkpoints& known) {
    return write_checkpoint(kRecoveryPointsName, offsets, known.recovery_points);
  });
}

Status DataDirectory::write_log_start_offsets(const Offsets& offsets) {
  return checkpoints_.with([&](Checkpoints& known) {
    return write_checkpoint(kLogStartOffsetsName, offsets, known.log_start_offsets);
  });
}

Status DataDirectory::write_cleaner_offset(const TopicPartition& partition, Offset offset) {
  return checkpoints_.with([&](Checkpoints& known) {
    Offsets wanted = known.cleaner_offsets;
    wanted[partition] = offset;
    return write_checkpoint(kCleanerOffsetsName, std::move(wanted), known.cleaner_offsets);
  });
}

Error DataDirectory::with_advice(Error error) const {
  return advise(std::move(error), path_);
}

Status DataDirectory::mark_clean() {
  return files_.replace_atomically(file_path(kCleanMarkName), kCleanMarkText);
}

}  // namespace millrace::storage
