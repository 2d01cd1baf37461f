// JSON that somebody wrote, as a Value.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cli/value.h"

namespace millrace::cli {

/// Objects keep the order of their fields. Numbers are whole ones of 64 bits.
/// errors  kInvalidArgument with what is wrong and where, for a number with a fraction too
Result<Value> parse_json(std::string_view text);

/// The field of an object; null when there is none, or `object` is no object.
const Value* field_of(const Value& object, std::string_view name);

}  // namespace millrace::cli
