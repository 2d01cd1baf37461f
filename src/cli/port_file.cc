#include "cli/port_file.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace millrace::cli {
namespace {

/// Whether this process now has the lock of the file, which goes when `file` is closed.
bool try_lock(const io::File& file) {
  return ::flock(file.native_handle(), LOCK_EX | LOCK_NB) == 0;
}

/// Whether `file` still is what stands at `path`.
bool stands_at(const io::File& file, const std::string& path) {
  struct stat opened {};
  struct stat found {};
  return ::fstat(file.native_handle(), &opened) == 0 && ::lstat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

Status fill(io::File& file, std::string_view text) {
  if (auto status = file.append(text); !status.ok()) return status;
  return file.sync();
}

}  // namespace

Status PortFile::clear() {
  if (path_.empty()) return {};
  if (auto status = files_.check_replaceable(path_); !status.ok()) return status;
  const auto left = files_.open(path_, io::OpenMode::kRead);
  if (!left.ok()) {
    return left.error().code == ErrorCode::kNotFound ? Status{} : Status{left.error()};
  }
  const bool is_of_a_dead = try_lock(**left) && stands_at(**left, path_);
  return is_of_a_dead ? files_.remove(path_) : Status{};
}

Status PortFile::write(std::string_view address) {
  if (path_.empty()) return {};
  if (auto status = files_.check_replaceable(path_); !status.ok()) return status;
  // A name that no other process uses: two that start at once must not write into one file.
  const std::string temporary = fmt::format("{}.{}.tmp", path_, ::getpid());
  auto file = files_.open(temporary, io::OpenMode::kCreateNew);
  if (!file.ok()) return std::move(file).error();
  (void)try_lock(**file);  // where a file system has no locks, the file counts as a dead broker's
  auto status = fill(**file, fmt::format("{}\n", address));
  if (status.ok()) status = files_.rename(temporary, path_);
  if (!status.ok()) {
    (void)files_.remove(temporary);
    return status;
  }
  ours_ = std::move(file).value();
  return {};
}

Status PortFile::remove() {
  if (ours_ == nullptr) return {};
  const bool is_ours = stands_at(*ours_, path_);
  ours_.reset();
  return is_ours ? files_.remove(path_) : Status{};
}

}  // namespace millrace::cli
