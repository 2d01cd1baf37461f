#include "cli/value.h"

#include <gtest/gtest.h>

#include "cli/render.h"

namespace millrace::cli {
namespace {

Value two_topics() {
  return Value::List{
      Value::Object{{"name", "clicks"}, {"partition_count", 4}, {"id", "abc", Detail::kWide}},
      Value::Object{{"name", "größe"}, {"partition_count", 12}, {"id", Value(), Detail::kWide}}};
}

TEST(Value, AListOfObjectsIsATableAsText) {
  EXPECT_EQ(render(two_topics(), Format::kText),
            "NAME    PARTITION-COUNT\n"
            "clicks                4\n"
            "größe                12\n");
}

TEST(Value, WideShowsEveryColumn) {
  EXPECT_EQ(render(two_topics(), Format::kWide),
            "NAME    PARTITION-COUNT  ID\n"
            "clicks                4  abc\n"
            "größe                12  -\n");
}

TEST(Value, JsonHasEveryFieldWhateverTheWidth) {
  EXPECT_EQ(render(Value::List{two_topics().list()->front()}, Format::kJson),
            "[\n  {\n    \"name\": \"clicks\",\n    \"partition_count\": 4,\n"
            "    \"id\": \"abc\"\n  }\n]\n");
  EXPECT_EQ(to_json_line(two_topics()), R"([{"name":"clicks","partition_count":4,"id":"abc"},)"
                                        R"({"name":"größe","partition_count":12,"id":null}])");
}

TEST(Value, YamlQuotesWhatWouldReadAsSomethingElse) {
  const Value value = Value::Object{{"plain", "clicks.v1"},
                                    {"number_like", "12"},
                                    {"word", "yes"},
                                    {"spaced", "a: b"},
                                    {"empty", ""},
                                    {"nothing", Value()},
                                    {"flag", true},
                                    {"none", Value::List{}},
                                    {"numbers", Value::List{1, 2}},
                                    {"rows", Value::List{Value::Object{{"a", 1}, {"b", 2}}}}};

  EXPECT_EQ(render(value, Format::kYaml),
            "plain: clicks.v1\n"
            "number_like: \"12\"\n"
            "word: \"yes\"\n"
            "spaced: \"a: b\"\n"
            "empty: \"\"\n"
            "nothing: null\n"
            "flag: true\n"
            "none: []\n"
            "numbers:\n"
            "  - 1\n"
            "  - 2\n"
            "rows:\n"
            "  - a: 1\n"
            "    b: 2\n");
}

TEST(Value, AnObjectIsLinesThenTables) {
  const Value value =
      Value::Object{{"name", "clicks"},
                    {"replicas", Value::List{1, 2}},
                    {"partitions", Value::List{Value::Object{{"partition", 0}, {"end", 7}}}}};

  EXPECT_EQ(render(value, Format::kText),
            "NAME      clicks\n"
            "REPLICAS  1,2\n"
            "\n"
            "PARTITION  END\n"
            "        0    7\n");
}

TEST(Value, AnEmptyListIsNothingAsTextAndAnEmptyListAsData) {
  EXPECT_EQ(render(Value::List{}, Format::kText), "");
  EXPECT_EQ(render(Value::List{}, Format::kJson), "[]\n");
  EXPECT_EQ(render(Value::List{}, Format::kYaml), "[]\n");
}

TEST(Value, JsonEscapesControlCharactersAndReplacesBytesThatAreNoText) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\t\x01"), R"("a\"b\\c\n\t\u0001")");
  EXPECT_EQ(json_quoted("caf\xe9"), "\"caf\xef\xbf\xbd\"");
}

TEST(Value, NoFormatLetsAControlCharacterOfANameThrough) {
  const Value value = Value::List{
      Value::Object{{"name", "evil\x1b[31m\nred\x7f\xc2\x9b"}, {"größe", Value::List{"\a"}}}};

  EXPECT_EQ(render(value, Format::kText),
            "NAME                         GRößE\n"
            "evil\\x1b[31m\\nred\\x7f\\u009b  \\x07\n");
  EXPECT_EQ(to_json_line(value),
            R"([{"name":"evil\u001b[31m\nred\u007f\u009b","größe":["\u0007"]}])");
  EXPECT_EQ(render(value, Format::kYaml),
            "- name: \"evil\\u001b[31m\\nred\\u007f\\u009b\"\n"
            "  \"größe\":\n"
            "    - \"\\u0007\"\n");
}

}  // namespace
}  // namespace millrace::cli
