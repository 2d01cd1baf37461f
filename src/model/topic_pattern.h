// TopicPattern: topics by a regular expression, as consumers subscribe to them.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace millrace {

/// In RE2's syntax, which Kafka's RE2/J shares: matching takes time linear in the name, whatever
/// the expression is. A value; copies share what was compiled.
/// thread  any
class TopicPattern {
 public:
  /// errors  kInvalidArgument when `text` is no regular expression, saying why
  static Result<TopicPattern> compile(std::string_view text);

  /// Whether the whole name matches.
  bool matches(std::string_view topic) const;
  std::string_view text() const;

 private:
  explicit TopicPattern(std::shared_ptr<const re2::RE2> expression);

  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace millrace
