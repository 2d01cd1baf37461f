#include "storage/log/log_flusher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/storage_error.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

std::string parent_of(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

Status LogFlusher::check_usable() const {
  if (!is_broken_ && !is_stopped_) return {};
  return wire::make_error(
      wire::KafkaError::kKafkaStorageError,
      fmt::format(
          "the log in {} is {}", directory_,
          is_stopped_ ? "deleted" : "out of use since a sync failed: restart to recover it"));
}

Error LogFlusher::broken_by(const Error& cause) {
  if (!is_stopped_) {
    is_broken_ = true;
    LOG_ERROR("a log is out of use", {{"directory", directory_}, {"reason", cause.message}});
  }
  return storage_error("syncing", cause);
}

Status LogFlusher::flush(Offset target, Segment& last) {
  const std::lock_guard lock(flush_mutex_);
  if (Status status = check_usable(); !status.ok()) return status;
  if (Status status = flush_up_to(target, last); !status.ok()) return broken_by(status.error());
  return {};
}

Status LogFlusher::flush_up_to(Offset target, Segment& last) {
  if (recovery_point() >= target && !has_unsynced_names_) return {};
  bool is_last_synced = last.base_offset() >= target;
  do {
    if (Status status = sync_names(); !status.ok()) return status;
    if (Status status = sync_sealed(); !status.ok()) return status;
    if (!std::exchange(is_last_synced, true)) {
      if (Status status = last.sync(); !status.ok()) return status;
    }
  } while (!raise_recovery_point(target, last));
  return {};
}

/// Not where `last` was sealed while it was synced: its indexes may have been written since.
bool LogFlusher::raise_recovery_point(Offset target, const Segment& last) {
  return unsynced_sealed_.with([&](const Segments& sealed) {
    const bool was_sealed = std::any_of(
        sealed.begin(), sealed.end(), [&](const auto& segment) { return segment.get() == &last; });
    if (was_sealed || has_unsynced_names_) return false;
    if (recovery_point() < target) recovery_point_ = target.value();
    return true;
  });
}

Status LogFlusher::sync_names() {
  if (!has_unsynced_names_.exchange(false)) return {};
  Status status = files_.sync_directory(directory_);
  if (status.ok()) status = files_.sync_directory(parent_of(directory_));
  if (!status.ok()) has_unsynced_names_ = true;
  return status;
}

Status LogFlusher::sync_sealed() {
  for (;;) {
    std::shared_ptr<Segment> oldest;
    unsynced_sealed_.with([&](const Segments& sealed) {
      if (!sealed.empty()) oldest = sealed.front();
    });
    if (oldest == nullptr) return {};
    if (Status status = oldest->sync(); !status.ok()) return status;
    oldest->release_files();
    forget(oldest);
  }
}

Status LogFlusher::sync_active(Segment& active) {
  if (Status status = active.sync(); !status.ok()) return broken_by(status.error());
  return {};
}

Status LogFlusher::begin_sealing(const std::shared_ptr<Segment>& active, Offset next_base) {
  // In this order: a flush that has not heard of it by now has moved the recovery point already.
  names_changed();
  add_sealed(active);
  if (recovery_point() < next_base) return {};
  Status status = active->sync();
  if (status.ok()) status = files_.sync_directory(directory_);
  if (!status.ok()) return broken_by(status.error());
  return {};
}

void LogFlusher::add_sealed(const std::shared_ptr<Segment>& segment) {
  unsynced_sealed_.with([&](Segments& sealed) {
    if (std::find(sealed.begin(), sealed.end(), segment) == sealed.end()) {
      sealed.push_back(segment);
    }
  });
}

void LogFlusher::forget(const std::shared_ptr<Segment>& segment) {
  unsynced_sealed_.with([&](Segments& sealed) { std::erase(sealed, segment); });
}

}  // namespace millrace::storage
