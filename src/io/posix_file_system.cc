#include "io/posix_file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "io/system_error.h"
#include "io/unique_fd.h"

namespace millrace::io {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0644;
constexpr std::uint64_t kReservedBytes = 4 * 1024 * 1024;  // a smaller file reserves nothing

template <class Call>
auto retry_when_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path, std::uint64_t size_bytes)
      : fd_(std::move(fd)), path_(std::move(path)), size_bytes_(size_bytes) {}
  ~PosixFile() override { give_back_reserved(); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status append(std::string_view bytes) override {
    const std::uint64_t end = size_bytes_.load(std::memory_order_relaxed);
    if (end >= kReservedBytes && end + bytes.size() > reserved_end_) {
      reserve_from(std::max(end, reserved_end_));
    }
    return write_at(end, bytes);
  }

  Status write_at(std::uint64_t position, std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto count = retry_when_interrupted([&] {
        return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position));
      });
      if (count < 0)
        return system_error(fmt::format("write {} bytes to", bytes.size()), path_, errno);
      position += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
      // Readers on other threads may see the new size only after the bytes are there.
      if (position > size_bytes_.load(std::memory_order_relaxed)) {
        size_bytes_.store(position, std::memory_order_release);
      }
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) const override {
    std::size_t total = 0;
    while (total < into.size()) {
      auto count = retry_when_interrupted([&] {
        return ::pread(fd_.get(), into.data() + total, into.size() - total,
                       static_cast<off_t>(position + total));
      });
      if (count < 0 && errno == ESPIPE) {  // a pipe or a terminal: it has one position, its own
        count = retry_when_interrupted(
            [&] { return ::read(fd_.get(), into.data() + total, into.size() - total); });
      }
      if (count < 0) return system_error("read", path_, errno);
      if (count == 0) break;
      total += static_cast<std::size_t>(count);
    }
    return total;
  }

  Status sync() override {
    if (retry_when_interrupted([&] { return ::fdatasync(fd_.get()); }) < 0) {
      return system_error("sync", path_, errno);
    }
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    const auto size = static_cast<off_t>(size_bytes);
    if (retry_when_interrupted([&] { return ::ftruncate(fd_.get(), size); }) < 0) {
      return system_error("truncate", path_, errno);
    }
    size_bytes_.store(size_bytes, std::memory_order_release);
    reserved_end_ = 0;
    return {};
  }

  std::uint64_t size() const override { return size_bytes_.load(std::memory_order_acquire); }
  int native_handle() const override { return fd_.get(); }

 private:
  // Blocks that are there already spare ext4 a fifth of the work of appending to its page cache.
  // Where it cannot be done, the append itself finds out whether there is room.
  void reserve_from(std::uint64_t position) {
    const bool is_done = ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(position),
                                     static_cast<off_t>(kReservedBytes)) == 0;
    reserved_end_ = position + kReservedBytes;
    has_reserved_ = has_reserved_ || is_done;
  }

  // Nobody else may have made the file longer meanwhile: cutting it there would lose their bytes.
  void give_back_reserved() {
    struct stat about {};
    const auto size = static_cast<off_t>(size_bytes_.load(std::memory_order_relaxed));
    if (!has_reserved_ || ::fstat(fd_.get(), &about) < 0 || about.st_size != size) return;
    (void)::ftruncate(fd_.get(), size);
  }

  const UniqueFd fd_;
  const std::string path_;
  std::atomic<std::uint64_t> size_bytes_;
  std::uint64_t reserved_end_ = 0;  // of the last try
  bool has_reserved_ = false;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  const UniqueFd fd_;  // closing it frees the lock
};

PathKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return PathKind::kRegularFile;
  if (S_ISDIR(mode)) return PathKind::kDirectory;
  if (S_ISLNK(mode)) return PathKind::kLink;
  if (S_ISFIFO(mode)) return PathKind::kFifo;
  if (S_ISSOCK(mode)) return PathKind::kSocket;
  return S_ISCHR(mode) || S_ISBLK(mode) ? PathKind::kDevice : PathKind::kUnknown;
}

/// By what the directory says itself, where its file system does: nothing is asked of the file.
PathKind kind_of(const fs::directory_entry& entry) {
  std::error_code unknown;
  if (entry.is_symlink(unknown)) return PathKind::kLink;
  if (entry.is_regular_file(unknown)) return PathKind::kRegularFile;
  if (entry.is_directory(unknown)) return PathKind::kDirectory;
  if (entry.is_fifo(unknown)) return PathKind::kFifo;
  if (entry.is_socket(unknown)) return PathKind::kSocket;
  const bool is_device = entry.is_block_file(unknown) || entry.is_character_file(unknown);
  return is_device ? PathKind::kDevice : PathKind::kUnknown;
}

