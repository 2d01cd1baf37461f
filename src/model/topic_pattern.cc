#include "model/topic_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <utility>

namespace millrace {
namespace {

re2::StringPiece piece_of(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

TopicPattern::TopicPattern(std::shared_ptr<const re2::RE2> expression)
    : expression_(std::move(expression)) {}

Result<TopicPattern> TopicPattern::compile(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto expression = std::make_shared<const re2::RE2>(piece_of(text), options);
  if (!expression->ok()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted a regular expression in RE2's syntax, found \"{}\": {}", text,
                             expression->error())};
  }
  return TopicPattern(std::move(expression));
}

bool TopicPattern::matches(std::string_view topic) const {
  return re2::RE2::FullMatch(piece_of(topic), *expression_);
}

std::string_view TopicPattern::text() const {
  return expression_->pattern();
}

}  // namespace millrace
