// A message as JSON, for logs and for people. Part of wire/codec.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "wire/field.h"
#include "wire/field_types.h"

namespace millrace::wire {

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become \u00XX, so that the result
/// always is.
void append_json_string(std::string_view text, std::string& out);
/// Appends `bytes` as a JSON string of hexadecimal digits.
void append_json_hex(std::string_view bytes, std::string& out);
void append_json_number(std::int64_t value, std::string& out);
void append_json_number(double value, std::string& out);

class JsonDumper {
 public:
  JsonDumper(std::string& out, std::int16_t version) : out_(out), version_(version) {}

  template <StructField S>
  void structure(const S& message) {
    out_ += '{';
    bool first = true;
    S::fields([&](auto member, const Field& field) {
      if (!field.versions.contains(version_)) return;
      if (!first) out_ += ',';
      first = false;
      append_json_string(field.name, out_);
      out_ += ':';
      value(message.*member, field);
    });
    out_ += '}';
  }

 private:
  template <class T>
  void value(const T& value, const Field& field) {
    if constexpr (std::is_same_v<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::is_same_v<T, double>) {
      append_json_number(value, out_);
    } else if constexpr (ScalarField<T>) {
      append_json_number(static_cast<std::int64_t>(value), out_);
    } else if constexpr (StringField<T>) {
      field.is_bytes ? append_json_hex(value, out_) : append_json_string(value, out_);
    } else if constexpr (UuidField<T>) {
      append_json_string(value.to_base64(), out_);
    } else if constexpr (RecordsField<T>) {
      if (value.is_null) {
        out_ += "null";
      } else {
        out_ += "{\"size_bytes\":";
        append_json_number(static_cast<std::int64_t>(value.size_bytes()), out_);
        out_ += '}';
      }
    } else if constexpr (OptionalField<T>) {
      if (value.has_value()) {
        this->value(*value, field);
      } else {
        out_ += "null";
      }
    } else if constexpr (VectorField<T>) {
      out_ += '[';
      bool first = true;
      for (const auto& element : value) {
        if (!first) out_ += ',';
        first = false;
        this->value(element, field);
      }
      out_ += ']';
    } else {
      structure(value);
    }
  }

  std::string& out_;
  std::int16_t version_;
};

}  // namespace millrace::wire
