#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/testing/memory_console.h"

namespace millrace::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

/// tool paint COLOUR --size N --style plain|bold
class CommandTreeTest : public testing::Test {
 protected:
  CommandTreeTest() {
    Command paint = tree.root().add_command("paint", "Paint something", "tool paint red");
    paint.argument("COLOUR", colour, "What colour");
    paint.option("-s,--size", size, "How large", 1, 9);
    paint.choice("--style", style, {"plain", "bold"}, "How it looks");
    paint.option("-t,--tag", tags, "May be repeated");
    paint.flag("--wet", wet, "Not dried");
    paint.action([this](Console&) {
      painted = true;
      return ExitCode::kDone;
    });
  }

  ExitCode run(const std::vector<std::string>& arguments) {
    return tree.run(arguments, memory.console());
  }

  CommandTree tree{"tool", "Does things", "1.2.3"};
  MemoryConsole memory;
  std::string colour;
  std::int64_t size = 3;
  std::string style = "plain";
  std::vector<std::string> tags;
  bool wet = false;
  bool painted = false;
};

TEST_F(CommandTreeTest, FillsVariablesAndRunsTheAction) {
  EXPECT_EQ(run({"paint", "red", "--size", "7", "--style=bold", "-t", "a", "-t", "b", "--wet"}),
            ExitCode::kDone);

  EXPECT_TRUE(painted);
  EXPECT_EQ(colour, "red");
  EXPECT_EQ(size, 7);
  EXPECT_EQ(style, "bold");
  EXPECT_THAT(tags, ElementsAre("a", "b"));
  EXPECT_TRUE(wet);
}

TEST_F(CommandTreeTest, HelpShowsPurposeDefaultsAndExample) {
  EXPECT_EQ(run({"paint", "--help"}), ExitCode::kDone);

  EXPECT_THAT(memory.out(), HasSubstr("Paint something"));
  EXPECT_THAT(memory.out(), HasSubstr("NUMBER 1-9=3"));
  EXPECT_THAT(memory.out(), HasSubstr("plain|bold=plain"));
  EXPECT_THAT(memory.out(), HasSubstr("tool paint red"));
  EXPECT_FALSE(painted);
}

TEST_F(CommandTreeTest, HelpExplainsBeforeTheExampleAndGivesThatOnce) {
  Command mix = tree.root().add_command("mix", "Mix colours", "tool mix");
  mix.explain([] { return "Colours:\n  red\n"; });

  EXPECT_EQ(run({"mix", "--help"}), ExitCode::kDone);

  EXPECT_THAT(memory.out(), EndsWith("Colours:\n  red\n\nExample:\n  tool mix\n"));
  EXPECT_EQ(memory.out().find("Example:"), memory.out().rfind("Example:"));
}

TEST_F(CommandTreeTest, SaysItsVersion) {
  EXPECT_EQ(run({"--version"}), ExitCode::kDone);
  EXPECT_EQ(memory.out(), "tool 1.2.3\n");
}

struct Misuse {
  std::vector<std::string> arguments;
  std::string complaint;
};

TEST_F(CommandTreeTest, WrongUsageSaysWhatWasWantedAndWhereToLook) {
  const std::vector<Misuse> cases{
      {{}, "tool: wanted a command: paint\n"},
      {{"print"}, "no command \"print\": did you mean paint?"},
      {{"paint"}, "COLOUR is required"},
      {{"paint", "red", "blue"}, "wanted no further word, found \"blue\""},
      {{"paint", "red", "--size"}, "wanted a value behind --size, found none"},
      {{"paint", "red", "--size", "10"}, "wanted 1 to 9, found 10"},
      {{"paint", "red", "--size", "big"}, "wanted a whole number, found \"big\""},
      {{"paint", "red", "--style", "loud"}, "wanted one of plain, bold, found \"loud\""},
      {{"paint", "red", "--colour"}, "no option --colour\n"},
      {{"paint", "red", "--stile=bold"}, "no option --stile: did you mean --style?"},
      {{"paint", "red", "--sise", "3"}, "no option --sise: did you mean --size?"},
  };
  for (const auto& [arguments, complaint] : cases) {
    MemoryConsole own;
    EXPECT_EQ(tree.run(arguments, own.console()), ExitCode::kWrongUsage);
    EXPECT_THAT(own.err(), HasSubstr(complaint));
    EXPECT_THAT(own.err(), HasSubstr("--help"));
  }
  EXPECT_FALSE(painted);
}

TEST_F(CommandTreeTest, KnowsItsWordsForCompletion) {
  const auto nodes = tree.words();

  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].path, "tool");
  EXPECT_THAT(nodes[0].words, Contains("paint"));
  EXPECT_EQ(nodes[1].path, "tool paint");
  EXPECT_THAT(nodes[1].words, Contains("--style"));
  EXPECT_THAT(nodes[1].choices, ElementsAre("--style plain bold"));
}

}  // namespace
}  // namespace millrace::cli
