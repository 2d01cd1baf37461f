#include "broker/ephemeral_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sim/sim_env.h"

namespace millrace::broker {
namespace {

class EphemeralDirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<EphemeralDirectory> make() {
    auto made = EphemeralDirectory::make(env_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }

  /// A folder as a broker that was killed leaves it, beside those that live.
  std::string leave(const std::string& name, bool is_marked) {
    const std::string here = make()->path();
    const std::string folder = here.substr(0, here.rfind('/')) + "/" + name;
    EXPECT_TRUE(files().create_directories(folder + "/topic-0").ok());
    EXPECT_TRUE(files().replace_atomically(folder + "/topic-0/0.log", "records").ok());
    if (is_marked) {
      EXPECT_TRUE(files().replace_atomically(folder + "/.ephemeral-owner", "12345\n").ok());
    }
    return folder;
  }

  bool exists(const std::string& path) { return files().exists(path).value(); }
  io::FileSystem& files() { return env_.files(); }

 private:
  sim::SimWorld world_{1};
  sim::SimEnv& env_ = world_.host("broker");
};

TEST_F(EphemeralDirectoryTest, GoesWithItsOwner) {
  auto directory = make();
  const std::string path = directory->path();
  EXPECT_TRUE(files().replace_atomically(path + "/meta.properties", "x").ok());
  EXPECT_TRUE(exists(path));

  directory.reset();

  EXPECT_FALSE(exists(path));
}

TEST_F(EphemeralDirectoryTest, MayBeRemovedBeforeItsOwnerGoes) {
  const auto directory = make();

  EXPECT_TRUE(directory->remove().ok());

  EXPECT_FALSE(exists(directory->path()));
  EXPECT_TRUE(directory->remove().ok());
}

TEST_F(EphemeralDirectoryTest, TheNextOneRemovesWhatADeadOwnerLeft) {
  const std::string orphan = leave("millrace-ephemeral-AAAAAAAAAAAAAAAAAAAAAA", true);
  ASSERT_TRUE(exists(orphan + "/topic-0/0.log"));

  const auto next = make();

  EXPECT_FALSE(exists(orphan));
}

TEST_F(EphemeralDirectoryTest, TheNextOneLeavesAloneWhatLivesAndWhatIsNotOfItsKind) {
  const std::string unmarked = leave("millrace-ephemeral-BBBBBBBBBBBBBBBBBBBBBB", false);
  const std::string of_a_user = leave("millrace-data", true);
  const auto living = make();
  EXPECT_TRUE(files().replace_atomically(living->path() + "/meta.properties", "x").ok());

  const auto next = make();

  EXPECT_NE(next->path(), living->path());
  EXPECT_TRUE(exists(living->path() + "/meta.properties"));
  EXPECT_TRUE(exists(unmarked + "/topic-0/0.log"));
  EXPECT_TRUE(exists(of_a_user + "/topic-0/0.log"));
}

}  // namespace
}  // namespace millrace::broker
