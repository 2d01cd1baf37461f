// SubscriptionPattern: topics by a regular expression, those that come later included.
#pragma once

#include <string>
#include <utility>

namespace millrace::client {

/// In RE2's syntax; a topic belongs when its whole name matches. With group.protocol=consumer the
/// brokers match, at their pace; else this client does, whenever its metadata is refreshed.
class SubscriptionPattern {
 public:
  static SubscriptionPattern of(std::string text) { return {Made::kOfText, std::move(text)}; }

  const std::string& text() const { return text_; }
  bool operator==(const SubscriptionPattern&) const = default;

 private:
  // So that subscribe({"topic"}) means a list of names.
  enum class Made { kOfText };
  SubscriptionPattern(Made, std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace millrace::client
