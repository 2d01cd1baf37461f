// HookedFileSystem: another file system's files, and a test that is told of each sync: for what
// others do while one runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace millrace::storage::testing {

class HookedFileSystem final : public io::FileSystem {
 public:
  /// files  outlives this
  explicit HookedFileSystem(io::FileSystem& files) : files_(files) {}

  /// Called for each sync of a file or a directory, after the disk has taken what was written up to
  /// then and before the caller hears of it. Not called for syncs that it makes itself.
  std::function<void(const std::string& path)> during_sync;

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    auto file = files_.open(path, mode);
    if (!file.ok()) return file;
    return std::unique_ptr<io::File>(
        std::make_unique<HookedFile>(*this, path, std::move(file).value()));
  }
  Status sync_directory(const std::string& directory) override {
    Status status = files_.sync_directory(directory);
    tell(directory);
    return status;
  }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<io::PathFacts> look_at(const std::string& path) override { return files_.look_at(path); }
  Result<Timestamp> modified_at(const std::string& path) override {
    return files_.modified_at(path);
  }
  Result<std::vector<io::DirectoryEntry>> list(const std::string& directory) override {
    return files_.list(directory);
  }
  Status create_directories(const std::string& directory) override {
    return files_.create_directories(directory);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status remove_all(const std::string& directory) override { return files_.remove_all(directory); }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }

 private:
  class HookedFile final : public io::File {
   public:
    HookedFile(HookedFileSystem& owner, std::string path, std::unique_ptr<io::File> file)
        : owner_(owner), path_(std::move(path)), file_(std::move(file)) {}

    Status append(std::string_view bytes) override { return file_->append(bytes); }
    Status write_at(std::uint64_t position, std::string_view bytes) override {
      return file_->write_at(position, bytes);
    }
    Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) const override {
      return file_->read_at(position, into);
    }
    Status sync() override {
      Status status = file_->sync();
      owner_.tell(path_);
      return status;
    }
    Status truncate(std::uint64_t size_bytes) override { return file_->truncate(size_bytes); }
    std::uint64_t size() const override { return file_->size(); }
    int native_handle() const override { return file_->native_handle(); }

   private:
    HookedFileSystem& owner_;
    const std::string path_;
    const std::unique_ptr<io::File> file_;
  };

  void tell(const std::string& path) {
    if (!during_sync || is_telling_.exchange(true)) return;
    during_sync(path);
    is_telling_ = false;
  }

  io::FileSystem& files_;
  std::atomic<bool> is_telling_ = false;
};

}  // namespace millrace::storage::testing
