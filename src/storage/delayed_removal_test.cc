// What is given up bears its name at once and goes later.
#include "storage/delayed_removal.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "sim/sim_file_system.h"
#include "storage/directory/deleted_names.h"

namespace millrace::storage {
namespace {

constexpr MonotonicTime kStart{std::chrono::hours{1}};

class DelayedRemovalTest : public ::testing::Test {
 protected:
  void make_file(const std::string& path) {
    ASSERT_TRUE(files.open(path, io::OpenMode::kCreateOrReadWrite).ok());
  }
  bool exists(const std::string& path) { return files.exists(path).value(); }

  sim::SimFileSystem files;
  DelayedRemoval removal{files};
};

TEST_F(DelayedRemovalTest, AFileGoesAfterItsDelayAndNotBefore) {
  make_file("/a.deleted");
  removal.add("/a.deleted", Millis{100});
  EXPECT_EQ(removal.remove_due(kStart), 0U) << "the delay counts from here";
  EXPECT_EQ(removal.remove_due(kStart + Millis{99}), 0U);
  EXPECT_TRUE(exists("/a.deleted"));
  EXPECT_EQ(removal.remove_due(kStart + Millis{100}), 1U);
  EXPECT_FALSE(exists("/a.deleted"));
  EXPECT_EQ(removal.waiting_count(), 0U);
}

TEST_F(DelayedRemovalTest, AFolderGoesWithAllThatIsInIt) {
  ASSERT_TRUE(files.create_directories("/t-0.x-delete").ok());
  make_file("/t-0.x-delete/a");
  removal.add("/t-0.x-delete", Millis{0});
  removal.add("/was never there", Millis{0});
  EXPECT_EQ(removal.remove_due(kStart), 2U);
  EXPECT_FALSE(exists("/t-0.x-delete"));
}

TEST_F(DelayedRemovalTest, WhatCannotBeRemovedIsTriedAgainAMinuteLater) {
  make_file("/a");
  removal.add("/a", Millis{0});
  files.fail_call(1, sim::Fault::kIo);
  EXPECT_EQ(removal.remove_due(kStart), 0U);
  EXPECT_EQ(removal.remove_due(kStart + Millis{59'999}), 0U);
  EXPECT_EQ(removal.remove_due(kStart + Millis{60'000}), 1U);
  EXPECT_FALSE(exists("/a"));
}

TEST_F(DelayedRemovalTest, TheLongestDelayIsForEver) {
  make_file("/a");
  removal.add("/a", Millis::max());
  EXPECT_EQ(removal.remove_due(kStart), 0U);
  EXPECT_EQ(removal.remove_due(MonotonicTime::max() - Millis{1}), 0U);
}

TEST(DeletedNames, AreKafkas) {
  Random random(1);
  const Uuid unique = Uuid::random(random);
  const std::string name = deleted_folder_name("orders-eu-12", unique);
  EXPECT_TRUE(name.starts_with("orders-eu-12."));
  EXPECT_TRUE(name.ends_with("-delete"));
  EXPECT_EQ(name.size(), std::string("orders-eu-12.").size() + 32 + std::string("-delete").size());
  EXPECT_TRUE(is_deleted_folder(name));
  const std::string longest = deleted_folder_name(fmt::format("{:x<249}-12", ""), unique);
  EXPECT_EQ(longest.size(), 255U);
  EXPECT_TRUE(is_deleted_folder(longest));
  for (const char* other : {"orders-0", "orders-delete", "a.b-delete", "-delete", ".-delete",
                            "orders-0.4F6B2B8A0C5E4D55A1A9E37AB4F2D9C1-delete", ""}) {
    EXPECT_FALSE(is_deleted_folder(other)) << other;
  }
}

}  // namespace
}  // namespace millrace::storage
