#include "sim/sim_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sim/sim_clock.h"

namespace millrace::sim {
namespace {

using ::testing::StartsWith;

std::unique_ptr<io::File> open_new(SimFileSystem& files, const std::string& path) {
  auto file = files.open(path, io::OpenMode::kCreateOrReadWrite);
  EXPECT_TRUE(file.ok());
  return std::move(file).value();
}

TEST(SimFileSystem, ReadsBackWhatWasWritten) {
  SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/data/topic-0").ok());
  auto file = open_new(files, "/data/topic-0/log");

  ASSERT_TRUE(file->append("hello world").ok());
  ASSERT_TRUE(file->write_at(6, "there").ok());
  ASSERT_TRUE(file->write_at(13, "!").ok());

  EXPECT_EQ(files.read_all("/data/topic-0/log").value(), std::string("hello there\0\0!", 14));
  ASSERT_TRUE(file->truncate(5).ok());
  EXPECT_EQ(file->size(), 5U);
}

TEST(SimFileSystem, MakesAFileAnewOnlyWhereThereIsNone) {
  SimFileSystem files;
  ASSERT_TRUE(files.open("/log", io::OpenMode::kCreateNew).ok());
  EXPECT_EQ(files.open("/log", io::OpenMode::kCreateNew).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(files.replace_atomically("/log.tmp", "left by a crash, and longer").ok());
  ASSERT_TRUE(files.replace_atomically("/log", "new").ok());
  EXPECT_EQ(files.read_all("/log").value(), "new");
}

TEST(SimFileSystem, SyncedBytesUnderSyncedNamesSurviveEveryCrash) {
  SimFileSystem files;
  auto file = open_new(files, "log");
  ASSERT_TRUE(file->append(std::string(2000, 's')).ok());
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(files.sync_directory("/").ok());
  ASSERT_TRUE(file->append(std::string(2000, 'u')).ok());

  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string after = files.crash(seed)->read_all("log").value();
    EXPECT_THAT(after, StartsWith(std::string(2000, 's'))) << "seed " << seed;
    EXPECT_LE(after.size(), 4000U) << "seed " << seed;
  }
}

TEST(SimFileSystem, UnsyncedBytesAreLostKeptCutAndTorn) {
  SimFileSystem files;
  auto file = open_new(files, "log");
  ASSERT_TRUE(files.sync_directory("/").ok());
  ASSERT_TRUE(file->append(std::string(4000, 'u')).ok());

  std::set<std::string> fates;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string after = files.crash(seed)->read_all("log").value();
    if (after.empty()) {
      fates.insert("lost");
    } else if (after == std::string(4000, 'u')) {
      fates.insert("kept");
    } else if (after == std::string(after.size(), 'u')) {
      fates.insert("cut");
    } else {
      fates.insert(after.find('\0') != std::string::npos ? "zeros" : "garbage");
    }
  }

  EXPECT_EQ(fates, (std::set<std::string>{"cut", "garbage", "kept", "lost", "zeros"}));
}

TEST(SimFileSystem, CrashingTwiceWithOneSeedGivesTheSameDisk) {
  SimFileSystem files;
  auto file = open_new(files, "log");
  ASSERT_TRUE(files.sync_directory("").ok());
  ASSERT_TRUE(file->append(std::string(9000, 'u')).ok());

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(files.crash(seed)->read_all("log").value(),
              files.crash(seed)->read_all("log").value());
  }
}

TEST(SimFileSystem, ANameMayBeLostUntilItsDirectoryIsSynced) {
  SimFileSystem files;
  auto file = open_new(files, "log");
  ASSERT_TRUE(file->append("x").ok());
  ASSERT_TRUE(file->sync().ok());

  std::set<bool> found;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    found.insert(files.crash(seed)->exists("log").value());
  }
  EXPECT_EQ(found, (std::set<bool>{false, true}));

  ASSERT_TRUE(files.sync_directory("/").ok());
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_TRUE(files.crash(seed)->exists("log").value()) << "seed " << seed;
  }
}

TEST(SimFileSystem, AnAtomicReplacementIsOldOrNewAtEveryCall) {
  for (std::uint64_t nth = 1;; ++nth) {
    SimFileSystem files;
    ASSERT_TRUE(files.create_directories("/d").ok());
    ASSERT_TRUE(files.replace_atomically("/d/f", "old").ok());
    ASSERT_TRUE(files.sync_directory("/").ok());
    files.fail_call(nth, Fault::kIo);
    const Status status = files.replace_atomically("/d/f", "new");
    const bool done = !files.fault_hit();
    EXPECT_EQ(status.ok(), done);

    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const std::string after = files.crash(seed)->read_all("/d/f").value();
      EXPECT_TRUE(after == "new" || (after == "old" && !done)) << after << ", seed " << seed;
    }
    if (done) break;
  }
}

