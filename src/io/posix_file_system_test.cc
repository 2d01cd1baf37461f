#include "io/posix_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "io/system_error.h"

namespace millrace::io {
namespace {

using ::testing::HasSubstr;

class PosixFileSystemTest : public ::testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string name = std::filesystem::temp_directory_path() / "millrace_io_XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST_F(PosixFileSystemTest, ReadsBackWhatWasWrittenAndKnowsTheSize) {
  auto file = files_->open(path("log"), OpenMode::kCreateOrReadWrite).value();
  ASSERT_TRUE(file->append("hello world").ok());
  ASSERT_TRUE(file->write_at(6, "there").ok());
  ASSERT_TRUE(file->sync().ok());

  std::string into(20, ' ');
  EXPECT_EQ(file->read_at(6, into).value(), 5U);
  EXPECT_EQ(into.substr(0, 5), "there");
  EXPECT_EQ(file->read_at(100, into).value(), 0U);
  EXPECT_EQ(file->size(), 11U);
  ASSERT_TRUE(file->truncate(5).ok());
  EXPECT_EQ(files_->read_all(path("log")).value(), "hello");
  EXPECT_GE(file->native_handle(), 0);
}

TEST_F(PosixFileSystemTest, ReadsAPipeToItsEnd) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string text(100'000, 'x');
  std::thread writer([&] { std::ofstream(path("pipe")) << text << std::flush << "the end"; });

  EXPECT_EQ(files_->read_all(path("pipe")).value(), text + "the end");
  writer.join();
}

TEST_F(PosixFileSystemTest, AppendsContinueAfterReopening) {
  ASSERT_TRUE(files_->open(path("log"), OpenMode::kCreateOrReadWrite).value()->append("ab").ok());
  ASSERT_TRUE(files_->open(path("log"), OpenMode::kReadWrite).value()->append("cd").ok());

  EXPECT_EQ(files_->read_all(path("log")).value(), "abcd");
}

TEST_F(PosixFileSystemTest, GivesBackTheRoomThatALongFileReservedAhead) {
  const std::string part(1024 * 1024, 'x');
  auto file = files_->open(path("log"), OpenMode::kCreateOrReadWrite).value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(file->append(part).ok());
  EXPECT_EQ(file->size(), 5 * part.size());
  EXPECT_EQ(std::filesystem::file_size(path("log")), 5 * part.size());

  file.reset();

  struct stat about {};
  ASSERT_EQ(::stat(path("log").c_str(), &about), 0);
  EXPECT_EQ(static_cast<std::size_t>(about.st_size), 5 * part.size());
  constexpr std::int64_t kBlockBytes = 512;  // what st_blocks counts, whatever the file system
  EXPECT_LT(about.st_blocks * kBlockBytes, static_cast<std::int64_t>(6 * part.size()));
}

TEST_F(PosixFileSystemTest, AFileThatGrewElsewhereIsNotCutWhenItCloses) {
  const std::string part(5 * 1024 * 1024, 'x');
  auto file = files_->open(path("log"), OpenMode::kCreateOrReadWrite).value();
  ASSERT_TRUE(file->append(part).ok());
  ASSERT_TRUE(file->append("a").ok());
  ASSERT_TRUE(files_->open(path("log"), OpenMode::kReadWrite).value()->append("b").ok());

  file.reset();

  EXPECT_EQ(files_->read_all(path("log")).value(), part + "ab");
}

TEST_F(PosixFileSystemTest, SaysWhatIsMissingAndWhatIsADirectory) {
  const auto missing = files_->open(path("nothing"), OpenMode::kReadWrite);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr(path("nothing")));
  EXPECT_EQ(files_->list(path("nothing")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_->open(directory_, OpenMode::kRead).error().detail, EISDIR);
  EXPECT_FALSE(files_->exists(path("nothing")).value());
}

TEST_F(PosixFileSystemTest, NamesThePathThatMayNotBeTouched) {
  ASSERT_TRUE(files_->create_directories(path("closed")).ok());
  std::filesystem::permissions(path("closed"), std::filesystem::perms::none);

  // Root may touch everything, so it is nobody that tries; for others this changes nothing.
  constexpr uid_t kNobody = 65'534;
  const int before = ::setfsuid(kNobody);
  const auto refused = files_->open(path("closed/log"), OpenMode::kCreateOrReadWrite);
  ::setfsuid(static_cast<uid_t>(before));

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().detail, EACCES);
  EXPECT_THAT(refused.error().message, HasSubstr(path("closed/log")));
  std::filesystem::permissions(path("closed"), std::filesystem::perms::owner_all);
}

