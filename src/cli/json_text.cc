#include "cli/json_text.h"

#include <fmt/format.h>

#include <boost/json/src.hpp>
#include <string>
#include <utility>

namespace millrace::cli {
namespace {

Result<Value> value_of(const boost::json::value& json);

Result<Value> list_of(const boost::json::array& array) {
  Value::List list;
  for (const boost::json::value& each : array) {
    auto element = value_of(each);
    if (!element.ok()) return element;
    list.push_back(std::move(element).value());
  }
  return Value(std::move(list));
}

Result<Value> object_of(const boost::json::object& json) {
  Value::Object object;
  for (const auto& [name, each] : json) {
    auto value = value_of(each);
    if (!value.ok()) return value;
    object.push_back({std::string(name), std::move(value).value()});
  }
  return Value(std::move(object));
}

Result<Value> value_of(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return Value();
    case boost::json::kind::bool_:
      return Value(json.get_bool());
    case boost::json::kind::int64:
      return Value(std::int64_t{json.get_int64()});
    case boost::json::kind::string:
      return Value(std::string(json.get_string()));
    case boost::json::kind::array:
      return list_of(json.get_array());
    case boost::json::kind::object:
      return object_of(json.get_object());
    default:
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("wanted a whole number of 64 bits, found {}", boost::json::serialize(json))};
  }
}

}  // namespace

Result<Value> parse_json(std::string_view text) {
  boost::json::stream_parser parser;
  boost::json::error_code failure;
  const std::size_t read = parser.write_some(text.data(), text.size(), failure);
  if (!failure) parser.finish(failure);
  const bool is_whole = text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
  if (failure || !is_whole) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted JSON, found {} at byte {}",
                             failure ? failure.message() : "more than one value", read)};
  }
  return value_of(parser.release());
}

const Value* field_of(const Value& object, std::string_view name) {
  const Value::Object* const fields = object.object();
  if (fields == nullptr) return nullptr;
  for (const Field& each : *fields) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

}  // namespace millrace::cli
