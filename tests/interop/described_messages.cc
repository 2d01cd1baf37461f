#include "tests/interop/described_messages.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "wire/every_message.h"
#include "wire/field_types.h"
#include "wire/json_dumper.h"

namespace millrace::wire {
namespace {

template <class T>
std::string type_name(const Field& field) {
  if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_same_v<T, double>) {
    return "float64";
  } else if constexpr (ScalarField<T>) {
    return fmt::format("{}int{}", std::is_signed_v<T> ? "" : "u", 8 * sizeof(T));
  } else if constexpr (StringField<T>) {
    return field.is_bytes ? "bytes" : "string";
  } else if constexpr (UuidField<T>) {
    return "uuid";
  } else if constexpr (RecordsField<T>) {
    return "records";
  } else if constexpr (OptionalField<T>) {
    return type_name<typename T::value_type>(field);
  } else if constexpr (VectorField<T>) {
    return "[]" + type_name<typename T::value_type>(field);
  } else {
    return "struct";
  }
}

/// The default as JSON. A list or a structure only says whether it is there.
template <class T>
std::string default_text(const T& value) {
  std::string out;
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, double>) {
    append_json_number(value, out);
  } else if constexpr (ScalarField<T>) {
    append_json_number(static_cast<std::int64_t>(value), out);
  } else if constexpr (StringField<T>) {
    append_json_string(value, out);
  } else if constexpr (OptionalField<T>) {
    return value.has_value() ? default_text(*value) : "null";
  } else if constexpr (RecordsField<T>) {
    return value.is_null ? "null" : "\"\"";
  } else if constexpr (UuidField<T>) {
    return value == T{} ? "0" : "1";
  } else if constexpr (VectorField<T>) {
    return value.empty() ? "[]" : "[0]";
  } else {
    return value == T{} ? "{}" : "{\"other\":0}";
  }
  return out;
}

template <class S>
std::string described_fields();

template <class T>
std::string described_structure() {
  if constexpr (OptionalField<T> || VectorField<T>) {
    return described_structure<typename T::value_type>();
  } else if constexpr (StructField<T>) {
    return described_fields<T>();
  } else {
    return "[]";
  }
}

template <class S>
std::string described_fields() {
  std::string out = "[";
  S::fields([&](auto member, const Field& field) {
    using T = std::remove_cvref_t<decltype(std::declval<S>().*member)>;
    if (out.size() > 1) out += ',';
    out += fmt::format(
        R"({{"name":"{}","type":"{}","first":{},"last":{},"null_first":{},"null_last":{},)"
        R"("tag":{},"ignorable":{},"default":{},"fields":{}}})",
        field.name, type_name<T>(field), field.versions.min, field.versions.max,
        field.null_versions.min, field.null_versions.max, field.tag, field.is_ignorable,
        default_text(default_of<S>().*member), described_structure<T>());
  });
  return out + "]";
}

template <class M>
int api_key_of() {
  if constexpr (requires { M::kApiKey; }) {
    return static_cast<int>(M::kApiKey);
  } else {
    return -1;
  }
}

}  // namespace

std::string described_messages() {
  std::string out = "[";
  for_each_message([&](auto type) {
    using M = typename decltype(type)::type;
    if (out.size() > 1) out += ',';
    out += fmt::format(
        R"({{"name":"{}","api_key":{},"min":{},"max":{},"flexible_since":{},"fields":{}}})",
        M::kName, api_key_of<M>(), M::kVersions.min, M::kVersions.max, M::kFlexibleSince,
        described_fields<M>());
  });
  return out + "]";
}

}  // namespace millrace::wire
