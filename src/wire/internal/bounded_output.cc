#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

constexpr std::size_t kFirstRoom = 4096;

}  // namespace

bool BoundedOutput::make_room(std::size_t guess) {
  if (is_over()) return false;
  if (taker_ != nullptr) return make_room_for(kPieceBytes);
  if (free_bytes() > 0 && guess <= free_bytes()) return true;
  const std::size_t produced = produced_bytes();
  const std::size_t left = size_bytes_max_ - produced + 1;
  const std::size_t wanted = std::min(std::max({guess, produced, kFirstRoom}), left);
  if (wanted > free_bytes()) out_.reserve(out_.size() + wanted);
  return true;
}

bool BoundedOutput::make_room_for(std::size_t size) {
  if (taker_ != nullptr && !drain().ok()) return false;
  if (taker_ == nullptr && size > size_bytes_max_ - std::min(produced_bytes(), size_bytes_max_)) {
    return false;
  }
  out_.reserve(out_.size() + size);
  return true;
}

Status BoundedOutput::drain() {
  if (out_.empty()) return {};
  auto count = taker_->take(out_.view());
  if (!count.ok()) {
    taken_ = std::move(count).error();
    return taken_;
  }
  const std::size_t left = out_.size() - *count;
  std::memmove(out_.data(), out_.data() + *count, left);
  out_.resize_uninitialized(left);
  drained_bytes_ += *count;
  return {};
}

Status BoundedOutput::append(std::string_view bytes) {
  if (!make_room_for(bytes.size())) return refusal();
  out_.append(bytes);
  return {};
}

Error BoundedOutput::refusal() const {
  if (!taken_.ok()) return taken_.error();
  return Error{ErrorCode::kTooLarge,
               fmt::format("compressed data inflates past {} bytes", size_bytes_max_)};
}

}  // namespace millrace::wire::internal
