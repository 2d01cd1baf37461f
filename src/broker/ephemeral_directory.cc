#include "broker/ephemeral_directory.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "base/log.h"
#include "model/uuid.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kPrefix = "millrace-ephemeral-";
constexpr std::string_view kLockName = ".ephemeral-owner";
/// A name is lost only to one that sweeps in the moment between the making of the folder and of
/// its lock.
constexpr int kAttemptsMax = 16;

std::string lock_path(const std::string& folder) {
  return fmt::format("{}/{}", folder, kLockName);
}

/// Where such folders may lie, the best place first. Only places that are there count: making a
/// folder would make its parents too.
std::vector<std::string> places(io::FileSystem& files) {
  const char* const configured = std::getenv("TMPDIR");
  const std::string fallback = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  std::vector<std::string> found;
  for (const std::string& place : {std::string("/dev/shm"), fallback}) {
    const auto exists = files.exists(place);
    if (exists.ok() && *exists) found.push_back(place);
  }
  if (found.empty()) found.push_back(fallback);
  return found;
}

Status remove_folder(io::FileSystem& files, const std::string& folder) {
  const auto entries = files.list(folder);
  if (!entries.ok()) return entries.error();
  for (const auto& entry : *entries) {
    if (entry.name == kLockName) continue;
    const std::string path = fmt::format("{}/{}", folder, entry.name);
    auto status = files.remove_all(path);
    if (!status.ok()) return status;
  }
  return files.remove_all(folder);
}

bool is_own(io::FileSystem& files, const std::string& path, io::PathKind kind) {
  const auto facts = files.look_at(path);
  return facts.ok() && facts->kind == kind && facts->is_own;
}

/// Removes `folder` unless somebody owns it. One without its mark is somebody else's, or not yet
/// locked. Others may write into the place where it lies: what is not this user's own, and what
/// leads elsewhere, is left alone.
void remove_if_orphaned(io::FileSystem& files, const std::string& folder) {
  if (!is_own(files, folder, io::PathKind::kDirectory)) return;
  if (!is_own(files, lock_path(folder), io::PathKind::kRegularFile)) return;
  const auto lock = files.lock(lock_path(folder));
  if (!lock.ok()) return;  // its owner lives
  if (const auto removed = remove_folder(files, folder); !removed.ok()) {
    LOG_WARN("a folder without owner stays",
             {{"folder", folder}, {"reason", removed.error().to_string()}});
    return;
  }
  LOG_INFO("removed a folder without owner", {{"folder", folder}});
}

void sweep(io::FileSystem& files, const std::string& place) {
  const auto entries = files.list(place);
  if (!entries.ok()) return;
  for (const auto& entry : *entries) {
    if (entry.kind == io::PathKind::kDirectory && entry.name.starts_with(kPrefix))
      remove_if_orphaned(files, fmt::format("{}/{}", place, entry.name));
  }
}

}  // namespace

Result<std::unique_ptr<EphemeralDirectory>> EphemeralDirectory::make(io::Env& env) {
  const auto all = places(env.files());
  for (const auto& place : all) sweep(env.files(), place);
  Error refused{ErrorCode::kIo, {}};
  for (const auto& place : all) {
    auto made = make_in(place, env);
    if (made.ok()) return made;
    refused = std::move(made).error();
  }
  return std::move(refused).with_context("a temporary directory");
}

Result<std::unique_ptr<EphemeralDirectory>> EphemeralDirectory::make_in(const std::string& parent,
                                                                        io::Env& env) {
  auto random = env.make_random();
  auto& files = env.files();
  Error refused{ErrorCode::kIo, {}};
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::string path =
        fmt::format("{}/{}{}", parent, kPrefix, Uuid::random(random).to_base64());
    if (auto status = files.create_directories(path); !status.ok())
      return std::move(status).error();
    auto lock = files.lock(lock_path(path));
    if (!lock.ok()) {
      refused = std::move(lock).error();
      if (refused.code == ErrorCode::kLocked) continue;
      (void)files.remove_all(path);
      return refused;
    }
    // Whoever swept just before held the lock that now is ours, and has removed the file.
    const auto is_ours = files.exists(lock_path(path));
    if (!is_ours.ok()) return is_ours.error();
    if (*is_ours) {
      return std::unique_ptr<EphemeralDirectory>(
          new EphemeralDirectory(files, path, std::move(lock).value()));
    }
    refused = {ErrorCode::kLocked, fmt::format("{} was taken away", path)};
  }
  return refused;
}

Status EphemeralDirectory::remove() {
  if (lock_ == nullptr) return {};
  auto status = remove_folder(files_, path_);
  if (status.ok()) lock_.reset();
  return status;
}

EphemeralDirectory::~EphemeralDirectory() {
  if (const auto removed = remove(); !removed.ok()) {
    LOG_WARN("a temporary directory stays",
             {{"folder", path_}, {"reason", removed.error().to_string()}});
  }
}

}  // namespace millrace::broker
