#include "base/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace {

Buffer Buffer::copy_of(std::string_view bytes) {
  Buffer buffer(bytes.size());
  buffer.append(bytes);
  return buffer;
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

void Buffer::grow(std::size_t capacity_min) {
  const std::size_t capacity = std::max({capacity_min, capacity_ * 2, std::size_t{64}});
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

}  // namespace millrace