TEST(SimFileSystem, AFullDiskHitsTheNextWriteAndAShortWriteLeavesAPart) {
  SimFileSystem files;
  auto file = open_new(files, "log");

  files.fail_call(1, Fault::kDiskFull);
  ASSERT_TRUE(files.exists("log").ok());
  EXPECT_EQ(file->append("abcd").error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(file->size(), 0U);
  EXPECT_TRUE(file->append("abcd").ok());

  files.fail_from(1, Fault::kShortWrite);
  EXPECT_FALSE(file->append("efgh").ok());
  EXPECT_FALSE(file->append("ijkl").ok());
  EXPECT_EQ(files.read_all("log").value(), "abcdefij");
  files.clear_fault();
  EXPECT_TRUE(file->append("!").ok());
}

TEST(SimFileSystem, AFullDiskTakesNoNewDirectoryAndDoesNotMissOneThatIsThere) {
  SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/data/topic-0").ok());
  files.fail_from(1, Fault::kDiskFull);
  EXPECT_TRUE(files.create_directories("/data/topic-0").ok());
  EXPECT_FALSE(files.create_directories("/data/topic-1").ok());
}

TEST(SimFileSystem, BytesOfAFailedSyncAreNotBroughtBackByALaterOne) {
  SimFileSystem files;
  auto file = open_new(files, "log");
  ASSERT_TRUE(files.sync_directory("/").ok());
  ASSERT_TRUE(file->append("gone").ok());
  files.fail_call(1, Fault::kIo);
  ASSERT_FALSE(file->sync().ok());
  ASSERT_TRUE(file->append("safe").ok());
  ASSERT_TRUE(file->sync().ok());

  EXPECT_EQ(files.crash(1)->read_all("log").value(), std::string("\0\0\0\0safe", 8));
}

TEST(SimFileSystem, ALockIsFreeAgainWhenItsHolderIsGoneAndAfterACrash) {
  SimFileSystem files;
  auto held = files.lock("lock");
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(files.lock("lock").error().code, ErrorCode::kLocked);
  EXPECT_TRUE(files.crash(3)->lock("lock").ok());

  held.value().reset();
  EXPECT_TRUE(files.lock("lock").ok());
}

TEST(SimFileSystem, AnOpenFileOutlivesItsNameAndItsFileSystem) {
  auto files = std::make_unique<SimFileSystem>();
  auto file = open_new(*files, "log");
  ASSERT_TRUE(file->append("still here").ok());
  ASSERT_TRUE(files->remove("log").ok());
  files.reset();

  std::string into(5, ' ');
  EXPECT_EQ(file->read_at(0, into).value(), 5U);
  EXPECT_EQ(into, "still");
}

TEST(SimFileSystem, AFileIsAsOldAsItsLastChange) {
  SimClock clock;
  SimFileSystem files(&clock);
  auto file = files.open("/a", io::OpenMode::kCreateOrReadWrite).value();
  const Timestamp made = clock.wall();
  clock.advance(Millis{10});
  EXPECT_EQ(files.modified_at("/a").value(), made);
  ASSERT_TRUE(file->append("x").ok());
  EXPECT_EQ(files.modified_at("/a").value(), clock.wall());
  EXPECT_EQ(files.modified_at("/b").error().code, ErrorCode::kNotFound);

  SimFileSystem undated;
  ASSERT_TRUE(open_new(undated, "/a") != nullptr);
  EXPECT_EQ(undated.modified_at("/a").value(), kNoTimestamp);
}

TEST(SimFileSystem, RenamesWithinAndAcrossDirectories) {
  SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/a/b").ok());
  ASSERT_TRUE(files.create_directories("/c").ok());
  (void)open_new(files, "/a/b/one");
  ASSERT_TRUE(files.rename("/a/b", "/a/deleted").ok());
  ASSERT_TRUE(files.rename("/a/deleted/one", "/c/two").ok());

  EXPECT_TRUE(files.exists("/c/two").value());
  EXPECT_FALSE(files.exists("/a/deleted/one").value());
  EXPECT_EQ(files.rename("/nothing", "/c/x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files.remove_all("/a").ok());
  EXPECT_EQ(files.list("/").value().size(), 1U);
}

}  // namespace
}  // namespace millrace::sim
