#include <fmt/format.h>

#include <algorithm>

#include "wire/internal/codecs.h"

namespace millrace::wire::internal {
namespace {

constexpr std::size_t kFirstRoom = 4096;

}  // namespace

bool BoundedOutput::make_room(std::size_t guess) {
  if (is_over()) return false;
  if (free_bytes() > 0 && guess <= free_bytes()) return true;
  const std::size_t produced = produced_bytes();
  const std::size_t left = size_bytes_max_ - produced + 1;
  const std::size_t wanted = std::min(std::max({guess, produced, kFirstRoom}), left);
  if (wanted > free_bytes()) out_.reserve(out_.size() + wanted);
  return true;
}

Status BoundedOutput::append(std::string_view bytes) {
  if (bytes.size() > size_bytes_max_ - std::min(produced_bytes(), size_bytes_max_)) {
    return too_large();
  }
  out_.append(bytes);
  return {};
}

Error BoundedOutput::too_large() const {
  return Error{ErrorCode::kTooLarge,
               fmt::format("compressed data inflates past {} bytes", size_bytes_max_)};
}

}  // namespace millrace::wire::internal
