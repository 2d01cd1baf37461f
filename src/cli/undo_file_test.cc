#include "cli/undo_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

using testing::HasSubstr;

const Undo kUndo{
    "billing \"1\"",
    {{{"clicks", PartitionId{0}}, OffsetAndMetadata{Offset{12}, LeaderEpoch{3}, "by hand\n"}},
     {{"clicks", PartitionId{1}}, OffsetAndMetadata{Offset{0}}},
     {{"views", PartitionId{7}}, std::nullopt}}};

TEST(UndoFile, GivesBackWhatWasWritten) {
  const auto read = parse_undo_text(to_undo_text(kUndo));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read, kUndo);
}

TEST(UndoFile, SaysWhatIsWrongWithAnother) {
  const auto refusal = [](std::string_view text) {
    const auto read = parse_undo_text(text);
    return read.ok() ? "nothing" : read.error().message;
  };
  EXPECT_THAT(refusal(""), HasSubstr("wanted JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("\"group\" and \"offsets\""));
  EXPECT_THAT(refusal(R"({"group": "", "offsets": []})"), HasSubstr("\"group\""));
  EXPECT_THAT(refusal(R"({"group": "g", "offsets": [{"topic": "t"}]})"), HasSubstr("a partition"));
  EXPECT_THAT(refusal(R"({"group": "g", "offsets": [{"topic": "t", "partition": 2147483648}]})"),
              HasSubstr("a partition"));
  EXPECT_THAT(refusal(R"({"group": "g", "offsets": [{"topic": "t", "partition": 0}]})"),
              HasSubstr("a number or null"));
  EXPECT_THAT(
      refusal(R"({"group": "g", "offsets": [{"topic": "t", "partition": 0, "offset": -1}]})"),
      HasSubstr("an offset from 0"));
  EXPECT_THAT(
      refusal(R"({"group": "g", "offsets": [{"topic": "t", "partition": 0, "offset": 1.5}]})"),
      HasSubstr("a whole number"));
}

TEST(UndoFile, IsNamedByGroupAndTimeAndIsInThisFolder) {
  EXPECT_EQ(undo_file_name("../a b", Timestamp{1'764'583'503'000}),
            "___a_b-2025-12-01T10-05-03.undo.json");
}

}  // namespace
}  // namespace millrace::cli