/// The process id that the holder of a lock wrote into its file, or "unknown".
std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const auto count = ::pread(fd, text.data(), text.size(), 0);
  std::string_view digits(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  return digits.empty() ? "unknown" : std::string(digits);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    flags |= mode == OpenMode::kRead ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::kCreateOrReadWrite) flags |= O_CREAT;
    if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;  // which follows no link
    UniqueFd fd(retry_when_interrupted([&] { return ::open(path.c_str(), flags, kFileMode); }));
    if (!fd.is_open()) return system_error("open", path, errno);
    struct stat about {};
    if (::fstat(fd.get(), &about) < 0) return system_error("open", path, errno);
    if (S_ISDIR(about.st_mode)) return system_error("open", path, EISDIR);
    return std::unique_ptr<File>(
        new PosixFile(std::move(fd), path, static_cast<std::uint64_t>(about.st_size)));
  }

  Result<bool> exists(const std::string& path) override {
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return system_error("look for", path, errno);
  }

  Result<PathFacts> look_at(const std::string& path) override {
    struct stat about {};
    if (::lstat(path.c_str(), &about) == 0)
      return PathFacts{.kind = kind_of(about.st_mode), .is_own = about.st_uid == ::geteuid()};
    if (errno == ENOENT || errno == ENOTDIR) return PathFacts{};
    return system_error("look at", path, errno);
  }

  Result<Timestamp> modified_at(const std::string& path) override {
    struct stat about {};
    if (::stat(path.c_str(), &about) < 0) return system_error("look at", path, errno);
    constexpr std::int64_t kMillisPerSecond = 1000;
    constexpr std::int64_t kNanosPerMilli = 1'000'000;
    return Timestamp{std::int64_t{about.st_mtim.tv_sec} * kMillisPerSecond +
                     about.st_mtim.tv_nsec / kNanosPerMilli};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    std::error_code failure;
    std::vector<DirectoryEntry> entries;
    fs::directory_iterator each(directory, failure);
    while (!failure && each != fs::directory_iterator()) {
      entries.push_back({.name = each->path().filename().string(), .kind = kind_of(*each)});
      each.increment(failure);
    }
    if (failure) return system_error("list", directory, failure.value());
    return entries;
  }

  Status create_directories(const std::string& directory) override {
    std::error_code failure;
    fs::create_directories(directory, failure);
    if (failure) return system_error("create directory", directory, failure.value());
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) < 0) {
      return system_error("rename", fmt::format("{} to {}", from, to), errno);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    if (std::remove(path.c_str()) < 0) return system_error("remove", path, errno);
    return {};
  }

  Status remove_all(const std::string& directory) override {
    std::error_code failure;
    fs::remove_all(directory, failure);
    if (failure) return system_error("remove", directory, failure.value());
    return {};
  }

  Status sync_directory(const std::string& directory) override {
    const std::string path = directory.empty() ? "." : directory;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) return system_error("open directory", path, errno);
    if (retry_when_interrupted([&] { return ::fsync(fd.get()); }) < 0) {
      return system_error("sync directory", path, errno);
    }
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    UniqueFd fd(retry_when_interrupted([&] {
      return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    }));
    if (!fd.is_open()) return system_error("open lock file", path, errno);
    if (retry_when_interrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) < 0) {
      if (errno != EWOULDBLOCK) return system_error("lock", path, errno);
      return Error{ErrorCode::kLocked,
                   fmt::format("{} is locked by process {}", path, holder_of(fd.get()))};
    }
    const std::string holder = fmt::format("{}\n", ::getpid());
    // For the message that others get. A full disk takes it not: the lock holds all the same.
    if (::ftruncate(fd.get(), 0) < 0) return system_error("write", path, errno);
    if (::pwrite(fd.get(), holder.data(), holder.size(), 0) < 0 && errno != ENOSPC &&
        errno != EDQUOT) {
      return system_error("write", path, errno);
    }
    return std::unique_ptr<FileLock>(new PosixFileLock(std::move(fd)));
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() {
  return std::make_unique<PosixFileSystem>();
}

}  // namespace millrace::io
