// Subscription: what a member of a group wants to read, topics by name or by pattern.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/subscription_pattern.h"

namespace millrace::client {

/// One of both, or nothing.
struct Subscription {
  std::vector<std::string> topics = {};
  std::optional<SubscriptionPattern> pattern = {};

  bool is_empty() const { return topics.empty() && !pattern; }
  bool operator==(const Subscription&) const = default;
};

}  // namespace millrace::client
