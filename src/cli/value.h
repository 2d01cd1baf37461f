// Value: what a listing shows, before it is decided how: numbers, text, lists and objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace millrace::cli {

struct Field;

/// A tree of plain data. Objects keep the order of their fields.
class Value {
 public:
  using List = std::vector<Value>;
  using Object = std::vector<Field>;

  Value() = default;                                            // null
  Value(bool value) : data_(value) {}                           // NOLINT: implicit on purpose
  Value(std::int32_t value) : data_(std::int64_t{value}) {}     // NOLINT
  Value(std::int64_t value) : data_(value) {}                   // NOLINT
  Value(std::string value) : data_(std::move(value)) {}         // NOLINT
  Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT
  Value(const char* value) : data_(std::string(value)) {}       // NOLINT
  Value(List value) : data_(std::move(value)) {}                // NOLINT
  Value(Object value);                                          // NOLINT
  /// Null when there is nothing.
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value()) {}  // NOLINT

  const auto& data() const { return data_; }
  const List* list() const { return std::get_if<List>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, List, Object> data_;
};

/// Whether a field is worth a column on a narrow terminal.
enum class Detail { kAlways, kWide };

struct Field {
  std::string name;  // snake_case; a column's heading is made from it
  Value value;
  Detail detail = Detail::kAlways;  // kWide: shown as text only by --format wide
};

inline Value::Value(Object value) : data_(std::move(value)) {}

enum class Format { kText, kWide, kJson, kYaml };
/// text, wide, json, yaml.
const std::vector<std::string>& format_names();
/// name  one of format_names()
Format format_named(std::string_view name);

/// The value in that format, ending in a line end. As text, a list of objects is a table, and an
/// object is its fields line by line, then its lists as tables.
std::string render(const Value& value, Format format);

/// On one line, without a line end.
std::string to_json_line(const Value& value);

}  // namespace millrace::cli
