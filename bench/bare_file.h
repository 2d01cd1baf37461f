// A file that is only appended to, with the broker's system calls (io/posix_file_system.cc): blocks
// are reserved ahead once it is large.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load.h"

namespace millrace::bench {

/// Is given up with the process.
class BareFile {
 public:
  explicit BareFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644)) {
    check_call(descriptor_ >= 0, "open");
  }
  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }

  void append(std::string_view bytes) {
    reserve(bytes.size());
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    check_call(written == static_cast<ssize_t>(bytes.size()), "pwrite");
    size_ += bytes.size();
  }
  void sync() { check_call(::fdatasync(descriptor_) == 0, "fdatasync"); }

 private:
  void reserve(std::size_t size) {
    constexpr std::uint64_t kReservedBytes = std::uint64_t{4} << 20U;
    if (size_ < kReservedBytes || size_ + size <= reserved_end_) return;
    const std::uint64_t begin = std::max(size_, reserved_end_);
    (void)::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin), kReservedBytes);
    reserved_end_ = begin + kReservedBytes;
  }

  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t reserved_end_ = 0;
};

}  // namespace millrace::bench
