#include "io/thread_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "io/env.h"

namespace millrace::io {
namespace {

int nice_value() {
  return getpriority(PRIO_PROCESS, 0);
}

TEST(ThreadPriority, GivingWayIsTheThreadsOwn) {
  const auto env = make_system_env();
  const int before = nice_value();
  int theirs = before;

  env->start_thread("chores",
                    [&theirs] {
                      give_way();
                      theirs = nice_value();
                    })
      ->join();

  EXPECT_EQ(theirs, std::min(before + 10, 19));
  EXPECT_EQ(nice_value(), before);
}

}  // namespace
}  // namespace millrace::io
