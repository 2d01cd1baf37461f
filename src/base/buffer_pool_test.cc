#include "base/buffer_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace millrace {
namespace {

constexpr std::size_t kKiB = 1024;

TEST(BufferPool, GivesTheSameMemoryAgainEmpty) {
  BufferPool pool(1000 * kKiB);
  Buffer buffer(100 * kKiB);
  buffer.append("records");
  const char* const memory = buffer.data();
  pool.give_back(std::move(buffer));
  EXPECT_EQ(pool.idle_bytes(), 100 * kKiB);

  const Buffer again = pool.take(90 * kKiB);
  EXPECT_EQ(again.data(), memory);
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(pool.idle_bytes(), 0U);
  EXPECT_EQ(pool.take(90 * kKiB).capacity(), 0U);
}

TEST(BufferPool, TakesTheSmallestThatFitsAndNoneThatIsFarTooLarge) {
  BufferPool pool(4000 * kKiB);
  for (const std::size_t size : {800U, 200U, 400U}) pool.give_back(Buffer(size * kKiB));

  EXPECT_EQ(pool.take(900 * kKiB).capacity(), 0U);
  EXPECT_EQ(pool.take(150 * kKiB).capacity(), 200 * kKiB);
  EXPECT_EQ(pool.take(150 * kKiB).capacity(), 400 * kKiB);
  EXPECT_EQ(pool.take(150 * kKiB).capacity(), 0U);
  EXPECT_EQ(pool.take(200 * kKiB).capacity(), 800 * kKiB);
}

TEST(BufferPool, GivesOfEqualsTheOneThatCameBackLast) {
  BufferPool pool(1000 * kKiB);
  Buffer first(100 * kKiB);
  Buffer last(100 * kKiB);
  const char* const memory = last.data();
  pool.give_back(std::move(first));
  pool.give_back(std::move(last));
  EXPECT_EQ(pool.take(100 * kKiB).data(), memory);
}

TEST(BufferPool, KeepsNoMoreThanItsBoundAndDropsTheOldest) {
  BufferPool pool(300 * kKiB);
  for (const std::size_t size : {100U, 110U, 120U}) pool.give_back(Buffer(size * kKiB));
  EXPECT_EQ(pool.idle_bytes(), 230 * kKiB);
  EXPECT_EQ(pool.take(90 * kKiB).capacity(), 110 * kKiB);

  pool.give_back(Buffer(301 * kKiB));
  EXPECT_EQ(pool.idle_bytes(), 120 * kKiB);
  pool.clear();
  EXPECT_EQ(pool.idle_bytes(), 0U);
}

TEST(BufferPool, LeavesSmallBuffersToTheAllocator) {
  BufferPool pool(300 * kKiB);
  pool.give_back(Buffer(BufferPool::kBufferBytesMin - 1));
  EXPECT_EQ(pool.idle_bytes(), 0U);
  pool.give_back(Buffer(BufferPool::kBufferBytesMin));
  EXPECT_EQ(pool.take(BufferPool::kBufferBytesMin - 1).capacity(), 0U);
}

TEST(BufferPool, ASharedBufferComesBackWhenItsLastReaderIsDoneWhicheverThreadThatIs) {
  auto pool = std::make_shared<BufferPool>(1000 * kKiB);
  Buffer buffer(100 * kKiB);
  buffer.append("records");
  SharedBuffer shared = BufferPool::share(pool, std::move(buffer));
  SharedBuffer reader = shared;
  shared.reset();
  EXPECT_EQ(reader->view(), "records");
  EXPECT_EQ(pool->idle_bytes(), 0U);

  std::thread([last = std::move(reader)]() mutable { last.reset(); }).join();
  EXPECT_EQ(pool->idle_bytes(), 100 * kKiB);
}

TEST(BufferPool, MayBeGoneForItsOwnerBeforeTheBuffersAre) {
  auto pool = std::make_shared<BufferPool>(1000 * kKiB);
  const SharedBuffer shared = BufferPool::share(pool, Buffer::copy_of("records"));
  pool.reset();
  EXPECT_EQ(shared->view(), "records");
}

TEST(BufferPool, ServesThreadsAtOnce) {
  BufferPool pool(500 * kKiB);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&pool, i] {
      for (std::size_t round = 0; round < 1000; ++round) {
        const std::size_t wanted = (64 + (round * 7 + i) % 200) * kKiB;
        Buffer buffer = pool.take(wanted);
        buffer.reserve(wanted);
        buffer.append("x");
        pool.give_back(std::move(buffer));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(pool.idle_bytes(), 500 * kKiB);
}

}  // namespace
}  // namespace millrace
