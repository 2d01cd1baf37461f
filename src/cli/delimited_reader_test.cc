#include "cli/delimited_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace millrace::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> read(const std::string& text, const std::string& delimiter) {
  std::vector<char> bytes(text.begin(), text.end());
  bytes.push_back('\0');  // fmemopen() takes no empty buffer
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      fmemopen(bytes.data(), bytes.size(), "r"), &std::fclose);
  // The byte that was added is not of the text.
  std::vector<std::string> found;
  DelimitedReader reader(file.get(), delimiter);
  while (const auto each = reader.next()) found.emplace_back(*each);
  if (!found.empty() && found.back().ends_with('\0')) found.back().pop_back();
  if (!found.empty() && found.back().empty()) found.pop_back();
  return found;
}

TEST(DelimitedReader, GivesWhatStandsBetween) {
  EXPECT_THAT(read("", "\n"), IsEmpty());
  EXPECT_THAT(read("a\n\nb\n", "\n"), ElementsAre("a", "", "b"));
  EXPECT_THAT(read("a;b\nc", ";"), ElementsAre("a", "b\nc"));
}

TEST(DelimitedReader, TakesDelimitersOfSeveralBytes) {
  EXPECT_THAT(read("a--b-c---d", "--"), ElementsAre("a", "b-c", "-d"));
  EXPECT_THAT(read("one\r\ntwo\nthree\r\n", "\r\n"), ElementsAre("one", "two\nthree"));
  EXPECT_THAT(read("ab", "abc"), ElementsAre("ab"));
}

}  // namespace
}  // namespace millrace::cli
