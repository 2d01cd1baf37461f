#include "cli/value.h"

#include <algorithm>

#include "base/check.h"
#include "cli/render.h"

namespace millrace::cli {

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> names{"text", "wide", "json", "yaml"};
  return names;
}

Format format_named(std::string_view name) {
  const auto& names = format_names();
  const auto found = std::find(names.begin(), names.end(), name);
  CHECK(found != names.end(), "format {} was not checked against format_names()", name);
  return static_cast<Format>(found - names.begin());
}

std::string render(const Value& value, Format format) {
  switch (format) {
    case Format::kText:
      return render_text(value, Detail::kAlways);
    case Format::kWide:
      return render_text(value, Detail::kWide);
    case Format::kJson:
      return render_json(value) + "\n";
    case Format::kYaml:
      return render_yaml(value);
  }
  return {};
}

}  // namespace millrace::cli
