// Whether a text may be the value of a property. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "broker/properties.h"

namespace millrace::broker {

/// errors  kInvalidArgument with what was wanted and found
Status check_property_value(const Property& property, std::string_view value);

/// Whether `word` stands in a list of words between separators; blanks around a word do not count.
bool has_word(std::string_view list, char separator, std::string_view word);

}  // namespace millrace::broker
