// The whole command tree, as the binary builds it.
#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "broker/properties.h"
#include "cli/testing/memory_console.h"
#include "client/properties.h"

namespace millrace::cli {
namespace {

using testing::HasSubstr;

TEST(Commands, EveryCommandIsDeclaredAndExplainsItself) {
  const auto env = io::make_system_env();
  for (const std::vector<std::string>& path :
       std::vector<std::vector<std::string>>{{"up"},
                                             {"demo"},
                                             {"topic", "create"},
                                             {"topic", "alter"},
                                             {"topic", "add-partitions"},
                                             {"topic", "delete-records"},
                                             {"quota", "describe"},
                                             {"quota", "alter"},
                                             {"config", "describe"},
                                             {"config", "alter"},
                                             {"produce"},
                                             {"consume"},
                                             {"bench", "produce"},
                                             {"bench", "consume"},
                                             {"bench", "latency"},
                                             {"group", "describe"},
                                             {"transaction", "list"},
                                             {"transaction", "describe"},
                                             {"transaction", "describe-producers"},
                                             {"transaction", "find-hanging"},
                                             {"transaction", "abort"},
                                             {"cluster", "set-features"},
                                             {"config", "list"},
                                             {"properties", "topic"}}) {
    std::vector<std::string> arguments = path;
    arguments.emplace_back("--help");
    MemoryConsole console;
    EXPECT_EQ(run_command_line(arguments, console.console(), *env), ExitCode::kDone) << path.back();
    EXPECT_THAT(console.out(), HasSubstr(path.back()));
  }
}

std::string printed(const std::vector<std::string>& arguments) {
  const auto env = io::make_system_env();
  MemoryConsole console;
  EXPECT_EQ(run_command_line(arguments, console.console(), *env), ExitCode::kDone);
  return console.out();
}

/// The line of a help text whose first word is `word`; empty when there is none.
std::string line_of(std::string_view text, std::string_view word) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::string first;
    std::istringstream(line) >> first;
    if (first == word) return line;
  }
  return {};
}

TEST(Commands, TopicCreateNamesEveryPropertyThatItTakesAndNoOther) {
  const std::string help = printed({"topic", "create", "--help"});

  for (const auto& property : broker::topic_properties()) {
    const std::string line = line_of(help, property.name);
    if (property.effect == broker::Effect::kRefused) {
      EXPECT_EQ(line, "") << property.name;
      continue;
    }
    EXPECT_THAT(line, HasSubstr(std::string(property.default_value))) << property.name;
    EXPECT_THAT(line, HasSubstr(property.wanted())) << property.name;
  }
}

TEST(Commands, UpNamesThePropertiesThatItsOptionsSet) {
  const std::string help = printed({"up", "--help"});

  int count = 0;
  for (const auto& property : broker::broker_properties()) {
    const std::string line = line_of(help, property.name);
    EXPECT_EQ(line.empty(), property.flag.empty()) << property.name;
    if (property.flag.empty()) continue;
    ++count;
    EXPECT_THAT(line, HasSubstr(std::string(property.flag)));
    EXPECT_NE(line_of(help, property.flag), "") << "up has no option " << property.flag;
  }
  EXPECT_GT(count, 0);
}

TEST(Commands, PropertiesSaysAllThatTheCatalogueHas) {
  const std::string topics = printed({"properties", "topic"});
  for (const auto& property : broker::topic_properties()) {
    const std::string line = line_of(topics, property.name);
    EXPECT_THAT(line, HasSubstr(std::string(property.documentation)));
    EXPECT_THAT(line, HasSubstr(property.wanted()));
    EXPECT_THAT(printed({"properties", "topic", std::string(property.name)}),
                HasSubstr(std::string(property.reason)));
  }
  const std::string brokers = printed({"properties", "broker"});
  for (const auto& property : broker::broker_properties()) {
    EXPECT_THAT(line_of(brokers, property.name), HasSubstr(std::string(property.documentation)));
  }
  const std::string producers = printed({"properties", "producer"});
  for (const auto& property : client::property_definitions(client::ClientKind::kProducer)) {
    EXPECT_THAT(line_of(producers, property.name), HasSubstr(std::string(property.purpose)));
  }
}

TEST(Commands, PropertiesKnowsWhatWasProbablyMeant) {
  const auto env = io::make_system_env();
  MemoryConsole console;
  const std::vector<std::string> arguments{"properties", "topic", "retention_ms"};
  EXPECT_EQ(run_command_line(arguments, console.console(), *env), ExitCode::kWrongUsage);
  EXPECT_EQ(console.err(), "millrace: no property \"retention_ms\": did you mean retention.ms?\n");
}

}  // namespace
}  // namespace millrace::cli
