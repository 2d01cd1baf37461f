// What an error says beside its name: on the wire the code stands in a field of its own.
#pragma once

#include <string>
#include <string_view>

#include "wire/error_codes.h"

namespace millrace::wire {

/// The message of `error` without the "NAME: " that make_error put before it.
inline std::string bare_text(const Error& error) {
  std::string_view text = error.message;
  const std::string_view name = kafka_error_name(kafka_error_of(error));
  if (error.code != ErrorCode::kKafka || !text.starts_with(name)) return error.message;
  text.remove_prefix(name.size());
  if (text.starts_with(": ")) text.remove_prefix(2);
  return std::string(text);
}

}  // namespace millrace::wire
