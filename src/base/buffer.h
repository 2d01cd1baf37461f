// Buffer: owned bytes that grow without being zeroed first. What frames, batches and files are made
// of.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace millrace {

/// Growable bytes, move-only. Views into it end with the next growing call.
class Buffer {
 public:
  Buffer() = default;
  /// An empty buffer with room for `capacity` bytes.
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() = default;

  static Buffer copy_of(std::string_view bytes);

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_.get(), size_}; }

  void clear() { size_ = 0; }
  /// Makes capacity() at least `capacity`; contents stay, views end when it moves.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  /// Sets the size; bytes gained are uninitialised.
  void resize_uninitialized(std::size_t size) {
    reserve(size);
    size_ = size;
  }
  /// Makes room for `count` more bytes, counts them in, and returns where they start.
  char* extend(std::size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    char* const start = data_.get() + size_;
    size_ += count;
    return start;
  }
  void append(std::string_view bytes);

 private:
  void grow(std::size_t capacity_min);
  void swap(Buffer& other) noexcept;

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Bytes with several readers, possibly on several threads: a fetched frame whose records are views
/// into it.
using SharedBuffer = std::shared_ptr<const Buffer>;

}  // namespace millrace
