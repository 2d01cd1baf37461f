#include "base/buffer_pool.h"

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kCapacityRatioMax = 4;  // of what is given to what was asked for

}  // namespace

Buffer BufferPool::take(std::size_t capacity) {
  if (capacity < kBufferBytesMin) return {};
  return idle_.with([&](Idle& idle) {
    auto best = idle.buffers.end();
    for (auto each = idle.buffers.begin(); each != idle.buffers.end(); ++each) {
      const bool fits =
          each->capacity() >= capacity && each->capacity() / kCapacityRatioMax <= capacity;
      if (!fits) continue;
      // Of equals the one that came back last: more of it may still be in a cache.
      if (best == idle.buffers.end() || each->capacity() <= best->capacity()) best = each;
    }
    if (best == idle.buffers.end()) return Buffer{};
    Buffer taken = std::move(*best);
    idle.buffers.erase(best);
    idle.bytes -= taken.capacity();
    return taken;
  });
}

void BufferPool::give_back(Buffer buffer) {
  if (buffer.capacity() < kBufferBytesMin || buffer.capacity() > idle_bytes_max_) return;
  buffer.clear();
  std::vector<Buffer> surplus;  // freed after the lock
  idle_.with([&](Idle& idle) {
    idle.bytes += buffer.capacity();
    idle.buffers.push_back(std::move(buffer));
    auto keep = idle.buffers.begin();
    while (idle.bytes > idle_bytes_max_) {
      idle.bytes -= keep->capacity();
      surplus.push_back(std::move(*keep));
      ++keep;
    }
    idle.buffers.erase(idle.buffers.begin(), keep);
  });
}

void BufferPool::clear() {
  const auto freed = idle_.with([](Idle& idle) { return std::exchange(idle, Idle{}); });
}

std::size_t BufferPool::idle_bytes() const {
  return idle_.with([](const Idle& idle) { return idle.bytes; });
}

SharedBuffer BufferPool::share(std::shared_ptr<BufferPool> pool, Buffer buffer) {
  struct Lent {
    Lent(std::shared_ptr<BufferPool> owner, Buffer bytes)
        : pool(std::move(owner)), buffer(std::move(bytes)) {}
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() { pool->give_back(std::move(buffer)); }

    std::shared_ptr<BufferPool> pool;
    Buffer buffer;
  };
  auto lent = std::make_shared<Lent>(std::move(pool), std::move(buffer));
  const Buffer* const bytes = &lent->buffer;
  return {std::move(lent), bytes};
}

}  // namespace millrace
