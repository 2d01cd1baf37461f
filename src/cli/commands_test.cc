// The whole command tree, as the binary builds it.
#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/testing/memory_console.h"

namespace millrace::cli {
namespace {

using testing::HasSubstr;

TEST(Commands, EveryCommandIsDeclaredAndExplainsItself) {
  const auto env = io::make_system_env();
  for (const std::vector<std::string>& path :
       std::vector<std::vector<std::string>>{{"up"},
                                             {"demo"},
                                             {"topic", "create"},
                                             {"topic", "delete-records"},
                                             {"produce"},
                                             {"consume"},
                                             {"group", "describe"},
                                             {"cluster"}}) {
    std::vector<std::string> arguments = path;
    arguments.emplace_back("--help");
    MemoryConsole console;
    EXPECT_EQ(run_command_line(arguments, console.console(), *env), ExitCode::kDone) << path.back();
    EXPECT_THAT(console.out(), HasSubstr(path.back()));
  }
}

}  // namespace
}  // namespace millrace::cli