TEST_F(PosixFileSystemTest, AFullDeviceIsDiskFull) {
  auto full = files_->open("/dev/full", OpenMode::kReadWrite);
  if (!full.ok()) GTEST_SKIP() << "no /dev/full here";

  const Status status = full.value()->append("x");

  EXPECT_EQ(status.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(status.error().message, HasSubstr("/dev/full"));
}

TEST_F(PosixFileSystemTest, AFileThatMayNotGrowIsDiskFullToo) {
  EXPECT_EQ(system_error("write", "a file", EFBIG).code, ErrorCode::kDiskFull);
}

TEST_F(PosixFileSystemTest, SaysWhichLimitOfOpenFilesToRaise) {
  EXPECT_THAT(system_error("open", "a file", EMFILE).message, HasSubstr("ulimit -n"));
  EXPECT_THAT(system_error("open", "a file", ENFILE).message, HasSubstr("fs.file-max"));
}

TEST_F(PosixFileSystemTest, TellsWhenAFileWasLastWritten) {
  const std::string name = path("dated");
  ASSERT_TRUE(files_->replace_atomically(name, "x").ok());
  std::filesystem::last_write_time(name, std::filesystem::file_time_type::clock::from_sys(
                                             std::chrono::sys_time<Millis>(Millis{1'234'567})));
  EXPECT_EQ(files_->modified_at(name).value(), Timestamp{1'234'567});
  EXPECT_EQ(files_->modified_at(path("nothing")).error().code, ErrorCode::kNotFound);
}

TEST_F(PosixFileSystemTest, ListsRenamesAndRemoves) {
  ASSERT_TRUE(files_->create_directories(path("a/b")).ok());
  ASSERT_TRUE(files_->replace_atomically(path("a/one"), "1").ok());
  ASSERT_TRUE(files_->rename(path("a/one"), path("a/two")).ok());

  const auto entries = files_->list(path("a")).value();
  ASSERT_EQ(entries.size(), 2U);
  for (const DirectoryEntry& entry : entries) {
    EXPECT_EQ(entry.kind, entry.name == "b" ? PathKind::kDirectory : PathKind::kRegularFile);
  }
  ASSERT_TRUE(files_->remove(path("a/two")).ok());
  EXPECT_EQ(files_->remove(path("a/two")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_->remove_all(path("a")).ok());
  EXPECT_FALSE(files_->exists(path("a")).value());
}

TEST_F(PosixFileSystemTest, ReplacesAtomicallyAndLeavesNoTemporary) {
  ASSERT_TRUE(files_->replace_atomically(path("checkpoint"), "old, and longer").ok());
  ASSERT_TRUE(files_->replace_atomically(path("checkpoint"), "new").ok());

  EXPECT_EQ(files_->read_all(path("checkpoint")).value(), "new");
  EXPECT_EQ(files_->list(directory_).value().size(), 1U);
}

TEST_F(PosixFileSystemTest, TellsWhatStandsAtAPathAndFollowsNoLink) {
  ASSERT_TRUE(files_->create_directories(path("directory")).ok());
  ASSERT_TRUE(files_->replace_atomically(path("file"), "x").ok());
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::filesystem::create_directory_symlink(path("directory"), path("link"));
  const std::map<std::string, PathKind> wanted{{"directory", PathKind::kDirectory},
                                               {"file", PathKind::kRegularFile},
                                               {"fifo", PathKind::kFifo},
                                               {"link", PathKind::kLink}};

  std::map<std::string, PathKind> listed;
  const auto entries = files_->list(directory_).value();
  for (const DirectoryEntry& entry : entries) listed.emplace(entry.name, entry.kind);

  EXPECT_EQ(listed, wanted);
  for (const auto& [name, kind] : wanted) {
    EXPECT_EQ(files_->look_at(path(name)).value().kind, kind) << name;
    EXPECT_TRUE(files_->look_at(path(name)).value().is_own) << name;
  }
  EXPECT_EQ(files_->look_at("/dev/null").value().kind, PathKind::kDevice);
  EXPECT_EQ(files_->look_at(path("nothing")).value().kind, PathKind::kNothing);
  EXPECT_EQ(files_->look_at(path("file/below")).value().kind, PathKind::kNothing);
}

TEST_F(PosixFileSystemTest, ReplacesNothingButARegularFile) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink(path("elsewhere"), path("link"));

  EXPECT_THAT(files_->replace_atomically(path("fifo"), "x").error().message,
              HasSubstr("wanted a regular file at " + path("fifo") + ", or nothing, found a FIFO"));
  EXPECT_THAT(files_->replace_atomically(path("link"), "x").error().message,
              HasSubstr("a symbolic link"));

  EXPECT_TRUE(std::filesystem::is_fifo(path("fifo")));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(files_->list(directory_).value().size(), 2U);
}

TEST_F(PosixFileSystemTest, WritesThroughNothingThatStandsWhereItsTemporaryGoes) {
  ASSERT_TRUE(files_->replace_atomically(path("precious"), "mine").ok());
  std::filesystem::create_symlink(path("precious"), path("checkpoint.tmp"));
  std::filesystem::create_symlink(path("made"), path("port.tmp"));
  ASSERT_EQ(::mkfifo(path("metrics.tmp").c_str(), 0600), 0);
  std::filesystem::create_hard_link(path("precious"), path("log.tmp"));

  for (const char* const name : {"checkpoint", "port", "metrics", "log"}) {
    EXPECT_TRUE(files_->replace_atomically(path(name), "new").ok()) << name;
    ASSERT_EQ(files_->look_at(path(name)).value().kind, PathKind::kRegularFile) << name;
    EXPECT_EQ(files_->read_all(path(name)).value(), "new") << name;
  }

  EXPECT_EQ(files_->read_all(path("precious")).value(), "mine");
  EXPECT_FALSE(files_->exists(path("made")).value());
}

TEST_F(PosixFileSystemTest, LeavesADirectoryWhereItsTemporaryWouldGo) {
  ASSERT_TRUE(files_->create_directories(path("checkpoint.tmp")).ok());

  EXPECT_EQ(files_->replace_atomically(path("checkpoint"), "new").error().code,
            ErrorCode::kAlreadyExists);

  EXPECT_EQ(files_->look_at(path("checkpoint.tmp")).value().kind, PathKind::kDirectory);
}

TEST_F(PosixFileSystemTest, RemovesLinksAndNotWhatTheyPointTo) {
  ASSERT_TRUE(files_->create_directories(path("kept/below")).ok());
  ASSERT_TRUE(files_->create_directories(path("gone/below")).ok());
  std::filesystem::create_directory_symlink(path("kept"), path("gone/below/inner"));
  std::filesystem::create_directory_symlink(path("kept"), path("outer"));

  ASSERT_TRUE(files_->remove_all(path("gone")).ok());
  ASSERT_TRUE(files_->remove_all(path("outer")).ok());

  EXPECT_FALSE(files_->exists(path("gone")).value());
  EXPECT_EQ(files_->look_at(path("outer")).value().kind, PathKind::kNothing);
  EXPECT_TRUE(files_->exists(path("kept/below")).value());
}

TEST_F(PosixFileSystemTest, ALockIsNotTakenThroughALink) {
  ASSERT_TRUE(files_->replace_atomically(path("precious"), "mine").ok());
  std::filesystem::create_symlink(path("precious"), path("lock"));

  EXPECT_EQ(files_->lock(path("lock")).error().code, ErrorCode::kIo);

  EXPECT_EQ(files_->read_all(path("precious")).value(), "mine");
}

TEST_F(PosixFileSystemTest, ALockNamesItsHolderAndEndsWithIt) {
  auto held = files_->lock(path("lock"));
  ASSERT_TRUE(held.ok());

  const auto second = files_->lock(path("lock"));
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));

  held.value().reset();
  EXPECT_TRUE(files_->lock(path("lock")).ok());
}

TEST_F(PosixFileSystemTest, ReplacesAFileNamedWithoutADirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  EXPECT_TRUE(files_->replace_atomically("bare", "x").ok());
  EXPECT_TRUE(files_->sync_directory("").ok());
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace millrace::io
