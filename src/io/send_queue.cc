#include "io/send_queue.h"

#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/byte_order.h"

namespace millrace::io {
namespace {

constexpr std::size_t kCopiedChunkBytesMax = 4096;         // below this copying beats an iovec
constexpr std::size_t kTailBytesMax = 64 * 1024;           // where copied chunks begin a new piece
constexpr std::size_t kPiecesPerWriteMax = 64;             // iovecs of one call
constexpr std::size_t kBytesPerTurnMax = 4 * 1024 * 1024;  // then other connections get theirs
constexpr std::size_t kFilePartBytesMax = 256 * 1024;      // of a file without a descriptor

std::string_view bytes_of(const Buffer& bytes) {
  return bytes.view();
}
std::string_view bytes_of(const BufferSlice& slice) {
  return slice.buffer->view().substr(slice.position, slice.size_bytes);
}

Error shortened(const FileSlice& slice) {
  return {ErrorCode::kIo,
          fmt::format("a file ended {} bytes before what was to be sent of it", slice.size_bytes)};
}

}  // namespace

Buffer& SendQueue::open_tail() {
  if (!pieces_.empty()) {
    auto* const tail = std::get_if<Buffer>(&pieces_.back());
    if (tail != nullptr && tail->size() < kTailBytesMax) return *tail;
  }
  return std::get<Buffer>(pieces_.emplace_back(Buffer{}));
}

void SendQueue::push_chunk(Chunk chunk) {
  if (auto* const file = std::get_if<FileSlice>(&chunk)) {
    if (file->size_bytes > 0) pieces_.emplace_back(std::move(*file));
    return;
  }
  if (auto* const shared = std::get_if<SharedBuffer>(&chunk)) {
    const std::size_t size = (*shared)->size();
    chunk = BufferSlice{.buffer = std::move(*shared), .position = 0, .size_bytes = size};
  }
  auto* const owned = std::get_if<Buffer>(&chunk);
  const std::string_view bytes =
      owned != nullptr ? bytes_of(*owned) : bytes_of(std::get<BufferSlice>(chunk));
  if (bytes.empty()) return;
  if (bytes.size() <= kCopiedChunkBytesMax) {
    open_tail().append(bytes);
  } else if (owned != nullptr) {
    pieces_.emplace_back(std::move(*owned));
  } else {
    pieces_.emplace_back(std::move(std::get<BufferSlice>(chunk)));
  }
}

Status SendQueue::push_frame(Chunks frame) {
  const std::uint64_t size = size_bytes(frame);
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    return Error{ErrorCode::kTooLarge,
                 fmt::format("a frame of {} bytes does not fit its length prefix", size)};
  }
  store_big_endian(open_tail().extend(sizeof(std::int32_t)), static_cast<std::int32_t>(size));
  unsent_bytes_ += sizeof(std::int32_t);
  push(std::move(frame));
  return {};
}

void SendQueue::push(Chunks bytes) {
  unsent_bytes_ += static_cast<std::size_t>(size_bytes(bytes));
  for (Chunk& chunk : bytes) push_chunk(std::move(chunk));
}

Result<SendQueue::Progress> SendQueue::write_to(Transport& transport) {
  const std::size_t unsent_before = unsent_bytes_;
  while (!pieces_.empty()) {
    if (unsent_before - unsent_bytes_ >= kBytesPerTurnMax) return Progress::kShareUsed;
    auto* const slice = std::get_if<FileSlice>(&pieces_.front());
    const auto step = slice != nullptr ? write_file(transport, *slice) : write_bytes(transport);
    if (!step.ok()) return step.error();
    if (*step == Step::kSocketFull) return Progress::kSocketFull;
  }
  return Progress::kEmpty;
}

Result<SendQueue::Step> SendQueue::write_bytes(Transport& transport) {
  std::array<iovec, kPiecesPerWriteMax> vectors;  // filled below as far as it is used
  std::size_t count = 0;
  std::size_t skip = front_sent_;
  auto follows = Transport::Follows::kNothing;
  for (const Piece& piece : pieces_) {
    if (count == vectors.size()) break;
    if (std::holds_alternative<FileSlice>(piece)) {
      follows = Transport::Follows::kMore;
      break;
    }
    const auto* const owned = std::get_if<Buffer>(&piece);
    std::string_view bytes =
        owned != nullptr ? bytes_of(*owned) : bytes_of(std::get<BufferSlice>(piece));
    bytes.remove_prefix(std::exchange(skip, 0));
    vectors[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
  }
  const auto moved = transport.write({vectors.data(), count}, follows);
  if (!moved.ok()) return moved.error();
  if (!moved->has_value()) return Step::kSocketFull;
  consume(**moved);
  return Step::kMoved;
}

Result<SendQueue::Step> SendQueue::write_file(Transport& transport, FileSlice& slice) {
  if (slice.file->native_handle() < 0 || !transport.can_send_files()) {
    if (auto status = load_part(slice); !status.ok()) return std::move(status).error();
    return Step::kMoved;
  }
  const std::size_t wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(slice.size_bytes, kBytesPerTurnMax));
  const auto moved = transport.send_file(*slice.file, slice.position, wanted);
  if (!moved.ok()) return moved.error();
  if (!moved->has_value()) return Step::kSocketFull;
  const std::size_t sent = **moved;
  if (sent == 0) return shortened(slice);
  slice.position += sent;
  slice.size_bytes -= sent;
  unsent_bytes_ -= sent;
  if (slice.size_bytes == 0) pieces_.pop_front();
  return Step::kMoved;
}

// A file that cannot be sent as one is read part by part; each part goes before what is left of it.
Status SendQueue::load_part(FileSlice& slice) {
  const std::size_t wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(slice.size_bytes, kFilePartBytesMax));
  Buffer part;
  part.resize_uninitialized(wanted);
  const auto count = slice.file->read_at(slice.position, {part.data(), wanted});
  if (!count.ok()) return count.error();
  if (*count == 0) return shortened(slice);
  part.resize_uninitialized(*count);
  slice.position += *count;
  slice.size_bytes -= *count;
  if (slice.size_bytes == 0) pieces_.pop_front();
  pieces_.emplace_front(std::move(part));
  return {};
}

void SendQueue::consume(std::size_t count) {
  unsent_bytes_ -= count;
  count += front_sent_;
  while (!pieces_.empty() && !std::holds_alternative<FileSlice>(pieces_.front())) {
    const auto* const owned = std::get_if<Buffer>(&pieces_.front());
    const std::size_t size =
        owned != nullptr ? owned->size() : std::get<BufferSlice>(pieces_.front()).size_bytes;
    if (count < size) break;
    count -= size;
    pieces_.pop_front();
  }
  front_sent_ = count;
}

void SendQueue::clear() {
  pieces_.clear();
  front_sent_ = 0;
  unsent_bytes_ = 0;
}

}  // namespace millrace::io
